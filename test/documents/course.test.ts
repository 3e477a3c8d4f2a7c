/** The course: each lesson runs, and its check refuses the start file and two typical wrong answers. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { runSchema, type Printed } from '../../extension/tests/outcome';
import { leftToDo } from '../../extension/course/check';
import { LESSONS, pageOf, type Lesson } from '../../extension/course/lessons';
import { Files } from '../../emulator/cli/files';
import { execute } from '../../emulator/cli/execute';
import { findingOf } from '../../emulator/cli/where';
import { errorsOf, loadProgram } from '../../emulator/run/load-program';
import { format } from '../../emulator/services/format/format';
import { inRepository } from '../support/repository';
import { findingsOf } from '../support/programs';
import { ANSWERS, type Answer } from '../support/solutions';

const FOLDER = inRepository('extension', 'learn');

const startOf = ({ name }: Lesson): string => readFileSync(path.join(FOLDER, `${name}.lus`), 'utf8');

function changed(lesson: Lesson, answer: Answer): string {
    return answer.reduce((text, [from, to]) => {
        assert.equal(text.split(from).length, 2, `${lesson.name} has "${from}" once`);
        return text.replace(from, () => to);
    }, startOf(lesson));
}

suite('the course', () => {
    let folder: string;

    suiteSetup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-course-'));
    });

    suiteTeardown(() => {
        rmSync(folder, { recursive: true, force: true });
    });

    /** What `lus run --format json` prints for a file with this text. */
    function run(text: string): Printed {
        const file = path.join(folder, 'lesson.lus');
        writeFileSync(file, text);
        const files = new Files();
        const program = loadProgram(files, files.open(file));
        const errors = errorsOf(program).map((d) => findingOf(files, d));
        const scenarios =
            errors.length > 0
                ? []
                : program.scenarios.map((s) => execute(files, program, s, { kernel: undefined, seed: 0, log: false }));
        return runSchema.parse(JSON.parse(JSON.stringify({ files: [{ errors, scenarios }] })));
    }

    const left = (lesson: Lesson, text: string): string[] => leftToDo(lesson, text, run(text));

    test('there is a lesson for each file, with a page and with answers', () => {
        const names = LESSONS.map((l) => l.name);
        assert.deepEqual(
            readdirSync(FOLDER).sort(),
            names.map((n) => `${n}.lus`),
        );
        assert.deepEqual(Object.keys(ANSWERS), names);
        assert.deepEqual(
            names.filter((n) => (ANSWERS[n]?.wrong.length ?? 0) < 2),
            [],
        );
        const pages = readdirSync(inRepository('extension', 'docs')).filter((f) => f.startsWith('lesson-'));
        assert.deepEqual(pages.sort(), LESSONS.map(pageOf));
    });

    for (const lesson of LESSONS) {
        suite(lesson.title, () => {
            test('the start is formatted, free of findings and passes; the lesson is not solved', () => {
                const text = startOf(lesson);
                const { files } = run(text);
                assert.deepEqual(
                    files.flatMap((f) => f.scenarios).filter((s) => !s.passed),
                    [],
                );
                const opened = new Files();
                assert.deepEqual(
                    findingsOf(loadProgram(opened, opened.open(path.join(FOLDER, `${lesson.name}.lus`)))),
                    [],
                );
                const laidOut = format('lesson.lus', text);
                assert.equal('text' in laidOut && laidOut.text, text);
                assert.notDeepEqual(leftToDo(lesson, text, { files }), []);
            });

            test('the right answer solves it', () => {
                assert.deepEqual(left(lesson, changed(lesson, ANSWERS[lesson.name]?.right ?? [])), []);
            });

            for (const [n, [said, answer]] of (ANSWERS[lesson.name]?.wrong ?? []).entries()) {
                test(`wrong answer ${n + 1} does not, and the check says why`, () => {
                    const complaints = left(lesson, changed(lesson, answer)).join('\n');
                    assert.notEqual(complaints, '');
                    assert.match(complaints, said);
                });
            }
        });
    }
});
