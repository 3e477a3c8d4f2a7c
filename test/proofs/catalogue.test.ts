/** Every failure of the catalogue happens as its file says, and is found; its repaired twin is clean. */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Diagnosis } from '../../emulator/findings/diagnosis';
import { loadProgram } from '../../emulator/run/load-program';
import { entries, entryName, failuresPages, FOLDER, NUMBERS, type Severity } from '../support/catalogue';
import { diskHost, findingsOf } from '../support/programs';
import { passed } from '../support/runs';
import { inRepository } from '../support/repository';

/** Of these there is something that the emulator must find. */
const FOUND: readonly Severity[] = ['Panic', 'Silent corruption', 'Data loss', 'Memory held'];

const all = entries();

suite('catalogue of failures', () => {
    test('has every number of the list', () => {
        const there = new Set(all.map((e) => e.number));
        assert.deepEqual(NUMBERS.filter((n) => !there.has(n)).map(entryName), []);
        assert.deepEqual(
            [...there].filter((n) => !NUMBERS.includes(n)),
            [],
        );
    });

    for (const entry of all) {
        const name = entryName(entry.number);
        const program = loadProgram(diskHost, path.join(FOLDER, entry.file));

        test(`${entry.file}: is named after its number, says what happens, and has no finding of the checker`, () => {
            assert.ok(entry.file.startsWith(`${name}-`));
            assert.ok(entry.text.length > 80, 'what happens, and how it is repaired');
            assert.deepEqual(findingsOf(program), []);
            const names = program.scenarios.map((s) => s.name.value);
            assert.ok(names.length > 0 && names.every((s) => s === name || s.startsWith(`${name} `)), names.join(', '));
            assert.ok(names.some((s) => !isRepaired(s)));
        });

        for (const scenario of program.scenarios) {
            const said = scenario.finds?.map((f) => f.name) ?? [];
            test(`${entry.file}: ${scenario.name.value}`, () => {
                const found = ran(program, scenario.name.value);
                for (const d of found) {
                    assert.ok(d.place !== undefined && program.files.has(d.place.uri), `${d.code} stands in the file`);
                }
                if (isRepaired(scenario.name.value) || said.length === 0) {
                    assert.deepEqual(
                        found.map((d) => `${d.code}: ${d.message}`),
                        [],
                    );
                }
            });
        }

        test(`${entry.file}: what is lost is found, and a scenario says as what`, () => {
            const lost = entry.severities.some((s) => FOUND.includes(s));
            assert.ok(entry.finds.length > 0 || !lost);
        });
    }

    for (const [name, text] of failuresPages()) {
        test(`${name} is written from them (UPDATE_DOCS=1 does it)`, () => {
            const page = inRepository('extension', 'docs', name);
            if (process.env['UPDATE_DOCS'] === '1') {
                writeFileSync(page, text);
            }
            assert.equal(readFileSync(page, 'utf8'), text);
        });
    }
});

function isRepaired(scenario: string): boolean {
    return scenario.endsWith(' repaired');
}

function ran(program: ReturnType<typeof loadProgram>, scenario: string): readonly Diagnosis[] {
    const host = passed(program, { scenario });
    assert.equal(host.interpreter.outcome?.passed, true);
    return Diagnoses.of(host)?.found.items ?? [];
}
