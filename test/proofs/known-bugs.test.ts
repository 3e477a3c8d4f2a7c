/**
 * Every fix of the tables has a verdict: a scenario that shows the bug in a version that has it and its absence in one
 * that has not, or the reason why none can.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { FLAWS } from '../../emulator/kernel/release/flaws';
import { hasBug } from '../../emulator/kernel/release/known-bugs';
import { parseVersion, type Version } from '../../emulator/kernel/release/version';
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { entries, entryName } from '../support/catalogue';
import { filesThere, knownBugsPage, ROWS, shownHere } from '../support/known-bugs';
import { diskHost, findingsOf } from '../support/programs';
import { inRepository } from '../support/repository';
import { failureOf, runToEnd } from '../support/runs';

const LIBRARY = inRepository('emulator', 'std');

function versionOf(scenario: string): Version {
    const version = parseVersion(scenario);
    assert.ok(version, `${scenario} is a version`);
    return version;
}

suite('known bugs', () => {
    test('a row says once what it is about, and where it is shown or why not', () => {
        assert.equal(new Set(ROWS.map((r) => r.name)).size, ROWS.length);
        const failures = new Set(entries().map((e) => entryName(e.number)));
        for (const { name, what, shown } of ROWS) {
            assert.ok(!what.endsWith('.') && what.length > 20, name);
            if (typeof shown === 'object') {
                assert.ok(shown.not.endsWith('.') && shown.not.length > 20, name);
            } else if (shown !== 'here') {
                assert.ok(failures.has(shown), `${name}: ${shown}`);
            }
        }
        assert.deepEqual(filesThere(), ROWS.flatMap((r) => (r.shown === 'here' ? [r.name] : [])).sort());
    });

    test('versions of a row are in order', () => {
        for (const bug of ROWS) {
            for (const { since, fixed, stable = [] } of bug.in) {
                assert.ok(hasBug(bug, versionOf(since)), `${bug.name} is in ${since}`);
                assert.ok(!hasBug(bug, versionOf(fixed)), `${bug.name} is not in ${fixed}`);
                for (const release of stable) {
                    assert.ok(!hasBug(bug, versionOf(release)), `${bug.name} is not in ${release}`);
                    const [series, number] = [release.replace(/\.\d+$/, ''), Number(release.replace(/^.*\./, ''))];
                    assert.ok(hasBug(bug, versionOf(`${series}.${number - 1}`)), `${bug.name} is in the one before`);
                }
            }
        }
    });

    test('the code of kernels asks for flaws that there are, and only those files do that a row names', () => {
        const asked = new Map<string, string[]>();
        for (const file of readdirSync(LIBRARY).filter((f) => f.endsWith('.lus'))) {
            for (const [, flaw = ''] of readFileSync(path.join(LIBRARY, file), 'utf8').matchAll(
                /kernel\.flaw\("(\w+)"/g,
            )) {
                asked.set(flaw, [...new Set([...(asked.get(flaw) ?? []), file.slice(0, -4)])]);
            }
        }
        for (const [flaw, files] of asked) {
            assert.ok(FLAWS.has(flaw), flaw);
            const only = ROWS.find((r) => r.name === flaw)?.flaw?.only;
            assert.deepEqual(only ? [...only].sort() : undefined, only && files.sort(), flaw);
        }
    });

    for (const { bug, file, text } of shownHere()) {
        const program = loadProgram(diskHost, file);

        test(`${bug.name}: says what happens, and has no finding of the checker`, () => {
            assert.ok(text.length > 80);
            assert.deepEqual(findingsOf(program), []);
        });

        test(`${bug.name}: versions with the bug, and one without it`, () => {
            const versions = program.scenarios.map((s) => versionOf(s.name.value));
            // what no release got wrong is about releases all the same
            if (bug.in.length > 0) {
                assert.ok(
                    versions.some((v) => hasBug(bug, v)),
                    'one has it',
                );
                assert.ok(
                    versions.some((v) => !hasBug(bug, v)),
                    'one has not',
                );
            }
        });

        for (const { name } of program.scenarios) {
            test(`${bug.name} in ${name.value}`, () => {
                assert.equal(failureOf(program, name.value), undefined);
            });

            if (bug.flaw && hasBug(bug, versionOf(name.value))) {
                test(`${bug.name} in ${name.value}: it is this bug, since nothing of it happens without`, () => {
                    const { host } = Run.start(program, { scenario: name.value, cured: new Set([bug.name]) });
                    runToEnd(host);
                    assert.equal(host.interpreter.outcome?.passed, false);
                });
            }
        }
    }

    test('the page has them all (UPDATE_DOCS=1 writes it)', () => {
        const page = inRepository('extension', 'docs', 'known-bugs.md');
        if (process.env['UPDATE_DOCS'] === '1') {
            writeFileSync(page, knownBugsPage());
        }
        assert.equal(readFileSync(page, 'utf8'), knownBugsPage());
    });
});
