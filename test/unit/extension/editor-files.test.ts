/** Grammar, snippets and indentation know the language as the parser does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { check } from '../../../emulator/language/check/check';
import { parse } from '../../../emulator/language/syntax/parser';
import { inRepository } from '../../support/repository';
import { NATIVES } from '../../support/checker-natives';

const read = (name: string): unknown => JSON.parse(readFileSync(inRepository('syntaxes', name), 'utf8'));

const snippets = z
    .record(z.string(), z.object({ prefix: z.string(), description: z.string(), body: z.array(z.string()) }))
    .parse(read('snippets.json'));

/** The text of a snippet where the user accepts every default. */
const expand = (body: readonly string[]): string =>
    body
        .join('\n')
        .replace(/\$\{\d+\|([^,|]*)[^}]*\}/g, '$1')
        .replace(/\$\{\d+:([^}]*)\}/g, '$1')
        .replace(/\$\d/g, '');

/** Snippets that stand inside a scenario, and those of them that stand in a block of a process. */
const INSIDE: Record<string, (text: string) => string> = {
    process: (t) => `scenario "s" {\n${t}\n}\n`,
    kexec: (t) => `scenario "s" { process p {\n${t}\n} }\n`,
    concurrently: (t) => `scenario "s" {\n${t}\n}\n`,
    inject: (t) => `scenario "s" {\n${t}\n}\n`,
    corrupt: (t) => `scenario "s" {\n${t}\n}\n`,
};

suite('language: editor files', () => {
    test('every snippet is a piece of the language', () => {
        for (const { prefix, body } of Object.values(snippets)) {
            const text = (INSIDE[prefix] ?? ((t: string) => t))(expand(body));
            assert.deepEqual(
                parse('snippet.lus', text).diagnostics.map((d) => d.message),
                [],
                text,
            );
        }
        assert.deepEqual(
            Object.values(snippets)
                .map((s) => s.prefix)
                .sort(),
            [
                'concurrently',
                'corrupt',
                'file',
                'flb',
                'handler',
                'inject',
                'kernel',
                'kexec',
                'machine',
                'process',
                'scenario',
                'struct',
            ],
        );
    });

    test('the scenario snippet runs as it is', () => {
        const text = expand(snippets['Scenario']?.body ?? []);
        const { diagnostics, scenarios } = check({ read: () => text }, 'snippet.lus', NATIVES);
        assert.deepEqual(
            diagnostics.map((d) => d.message),
            [],
        );
        assert.equal(scenarios.length, 1);
    });

    test('the grammar knows what the language knows', () => {
        const grammar = JSON.stringify(read('lus.tmLanguage.json'));
        for (const name of NATIVES.callbacks.handler.keys()) {
            assert.ok(grammar.includes(name), name);
        }
        for (const word of [
            'scenario',
            'kernel',
            'import',
            'machine',
            'handler',
            'flb',
            'file',
            'fn',
            'const',
            'struct',
            'boot',
            'process',
            'send',
            'exit',
            'kill',
            'inject',
            'corrupt',
            'sleep',
            'assert',
            'if',
            'else',
            'while',
            'for',
            'return',
            'break',
            'continue',
            'undo',
            'try',
            'new',
            'fails',
            'may',
            'concurrently',
            'layers',
            'vfio_phase',
            'device',
            'vf',
        ]) {
            assert.match(grammar, new RegExp(`[|(:b\\]]${word}[|()\\\\]`), word);
        }
    });

    test('every name that the grammar includes is there', () => {
        const grammar = z.object({ repository: z.record(z.string(), z.unknown()) }).parse(read('lus.tmLanguage.json'));
        for (const [, name] of JSON.stringify(grammar).matchAll(/"include":"#(\w+)"/g)) {
            assert.ok(name !== undefined && name in grammar.repository, name);
        }
    });

    test('indentation follows the brackets', () => {
        const rules = z
            .object({
                indentationRules: z.object({ increaseIndentPattern: z.string(), decreaseIndentPattern: z.string() }),
            })
            .parse(read('language-configuration.json')).indentationRules;
        const increase = new RegExp(rules.increaseIndentPattern);
        const decrease = new RegExp(rules.decreaseIndentPattern);
        for (const line of ['scenario "a" {', '    luod {   // in luod', 'x = f(', 'if a { b() } else {', 'l = [1,']) {
            assert.match(line, increase);
        }
        for (const line of ['x = 1', 'luod { exit }', '// a {', 'f(1)', 'm = "{"']) {
            assert.doesNotMatch(line, increase);
        }
        assert.match('    } else {', decrease);
        assert.match(')', decrease);
        assert.doesNotMatch('x = (1)', decrease);
    });
});
