/** Files of rules: which diagnoses they make, and that they hear events instead of looking for names in the kernel's code or its log. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { RULE_FILES } from '../../emulator/diagnosis/diagnoses';
import { CATALOGUE } from '../../emulator/findings/catalogue';
import { LIBRARY_SOURCES } from '../../emulator/std/texts';
import { inRepository } from '../support/repository';

const folder = inRepository('emulator', 'diagnosis');
const sources = readdirSync(folder)
    .filter((f) => f.endsWith('.ts'))
    .map((f) => [f, readFileSync(path.join(folder, f), 'utf8')] as const);

suite('files of rules', () => {
    test('each code of the catalogue is made by one of them', () => {
        assert.deepEqual(RULE_FILES.flatMap((file) => file.codes).sort(), Object.keys(CATALOGUE).sort());
    });

    test('each of them that is in the folder is heard', () => {
        const declared = sources.filter(([, text]) => text.includes(' = ruleFile(')).length;
        assert.ok(declared > 10);
        assert.equal(declared, RULE_FILES.length);
    });

    test('no file names a function of the shipped kernel code', () => {
        const functions = [...LIBRARY_SOURCES.values()].flatMap((text) =>
            [...text.matchAll(/^fn (\w+)/gm)].map((m) => m[1] ?? ''),
        );
        assert.ok(functions.length > 200);
        const named = new RegExp(`\\b(?:${[...new Set(functions)].join('|')})\\b`, 'g');
        assert.deepEqual(
            sources.flatMap(([file, text]) => [...text.matchAll(named)].map((m) => `${file}: ${m[0]}`)),
            [],
        );
    });

    test('no file looks into a frame or at a line of the log', () => {
        const looks = /\.(?:slots|locals|params|pc|guards|undos)\b|\bcode\.name\b|\bLogLine\b|\bklog\b|\blog\??[(:]/g;
        assert.deepEqual(
            sources.flatMap(([file, text]) => [...text.matchAll(looks)].map((m) => `${file}: ${m[0]}`)),
            [],
        );
    });
});
