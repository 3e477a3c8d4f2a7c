/** What the grammar includes is there, and indentation follows the brackets. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { inRepository } from '../../support/repository';

const read = (name: string): unknown => JSON.parse(readFileSync(inRepository('syntaxes', name), 'utf8'));

suite('language: editor files', () => {
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
