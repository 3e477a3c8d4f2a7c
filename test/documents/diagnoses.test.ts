/** The pages of diagnoses: they have every one, and the repaired twin of each example is without it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { CATALOGUE, isDiagnosisCode } from '../../emulator/findings/catalogue';
import type { Program } from '../../emulator/language/program';
import { pageOfCode, sectionOf } from '../../emulator/services/documentation';
import { sections } from '../support/diagnoses-page';
import { blocksOf, DIAGNOSES, fileOf, titleOf } from '../support/documentation';
import { Outcomes } from '../support/outcomes';
import { findingsOf, programOf } from '../support/programs';
import { inRepository } from '../support/repository';

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
    for (const block of DIAGNOSES.flatMap(blocksOf)) {
        test(titleOf(block), () => {
            assert.deepEqual(block.errors, []);
            const program = documented(fileOf(block));
            assert.deepEqual(findingsOf(program), []);
            assert.deepEqual(outcomes.failuresOf(program), []);
        });
    }
});

suite('diagnoses: the pages', () => {
    test('have every one, with title and severity', () => {
        assert.deepEqual([...page.keys()], Object.keys(CATALOGUE));
        for (const [code, { title, severity }] of page) {
            assert.ok(isDiagnosisCode(code));
            assert.deepEqual([title, severity], [CATALOGUE[code].title, CATALOGUE[code].severity]);
        }
    });

    test('the link of a code leads to its own section', () => {
        for (const code of Object.keys(CATALOGUE)) {
            const place = pageOfCode(code);
            const text = readFileSync(inRepository('extension', 'docs', place?.page ?? ''), 'utf8');
            assert.match(sectionOf(text, place?.anchor ?? '')?.heading ?? '', new RegExp(`^${code}: `));
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
