/** The page of diagnoses: it has every one, its examples are right, and the repaired twin of each is without it. */
import assert from 'node:assert/strict';
import { CATALOGUE, isDiagnosisCode } from '../../emulator/findings/catalogue';
import type { Program } from '../../emulator/language/program';
import { sections } from '../support/diagnoses-page';
import { blocksOf, DIAGNOSES, fileOf, titleOf } from '../support/documentation';
import { Outcomes } from '../support/outcomes';
import { findingsOf, programOf } from '../support/programs';

const page = sections();
const outcomes = new Outcomes();
const programs = new Map<string, Program>();

/** The program of an example; the same for all tests. */
function documented(text: string): Program {
    const program = programs.get(text) ?? programOf(text);
    programs.set(text, program);
    return program;
}

suite('documentation', () => {
    for (const block of blocksOf(DIAGNOSES)) {
        test(titleOf(block), () => {
            assert.deepEqual(block.errors, []);
            const program = documented(fileOf(block));
            assert.deepEqual(findingsOf(program), []);
            assert.deepEqual(outcomes.failuresOf(program), []);
        });
    }
});

suite('diagnoses: the page', () => {
    test('has every one, with title and severity', () => {
        assert.deepEqual([...page.keys()], Object.keys(CATALOGUE));
        for (const [code, { title, severity }] of page) {
            assert.ok(isDiagnosisCode(code));
            assert.deepEqual([title, severity], [CATALOGUE[code].title, CATALOGUE[code].severity]);
        }
    });

    for (const [code, { text }] of page) {
        test(`${code}: the example has it at a place of its own, the repaired twin has not`, () => {
            assert.ok(text.includes(`assert diagnosed("${code}")`) && text.includes(`assert !diagnosed("${code}")`));
            const program = documented(text);
            const [bad, good] = program.scenarios;
            assert.ok(bad && good);
            assert.equal(outcomes.of(program, bad).failure, undefined);
            const made = outcomes.of(program, bad).found.filter((d) => d.code === code);
            assert.ok(made.length > 0);
            for (const d of made) {
                assert.ok(d.place && program.files.has(d.place.uri), 'it stands in the program');
                assert.match(d.message, /^\S.*\.$/);
            }
            assert.ok(!outcomes.codesOf(program, good).includes(code));
        });
    }
});
