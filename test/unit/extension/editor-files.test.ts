/** Grammar and indentation know the language as the parser does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { inRepository } from '../../support/repository';
import { NATIVES } from '../../support/checker-natives';

const read = (name: string): unknown => JSON.parse(readFileSync(inRepository('syntaxes', name), 'utf8'));

suite('language: editor files', () => {
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

    test('panics and from image are words of the language where they stand as such, and names elsewhere', () => {
        const { repository } = z
            .object({
                repository: z.record(z.string(), z.object({ patterns: z.optional(z.array(z.looseObject({}))) })),
            })
            .parse(read('lus.tmLanguage.json'));
        const patterns = Object.values(repository).flatMap((r) =>
            (r.patterns ?? []).flatMap((p) => (typeof p['match'] === 'string' ? [p['match']] : [])),
        );
        const coloured = (line: string, word: string): boolean =>
            patterns.some(
                (p) => p.includes(word) && [...line.matchAll(new RegExp(p, 'g'))].some((m) => m.includes(word)),
            );
        assert.ok(coloured('    reboot(KEXEC)  panics "incoming tree"', 'panics'));
        assert.ok(!coloured('    panics = 3', 'panics'));
        for (const word of ['from', 'image']) {
            assert.ok(coloured('    boot "7.2" from image "handover.elf.gz"', word), word);
            assert.ok(coloured('    boot from image "handover.elf.gz"', word), word);
            assert.ok(!coloured('    image = from', word), word);
        }
        assert.ok(coloured('    boot from image "handover.elf.gz"', 'boot'));
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
