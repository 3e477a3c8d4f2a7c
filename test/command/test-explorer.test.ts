/** The outcomes of the Test Explorer, from what the built `lus` command prints. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { findScenarios } from '../../extension/find-scenarios';
import { outcomesOfCompat, outcomesOfExplore, outcomesOfRun } from '../../extension/tests/outcome';
import { Counts } from '../../extension/tests/lcov';
import { lus } from '../support/lus';
import { inRepository } from '../support/repository';

const FILE = `scenario "fits" {
    boot "7.2"
    process p { lu = open("/dev/liveupdate"); log("opened") }
}
scenario "has no room" {
    boot "7.2"
    process p { lu = open("/dev/liveupdate"); s = lu.create_session("vm-1"); ram = memfd_create("ram"); ram.write("x") }
    inject ENOMEM into memfd.preserve
    p { s.preserve_fd(ram, token: 1) }
}
scenario "depends on the schedule" {
    boot "7.2"
    process a, b
    concurrently {
        a { x = 1 }
        b { y = 2 }
    }
}
scenario "needs sessions" {
    boot "7.2"
    process p {
        lu = open("/dev/liveupdate")
        s = lu.create_session("vm-1")
        ram = memfd_create("ram")
        ram.write("x")
        s.preserve_fd(ram, token: 1)
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
    process p {
        lu = open("/dev/liveupdate")
        s = lu.retrieve_session("vm-1")
        ram = s.retrieve_fd(token: 1)
        s.finish()
    }
}
`;

/** With seed 0, the blocks run in the order of the source. */
const ORDERS = `scenario "the order matters" {
    boot "7.2"
    process a, b
    b { done = false }
    concurrently {
        a { log("a"); assert !b.done }
        b { log("b"); done = true }
    }
}
`;

suite('outcomes of the Test Explorer', function () {
    this.timeout(300_000);
    let folder: string;
    const names = findScenarios('file.lus', FILE).map((s) => s.name);

    suiteSetup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-tests-'));
        writeFileSync(path.join(folder, 'file.lus'), FILE);
        writeFileSync(path.join(folder, 'orders.lus'), ORDERS);
        writeFileSync(path.join(folder, 'broken.lus'), 'scenario "broken" { boot nothing }\n');
    });

    suiteTeardown(() => {
        rmSync(folder, { recursive: true, force: true });
    });

    test('what passed and failed, and the output', () => {
        const { out } = lus(folder, [
            'run',
            '--format=json',
            '--seed=0',
            ...names.map((n) => `--scenario=${n}`),
            'file.lus',
        ]);
        const found = outcomesOfRun(out, names);
        assert.deepEqual(
            found.map((o) => [o.name, o.outcome.kind]),
            [
                ['fits', 'passed'],
                ['has no room', 'failed'],
                ['depends on the schedule', 'passed'],
                ['needs sessions', 'passed'],
            ],
        );
        assert.deepEqual(found[0]?.outcome.output, ['opened']);
    });

    test('a failure has the place and the stack where its error came up', () => {
        const { out } = lus(folder, ['run', '--format=json', 'file.lus']);
        const failed = outcomesOfRun(out, names).find((o) => o.name === 'has no room')?.outcome;
        assert.ok(failed && 'failure' in failed);
        const { text, where, stack } = failed.failure;
        assert.match(text, /preserve_fd\(.*\) fails with ENOMEM.*\nCause: handler\.preserve/);
        assert.equal(where?.file, stack[0]?.where?.file);
        assert.match(where?.file ?? '', /^std\/.*\.lus$/);
        assert.ok(
            stack.some((f) => f.where?.file === 'file.lus' && f.where.line === 9),
            JSON.stringify(stack),
        );
    });

    test('of ten seeds, those that fail are named', () => {
        const { out } = lus(folder, ['run', '--format=json', '--seeds=0..9', 'orders.lus']);
        const [only] = outcomesOfRun(out, ['the order matters']);
        assert.ok(only && 'failure' in only.outcome);
        const [, first] = /^It fails with the seeds (\d)(?:, \d)* and \d\.\n/.exec(only.outcome.failure.text) ?? [];
        assert.ok(first !== undefined && first !== '0', only.outcome.failure.text);
        assert.ok(only.outcome.failure.text.includes(`\nSeed ${first}: assertion failed`));
    });

    test('the coverage of two runs adds up, by file, function and line', () => {
        const example = inRepository('extension', 'examples', 'nic-handler.lus');
        const counts = new Counts();
        for (const scenario of ['two cards and what they share', 'a preserve that fails leaves nothing behind']) {
            lus(folder, ['run', '--coverage=lcov.info', `--scenario=${scenario}`, example]);
            counts.add(readFileSync(path.join(folder, 'lcov.info'), 'utf8'));
        }
        const [[file, { functions, lines }] = assert.fail()] = counts.files;
        assert.equal(counts.files.size, 1);
        assert.match(file, /nic-handler\.lus$/);
        const preserve = functions.get('nic_handler.preserve');
        const text = readFileSync(example, 'utf8').split('\n');
        assert.match(text[(preserve?.line ?? 0) - 1] ?? '', /^ {4}preserve\(args\) \{/);
        // both scenarios reach preserve(), only the first one retrieve()
        assert.equal(preserve?.count, 2);
        assert.equal(functions.get('nic_handler.retrieve')?.count, 1);
        assert.ok([...lines.values()].some((n) => n === 2) && [...lines.values()].some((n) => n === 0));
    });

    test('of the crashes that break a rule, each is a failure that says which process was killed where', () => {
        const { out } = lus(folder, ['explore', '--format=json', '--profile=crashes', '--scenario=fits', 'file.lus']);
        assert.deepEqual(
            outcomesOfExplore(out).map((o) => o.outcome.kind),
            ['passed'],
        );
        const [first] = outcomesOfExplore(
            lus(folder, ['explore', '--format=json', '--profile=crashes', '--scenario=needs sessions', 'file.lus']).out,
        );
        assert.ok(first && 'failure' in first.outcome);
        assert.match(first.outcome.failure.text, /^LU1090: .*\nIt happens with: kill p #\d+: \w+/);
        assert.equal(first.outcome.failure.where?.file, 'file.lus');
    });

    test('a file with errors breaks each of its scenarios, at the error', () => {
        const [only] = outcomesOfRun(lus(folder, ['run', '--format=json', 'broken.lus']).out, ['broken']);
        assert.ok(only && 'failure' in only.outcome);
        assert.equal(only.outcome.kind, 'broken');
        assert.match(only.outcome.failure.text, /^LU\d{4}: /);
        assert.equal(only.outcome.failure.where?.line, 1);
    });

    test('a kernel that lacks sessions does not suit a scenario that needs them', () => {
        const on = (kernel: string, scenario: string): string | undefined =>
            outcomesOfCompat(
                lus(folder, ['compat', '--format=json', `--kernels=${kernel}`, `--scenario=${scenario}`, 'file.lus'])
                    .out,
            )[0]?.outcome.kind;
        assert.equal(on('7.2', 'needs sessions'), 'passed');
        assert.equal(on('6.16', 'needs sessions'), 'unsuited');
    });
});
