/**
 * Files of rules: which diagnoses they make, and that they hear events instead of looking for names in the kernel's
 * code or its log. And tracepoints.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { RULE_FILES } from '../../../emulator/diagnosis/diagnoses';
import { CATALOGUE } from '../../../emulator/findings/catalogue';
import { Run } from '../../../emulator/run/run';
import { LIBRARY_SOURCES } from '../../../emulator/std/texts';
import { findingsOf, programOf } from '../../support/programs';
import { inRepository } from '../../support/repository';

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

suite('tracepoints', () => {
    const called = /\btrace_\w+\(/;

    test('are no places to stop, wherever they stand', () => {
        const program = programOf(
            'scenario "s" { boot "luo-v4"; boot "7.0" }\nkernel "k" from "7.2" { layers pci, iommu }\n',
        );
        assert.deepEqual(findingsOf(program), []);
        const { executable } = Run.start(program);
        let traced = 0;
        for (const [uri, text] of LIBRARY_SOURCES) {
            for (const code of executable.codeIn(uri)) {
                traced += called.test(text.slice(code.span.start, code.span.end)) ? 1 : 0;
                for (const { span } of code.statements) {
                    assert.ok(!called.test(text.slice(span.start, span.end)), `${uri}: ${code.name}`);
                }
            }
        }
        assert.ok(traced > 20);
    });

    test('belong to the shipped kernel code', () => {
        const program = programOf(
            'kernel "k" from "7.2" { init { trace_luo_session(session("vm-1")) } }\nscenario "s" { boot "k" }\n',
        );
        assert.deepEqual(
            findingsOf(program).map((f) => f.slice(0, '1: LU0202'.length)),
            ['1: LU0202'],
        );
    });
});
