/** The cases of the kernel's own tests: each is a scenario that passes, or has the reason why it cannot be said. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { loadProgram } from '../../emulator/run/load-program';
import { format } from '../../emulator/services/format/format';
import { Outcomes } from '../support/outcomes';
import { PEER_SUITES, peerFile, peerFiles, peersPage } from '../support/peers';
import { diskHost, findingsOf } from '../support/programs';
import { inRepository } from '../support/repository';

const outcomes = new Outcomes();

suite('tests of the kernel', () => {
    test('a case stands once in its suite, and says what it asserts', () => {
        for (const { title, cases } of PEER_SUITES) {
            assert.equal(new Set(cases.map((c) => c.name)).size, cases.length, title);
            for (const { name, asserts, not, differs } of cases) {
                assert.ok(asserts.length > 15 && !asserts.endsWith('.'), name);
                assert.ok(not === undefined || (not.length > 20 && not.endsWith('.')), name);
                assert.ok(differs === undefined || (differs.length > 20 && differs.endsWith('.')), name);
            }
        }
    });

    test('each file belongs to a suite', () => {
        assert.deepEqual(PEER_SUITES.flatMap((s) => (s.file === undefined ? [] : [s.file])).sort(), peerFiles());
    });

    for (const { title, file, cases } of PEER_SUITES) {
        const said = cases.filter((c) => c.not === undefined).map((c) => c.name);
        if (file === undefined) {
            test(`${title}: none of it can be said`, () => {
                assert.deepEqual(said, []);
            });
            continue;
        }
        const program = loadProgram(diskHost, peerFile(file));

        test(`${title}: its scenarios are the cases that can be said, and it is formatted`, () => {
            assert.deepEqual(findingsOf(program), []);
            const text = readFileSync(peerFile(file), 'utf8');
            const formatted = format(peerFile(file), text);
            assert.equal('text' in formatted && formatted.text, text);
            assert.deepEqual(
                program.scenarios.map((s) => s.name.value),
                said,
            );
        });

        for (const scenario of program.scenarios) {
            test(`${title}: ${scenario.name.value}`, () => {
                const expected = (scenario.finds ?? []).map((f) => f.name);
                assert.deepEqual([...new Set(outcomes.codesOf(program, scenario))], expected);
            });
        }
    }

    test('the page has them all (UPDATE_DOCS=1 writes it)', () => {
        const page = inRepository('extension', 'docs', 'peers.md');
        if (process.env['UPDATE_DOCS'] === '1') {
            writeFileSync(page, peersPage());
        }
        assert.equal(readFileSync(page, 'utf8'), peersPage());
    });
});
