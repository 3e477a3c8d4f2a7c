/** Explorations: all outcomes of small scenarios, their violations, and what was tried. */
import assert from 'node:assert/strict';
import { Explorer, type ExploreOptions } from '../../../emulator/explore/explore';
import { Frontier } from '../../../emulator/explore/frontier';
import { judge, violationsOf } from '../../../emulator/explore/judge';
import { together } from '../../../emulator/explore/profiles';
import { askedBy, profilesOf } from '../../../emulator/explore/settings';
import type { Program } from '../../../emulator/language/program';
import { choiceFrom, choiceText } from '../../../emulator/language/choice';
import { errorsOf } from '../../../emulator/run/load-program';
import { Run } from '../../../emulator/run/run';
import type { Tried } from '../../../emulator/run/tried';
import { explored, namesOfOutcomes } from '../../support/explorations';
import { endsTheSame } from '../../support/checkpoints';
import { correctProgram, programOf } from '../../support/programs';
import { REBOOT_RACE } from '../../support/reboot-race';
import { failureOf } from '../../support/runs';

const MEMORY = 64 * 2 ** 20;

function optionsOf(tried: Partial<Tried>, bounds: Partial<ExploreOptions> = {}): ExploreOptions {
    return { tried: together([tried]), faults: 1, switches: Infinity, limit: 5e6, memory: MEMORY, ...bounds };
}

function finished<T>(work: Generator<void, T>): T {
    for (;;) {
        const step = work.next();
        if (step.done === true) {
            return step.value;
        }
    }
}

suite('exploring orders', function () {
    this.timeout(600_000);

    test('the orders of calls that touch different objects lead to the same states', () => {
        const calls = (file: string): string => `${file}.truncate(8KiB); ${file}.truncate(4KiB); ${file}.close()`;
        const text = `
scenario "each has its own file" {
    boot "7.2"
    process a, b
    a { x = memfd_create("x"); x.truncate(4KiB) }
    b { y = memfd_create("y"); y.truncate(4KiB) }
    concurrently {
        a { ${calls('x')} }
        b { ${calls('y')} }
    }
}`;
        const found = explored(correctProgram(text), optionsOf({ orders: true }));
        // each process is at one of 4 places, and one of them is about to continue: at the end the one that is left
        assert.ok(found.states <= 4 * 4 * 2 + 2, `${found.states} states`);
        const courses = found.classes.reduce((sum, c) => sum + c.count, 0);
        assert.ok(courses > 2 * found.branches, `${courses} courses, ${found.branches} branches`);
    });

    test('switches between processes that work on different files and sessions are left out', () => {
        const text = (names: readonly string[], calls: string): string => `
scenario "agents" {
    boot "7.2"
    process ${names.join(', ')}
    ${names
        .map(
            (name) =>
                `${name} { lu = open("/dev/liveupdate"); s = lu.create_session("${name}"); m = memfd_create("m"); lu.close() }`,
        )
        .join('\n    ')}
    concurrently {
        ${names.map((name) => `${name} { ${calls} }`).join('\n        ')}
    }
}`;
        const options = optionsOf({ orders: true });
        const files = explored(
            correctProgram(text(['a', 'b', 'c', 'd'], 'm.truncate(4KiB); r = m.size; m.truncate(8KiB); m.truncate(0)')),
            options,
        );
        assert.equal(files.classes.length, 1);
        // which process begins, and which one goes on when one has ended: 4 + 12 + 12
        assert.ok(files.branches <= 28, `${files.branches} branches`);
        assert.ok(files.switchesLeftOut > 0);
        const program = correctProgram(text(['a', 'b'], 's.preserve_fd(m, token: 1)'));
        const reduced = explored(program, options);
        const all = new Explorer(program, options, new Frontier());
        for (const _ of all.run()) {
            // to the end
        }
        assert.ok(5 * reduced.branches < all.result.branches, `${reduced.branches} of ${all.result.branches} branches`);
        assert.deepEqual(namesOfOutcomes(reduced), namesOfOutcomes(all.result));
        assert.equal(all.result.switchesLeftOut, 0);
    });

    test('an assertion that fails in one order only: the shortest course to it, which fails by itself', () => {
        const text = `
scenario "one of two comes first" {
    boot "7.2"
    process a, b
    log("not needed")
    concurrently {
        b { y = try open("/dev/liveupdate"); assert y >= 0, "the device is free" }
        a { first = memfd_create("a"); x = try open("/dev/liveupdate"); first.close() }
    }
    log("not needed either")
}`;
        const program = correctProgram(text);
        const options = optionsOf({ orders: true });
        const found = explored(program, options);
        const [violation, ...more] = violationsOf(found);
        assert.ok(violation);
        assert.equal(more.length, 0);
        assert.match(violation.outcome.message, /the device is free/);
        const check = (changed: string): Program | undefined => {
            const p = programOf(changed);
            return errorsOf(p).length > 0 ? undefined : p;
        };
        const judged = finished(judge({ program, options, text, check, late: () => false }, violation));
        assert.ok(judged.choices.length > 0);
        assert.ok(judged.inevitable);
        const file = judged.text ?? '';
        assert.ok(!file.includes('not needed'), file);
        assert.match(file, /choosing "schedule #\d+: /);
        assert.match(failureOf(correctProgram(file)) ?? '', /the device is free/);
        // without the choices it passes
        assert.equal(failureOf(correctProgram(file.replace(/ choosing [^{]*/, ' '))), undefined);
        for (let i = 0; i < judged.choices.length; i++) {
            const fewer = judged.choices.toSpliced(i, 1).map((c) => `"${choiceText(c)}"`);
            const clause = fewer.length > 0 ? ` choosing ${fewer.join(', ')} ` : ' ';
            assert.equal(failureOf(correctProgram(file.replace(/ choosing [^{]*/, clause))), undefined, file);
        }
    });
});

suite('exploring faults', function () {
    this.timeout(600_000);

    const AGENT = `
scenario "an agent" {
    boot "7.2"
    process luod, systemd
    luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.create_session("vm-1")
        ram = memfd_create("guest-ram")
        ram.truncate(64KiB)
        vm1.preserve_fd(ram, token: 1)
        send vm1 to systemd
        kexec_file_load("7.2")
    }
    systemd { reboot(KEXEC) }
    process luod {
        lu  = open("/dev/liveupdate")
        vm1 = lu.retrieve_session("vm-1")
        ram = vm1.retrieve_fd(token: 1)
        vm1.finish()
    }
    FINALLY
}`;

    test('a crash after each system call of a process, each once', () => {
        const found = explored(correctProgram(AGENT.replace('FINALLY', '')), optionsOf({ crash: ['luod'] }));
        const calls =
            'open create_session memfd_create truncate preserve_fd kexec_file_load open retrieve_session retrieve_fd finish';
        const taken = found.coverage.flatMap((c) => Array.from({ length: c.taken }, () => c.alternative));
        assert.deepEqual(taken.sort(), calls.split(' ').sort());
        assert.equal(found.ends, calls.split(' ').length + 1);
        const lost = violationsOf(found).map((c) => c.outcome.findings.join());
        assert.deepEqual(lost.sort(), ['LU1002', 'LU1023', 'LU1024', 'LU1090']);
    });

    test('each callback and each allocation fails, and the reply of each ioctl', () => {
        const found = explored(
            correctProgram(AGENT.replace('FINALLY', '')),
            optionsOf({ fail: ['memfd.*', 'copy_to_user', 'luo_session'] }),
        );
        const tried = found.coverage.map((c) => `${c.what}: ${c.alternative} ${c.taken} of ${c.met}`);
        assert.deepEqual(tried, [
            'copy_to_user in kernel 1: EFAULT 2 of 2',
            'copy_to_user in kernel 2: EFAULT 3 of 3',
            'luo_session in kernel 1: ENOMEM 1 of 1',
            'luo_session in kernel 2: ENOMEM 1 of 1',
            'memfd.can_preserve in kernel 1: no 1 of 1',
            'memfd.freeze in kernel 1: EIO 1 of 1',
            'memfd.get_id in kernel 1: EIO 1 of 1',
            'memfd.get_id in kernel 2: EIO 1 of 1',
            'memfd.preserve in kernel 1: EIO 1 of 1',
            'memfd.retrieve in kernel 2: EIO 1 of 1',
        ]);
    });

    test('another kernel behind the kexec, and what is found there by itself', () => {
        const text = AGENT.replace('FINALLY', '');
        const found = explored(correctProgram(text), optionsOf({ kernels: ['7.2', '7.3', '6.16'] }));
        assert.equal(found.ends, 3);
        assert.deepEqual(
            found.coverage.map((c) => `${c.what}: ${c.alternative} ${c.taken} of ${c.met}`),
            ['kernel behind kernel 1: 6.16 1 of 1', 'kernel behind kernel 1: 7.3 1 of 1'],
        );
        assert.deepEqual(
            found.classes.map((c) => [c.outcome.verdict, c.faults, ...c.example.map(choiceText)]),
            [
                ['passed', 0],
                ['violated', 0, 'kernel behind kernel 1 #0: 6.16'],
            ],
        );
        const replayed = (kernel: string): string | undefined =>
            failureOf(correctProgram(text.replace('agent"', `agent" choosing "kernel behind kernel 1 #0: ${kernel}"`)));
        assert.equal(replayed('7.3'), undefined);
        assert.equal(replayed('6.16'), found.classes[1]?.outcome.message);
    });

    test('finally runs after a fault that the scenario cannot go on after', () => {
        const text = AGENT.replace('FINALLY', 'finally { assert faults == 0 || kernel.boot == 1, "updated" }');
        assert.equal(failureOf(correctProgram(text)), undefined);
        const found = explored(correctProgram(text), optionsOf({ fail: ['memfd.preserve'] }));
        assert.deepEqual(
            found.classes.map((c) => [c.outcome.verdict, /updated/.test(c.outcome.message)]),
            [
                ['passed', false],
                ['violated', true],
            ],
        );
    });

    test('a rule names the faults that it allows for', () => {
        const violated = (allowed: string, tried: Partial<Tried>): string[] => {
            const rule = `finally { assert kernel.boot == 1 || happened("${allowed}"), "updated" }`;
            const program = correctProgram(AGENT.replace('FINALLY', rule));
            assert.equal(failureOf(program), undefined);
            return explored(program, optionsOf(tried)).classes.flatMap(({ outcome, example }) =>
                /updated/.test(outcome.message) ? example.map(choiceText) : [],
            );
        };
        const fails = { fail: ['memfd.get_id'] };
        assert.deepEqual(violated('memfd.preserve', fails), ['memfd.get_id in kernel 1 #0: EIO']);
        assert.deepEqual(violated('memfd.get_id in kernel 2', fails), ['memfd.get_id in kernel 1 #0: EIO']);
        for (const allowed of ['memfd.get_id', 'memfd.*', 'memfd.get_id in kernel 1']) {
            assert.deepEqual(violated(allowed, fails), []);
        }
        assert.ok(violated('kill systemd', { crash: ['luod'] }).length > 0);
        assert.deepEqual(violated('kill luod', { crash: ['luod'] }), []);
    });

    test('always holds at every event, or the run fails at the first that breaks it', () => {
        const text = AGENT.replace('boot "7.2"', 'always { assert kho.outgoing.pages < 5, "few" }\n    boot "7.2"');
        assert.match(failureOf(correctProgram(text.replace('FINALLY', ''))) ?? '', /few/);
        assert.equal(failureOf(correctProgram(text.replace('FINALLY', '').replace('< 5', '< 5000'))), undefined);
    });

    test('two faults of one course', () => {
        const options = optionsOf({ fail: ['memfd.freeze', 'memfd.preserve'] }, { faults: 2 });
        const text = AGENT.replace('FINALLY', '').replace(
            'vm1.preserve_fd(ram, token: 1)',
            'r = try vm1.preserve_fd(ram, token: 1); vm1.preserve_fd(ram, token: 2) may fail EBUSY',
        );
        const found = explored(correctProgram(text), options);
        assert.ok(found.classes.some((c) => c.faults === 2));
        assert.equal(found.complete, true);
    });
});

suite('what a scenario asks for', () => {
    const text = `scenario "s" {
        explore { crash a; kernels "7.2", "7.3" }
        explore nightly { profile orders; faults 2 }
        boot "7.2"
        explore = 1
        log(explore)
    }`;

    test('a block with a name counts if it is named, and then alone', () => {
        const [scenario] = correctProgram(text).scenarios;
        assert.ok(scenario);
        assert.deepEqual(profilesOf(scenario), ['nightly']);
        const [usual, nightly] = [askedBy(scenario), askedBy(scenario, ['nightly'])];
        assert.deepEqual(usual.tried, [{ crash: ['a'] }, { kernels: ['7.2', '7.3'] }]);
        assert.equal(usual.faults, undefined);
        assert.deepEqual(nightly.tried, [{ orders: true, timers: true }]);
        assert.equal(nightly.faults, 2);
    });

    test('a profile that does not exist, and one that every scenario has', () => {
        const codes = (changed: string): string[] => errorsOf(programOf(changed)).map((e) => e.code);
        assert.deepEqual(codes(text.replace('profile orders', 'profile order')), ['LU0221']);
        assert.deepEqual(codes(text.replace('explore nightly', 'explore losses')), ['LU0204']);
    });
});

suite('choices as text', () => {
    test('a run whose choices are listed goes on from a checkpoint as it went on before', () => {
        const choosing = 'choosing "schedule #0: vmm", "schedule #2: other"';
        const program = correctProgram(REBOOT_RACE.replace('finds LU1032', choosing));
        endsTheSame(Run.start(program).host, { keep: (n) => n % 7 === 0, moreThan: 5 });
    });

    test('what is written is read back', () => {
        for (const choice of [
            { what: 'schedule', number: 7, pick: 'luod' },
            { what: 'memfd.freeze in kernel 2', number: 0, pick: 'EIO' },
        ]) {
            assert.deepEqual(choiceFrom(choiceText(choice)), choice);
        }
        assert.equal(choiceFrom('schedule 7 luod'), undefined);
    });
});
