/** Virtual time: what charges it, which figure counts, the phases of updates, traces. */
import { type Update, Updates } from '../../../emulator/diagnosis/updates';
import assert from 'node:assert/strict';
import { updateLine, updatesOf } from '../../../emulator/diagnosis/update-report';
import { duration } from '../../../emulator/text/durations';
import { Clock } from '../../../emulator/machine/clock';
import { COST_NAMES, type CostChanges, costId, COSTS, ratesOf } from '../../../emulator/machine/costs';
import { Journal } from '../../../emulator/machine/journal';
import { Run } from '../../../emulator/run/run';
import type { Checkpoint } from '../../../emulator/runtime/stop';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { programOf } from '../../support/programs';
import { FOREVER } from '../../support/runs';
import { FREE, onlyFor, ran, updates, WAITING } from '../../support/timed-runs';

const MIB = 2 ** 20;

suite('clock', () => {
    test('a charge is the figure times the count; bytes are counted by the MiB, in whole nanoseconds', () => {
        const clock = new Clock(new Journal());
        clock.charge(costId('syscall'));
        clock.charge(costId('restore_page'), 512);
        assert.equal(clock.now, COSTS.syscall.ns + 512 * COSTS.restore_page.ns);
        const before = clock.now;
        clock.chargeBytes(costId('copy'), 100);
        assert.equal(clock.now - before, Math.round((100 * COSTS.copy.ns) / MIB));
        assert.equal(
            clock.now,
            clock.spent.reduce((sum, ns) => sum + ns, 0),
            'every nanosecond is on an account',
        );
    });

    test('going back takes time, accounts and figures back', () => {
        const journal = new Journal();
        const clock = new Clock(journal);
        clock.charge(costId('jump'));
        const { now, spent } = clock;
        const mark = journal.mark();
        clock.setRates(ratesOf({ jump: 5 }));
        clock.charge(costId('jump'));
        assert.equal(clock.now, now + 5);
        journal.restore(mark);
        assert.equal(clock.now, now);
        assert.deepEqual(clock.spent, spent);
        clock.charge(costId('jump'));
        assert.equal(clock.now, now + COSTS.jump.ns);
    });

    test('of several changes of a figure the last one counts', () => {
        assert.equal(ratesOf({ jump: 5 }, { jump: 6, copy: 7 }, { copy: 8 })[costId('jump')], 6);
        assert.equal(ratesOf({ jump: 5 }, { jump: 6, copy: 7 }, { copy: 8 })[costId('copy')], 8);
    });
});

suite('what takes time', () => {
    test('nothing but the table and sleep', () => {
        const { host } = ran(WAITING, { costs: FREE });
        assert.equal(host.machine.clock.now, 31e6);
        assert.equal(host.machine.clock.spent[COST_NAMES.indexOf('sleep')], 31e6);
    });

    test('each cost of the table is charged where its work is done', () => {
        const text = `
            flb core "core-v1" {
                preserve(args)   { args.data = 1 }
                unpreserve(args) { }
                retrieve(args)   { args.obj = 1 }
                finish(args)     { }
            }
            scenario "all of it" {
                boot "7.2"
                process p {
                    lu = open("/dev/liveupdate")
                    s  = lu.create_session("s")
                    m  = memfd_create("m")
                    m.truncate(64KiB)
                    m.pwrite(pattern(1, 8KiB), at: 0)
                    s.preserve_fd(m, token: 1)
                    t  = lu.create_session("t")
                    t.preserve_fd(memfd_create("n"), token: 1)
                    t.close()
                    guest = kvm.create_vm("guest", vcpus: 1, memory: m)
                    guest.run(dirty: 1MiB/s)
                    guest.pause()
                    guest.save(memfd_create("state"))
                    guest.close()
                    kexec_file_load("7.2")
                    memfd_create("movable").pwrite("x", at: 0)
                }
                compact_memory()
                p { reboot(KEXEC) }
                process p { lu = open("/dev/liveupdate"); s = lu.retrieve_session("s"); m = s.retrieve_fd(token: 1); s.finish(); exit }
                boot "7.2"
            }`;
        const { spent } = ran(text).host.machine.clock;
        // those of devices, confidential guests, processors that are set aside and capture kernels need some
        const others = /^(?:device|pci|iommu|tee|cpu|nvme|vram)_|^(?:vcpu_adopt|vmcore)$/;
        const idle = COST_NAMES.filter((name, i) => spent[i] === 0 && !others.test(name));
        assert.deepEqual(idle, ['sleep']);
    });

    test('preserving takes its time for each folio, retrieving for each folio and page', () => {
        const text = (huge: boolean): string => `
            scenario "s" {
                boot "7.2"
                process p {
                    lu = open("/dev/liveupdate")
                    s  = lu.create_session("s")
                    m  = memfd_create("m", huge: ${huge})
                    m.truncate(8MiB)
                    m.pwrite(pattern(1, 8MiB), at: 0)
                    before = clock.now
                    s.preserve_fd(m, token: 1)
                    log(clock.now - before)
                    kexec_file_load("7.2")
                    reboot(KEXEC)
                }
                process p { lu = open("/dev/liveupdate"); s = lu.retrieve_session("s"); before = clock.now; s.retrieve_fd(token: 1); log(clock.now - before) }
            }`;
        const times = (huge: boolean, costs: CostChanges): number[] => {
            const said: number[] = [];
            const { host } = Run.start(programOf({ 't.lus': text(huge) }), { costs: { ...FREE, ...costs } });
            host.listeners.report({ log: (line) => line.level === 'log' && said.push(Number(line.text)) });
            host.interpreter.run(FOREVER);
            return said;
        };
        // besides the folios: a block of LUO's, the page of the handler's data, and the array of folios with the page
        // that describes it
        const [small, none] = times(false, { preserve_folio: 1000 });
        const [large] = times(true, { preserve_folio: 1000 });
        assert.ok(small !== undefined && large !== undefined);
        assert.equal(none, 0);
        assert.equal(Math.floor(small / 1000), 2048 + Math.ceil((2048 * 16) / 4096) + 3);
        assert.equal(Math.floor(large / 1000), 4 + 1 + 3);
        const [, restored] = times(true, { restore_folio: 1000, restore_page: 1 });
        assert.equal(restored, 1000 * (4 + 1 + 2) + 4 * 512 + 1 + 2);
    });

    test('lines of the kernel log say when they were written', () => {
        const { host } = ran(WAITING);
        const times = host.kernel?.log.items.map((l) => l.time) ?? [];
        assert.ok(times.length > 2);
        assert.deepEqual(
            times,
            times.toSorted((a, b) => a - b),
        );
        const [update] = updates(host);
        assert.ok(update?.jumped && times.every((t) => t >= (update.jumped ?? 0)));
    });
});

suite('which figure counts', () => {
    const program = (machine: string, kernel: string, statement: string): string => `
        machine { memory 2GiB; ${machine} }
        kernel "k" from "7.2" { ${kernel} }
        kernel "made from k" from "k" { }
        scenario "s" {
            boot "7.2"
            ${statement}
            process p { kexec_file_load("made from k"); reboot(KEXEC) }
        }`;
    const startup = (text: string, costs?: CostChanges): number => {
        const [update] = updates(ran(text, { costs: { ...onlyFor('boot_initcalls'), ...costs } }).host);
        return update?.kernelStartup ?? -1;
    };

    test('table, machine, kernel, statement, and what --vary says', () => {
        const all = ['cost boot_initcalls 2ms', 'cost boot_initcalls 3ms', 'cost boot_initcalls 4ms'] as const;
        assert.equal(startup(program('', '', '')), COSTS.boot_initcalls.ns);
        assert.equal(startup(program(all[0], '', '')), 2e6);
        assert.equal(startup(program(all[0], all[1], '')), 3e6);
        assert.equal(startup(program(all[0], all[1], all[2])), 4e6);
        assert.equal(startup(program(...all), { boot_initcalls: 5e6 }), 5e6);
    });

    test("a kernel's figures go with it", () => {
        const text = `
            kernel "slow" from "7.2" { cost process_start 7ms }
            scenario "s" { boot "slow"; process p { kexec_file_load("7.2"); reboot(KEXEC) }; process q }`;
        assert.equal(
            ran(text, { costs: onlyFor('process_start') }).host.machine.clock.now,
            7e6 + COSTS.process_start.ns,
        );
    });

    test('what cannot be a cost is a finding', () => {
        const codes = (text: string): string[] =>
            programOf({ 't.lus': text }).diagnostics.map((d) => `${d.code} ${d.message.slice(-36)}`);
        assert.deepEqual(
            codes('machine { memory 1GiB; cost coyp 2us }\nscenario "s" { boot "7.2" }').map((c) => c.slice(0, 6)),
            ['LU0218'],
        );
        assert.match(
            codes('machine { memory 1GiB; cost coyp 2us }\nscenario "s" { boot "7.2" }').join(),
            /Did you mean `copy`\?/,
        );
        assert.match(codes('machine { memory 1GiB; cost copy }\nscenario "s" { boot "7.2" }').join(), /LU0304/);
        assert.match(codes('machine { memory 1GiB; cost copy "1" }\nscenario "s" { boot "7.2" }').join(), /LU0312/);
        assert.match(codes('machine { memory 1GiB; cost copy 0 - 1 }\nscenario "s" { boot "7.2" }').join(), /LU0311/);
        assert.match(codes('kernel "k" { cost sleep 2us }\nscenario "s" { boot "k" }').join(), /LU0218/);
        assert.match(codes('kernel "k" { cost copy on }\nscenario "s" { boot "k" }').join(), /LU0301/);
        assert.match(codes('scenario "s" { boot "7.2"; cost jump "x" }').join(), /LU0301/);
        assert.match(codes('scenario "s" { boot "7.2"; cost jupm 1ms }').join(), /LU0218/);
        assert.match(codes('kernel "k" { init { cost copy 1us } }\nscenario "s" { boot "k" }').join(), /LU0401/);
    });

    test('a figure below nothing fails where it is set', () => {
        assert.match(
            ran('scenario "s" { boot "7.2"; n = 3; cost copy n - 4 }', { mayFail: true }).host.interpreter.outcome
                ?.failure?.message ?? '',
            /a cost cannot be negative: -1 ns/,
        );
    });

    test('cost is a word only in front of a name', () => {
        ran('scenario "s" { boot "7.2"; cost = 3; cost += 1; assert cost == 4 }');
    });
});

suite('phases of an update', () => {
    test('each begins where the talk says', () => {
        const [u] = updates(ran(WAITING, { costs: FREE }).host);
        assert.ok(u);
        assert.deepEqual(
            [u.prepared, u.blackoutBegan, u.resumed, u.finished].map((ns) => (ns ?? -1) / 1e6),
            [1, 3, 7, 15],
        );
        assert.deepEqual(
            [u.preBlackout, u.blackout, u.kernelShutdown, u.kernelStartup, u.userspace, u.postBlackout].map(
                (ns) => ns / 1e6,
            ),
            [2, 4, 0, 0, 4, 8],
        );
        assert.equal(u.phase, 'post-lu');
        assert.deepEqual([u.files, u.sessions, u.from, u.to], [1, 1, '7.2', '7.2']);
        assert.deepEqual(u.shares, [{ cost: 'sleep', ns: 4e6 }]);
    });

    test('the parts are the whole, and the shares too', () => {
        const [u] = updates(ran(WAITING).host);
        assert.ok(u);
        assert.equal(u.kernelShutdown + u.kernelStartup + u.userspace, u.blackout);
        assert.equal(
            u.shares.reduce((sum, s) => sum + s.ns, 0),
            u.blackout,
        );
        assert.ok(u.shares.every((s, i, all) => i === 0 || s.ns <= (all[i - 1]?.ns ?? 0)));
    });

    test('the blackout begins with the first freeze; where nothing freezes, with the system call', () => {
        const rebooting = (text: string): { readonly called: number; readonly update: Update } => {
            const { host } = Run.start(programOf(text), { costs: { ...FREE, syscall: 1000 } });
            let called = -1;
            host.listeners.report({
                kernelEntered: ({ kind }) => {
                    called = kind === 'reboot' ? host.machine.clock.now : called;
                },
            });
            host.interpreter.run(FOREVER);
            const [update] = updates(host);
            assert.ok(update);
            return { called, update };
        };
        const { called, update } = rebooting(WAITING);
        assert.equal(update.blackoutBegan, called + 1000);
        assert.equal(update.frozen, true);
        const empty = rebooting(
            WAITING.replace('vm1.preserve_fd(ram, token: 1)', '').replace('ram = vm1.retrieve_fd(token: 1)', ''),
        );
        assert.equal(empty.update.blackoutBegan, empty.called);
        assert.equal(empty.update.frozen, false);
    });

    test('an update is prepared from the call on that prepares it, whatever other processes call meanwhile', () => {
        const program = programOf(`
scenario "s" {
    boot "7.2"
    process luod, other
    concurrently {
        luod  { lu = open("/dev/liveupdate"); vm1 = lu.create_session("vm-1") }
        other { ram = memfd_create("ram"); ram.truncate(4096); ram.truncate(8192) }
    }
}`);
        let meanwhile = 0;
        for (let seed = 1; seed <= 10; seed++) {
            const { host } = Run.start(program, { seed });
            let called = -1;
            host.listeners.report({
                kernelEntered: ({ name }) => {
                    if (name === 'create_session') {
                        called = host.machine.clock.now;
                    } else if (called >= 0 && Updates.of(host)?.items[0]?.prepared === null) {
                        meanwhile++;
                    }
                },
            });
            host.interpreter.run(FOREVER);
            assert.ok(called > 0);
            assert.equal(Updates.of(host)?.items[0]?.prepared, called, `seed ${seed}`);
        }
        assert.ok(meanwhile > 0);
    });

    test('where a guest stands still the blackout has begun and grows, and is taken back where it goes on', () => {
        ran(`
scenario "s" {
    boot "7.2"
    process vmm {
        ram   = memfd_create("ram")
        ram.truncate(4MiB)
        state = memfd_create("state")
        state.truncate(4KiB)
        slow  = kvm.create_vm("slow", memory: ram)
        slow.run()
        other = memfd_create("other")
        other.truncate(4MiB)
        fast  = kvm.create_vm("fast", memory: other)
        fast.run()
        slow.pause()
        sleep 3ms
        assert update.phase == "pre-lu" && update.blackout == 0
        slow.resume()
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(ram, token: 1)
        s.preserve_fd(state, token: 2)
        sleep 1ms
        assert update.phase == "pre-blackout" && update.blackout == 0
        slow.pause()
        sleep 2ms
        fast.pause()
        sleep 2ms
        assert update.phase == "blackout" && update.blackout == vm("slow").blackout && update.pausing == update.blackout
        assert update.spent("sleep") == 4ms && update.blackout >= 4ms && update.kernel_shutdown == 0
        slow.resume()
        fast.resume()
        assert update.phase == "pre-blackout" && update.blackout == 0
        fast.close()
        slow.pause()
        slow.save(state)
        sleep 5ms
        kexec_file_load("7.2")
        before = update.blackout
        at handover { assert update.phase == "blackout" && update.blackout > vmm.before && update.kernel_shutdown > 0 }
        reboot(KEXEC)
    }
    assert update.phase == "blackout" && update.blackout == vm("slow").blackout && update.kernel_startup > 0
}`);
    });

    test('without guests it has begun with the first freeze, and not before', () => {
        ran(`
file gpu at "/dev/gpu" { }
handler gpus "gpu-v1" for gpu {
    can_preserve(file) { return file.kind == gpu }
    preserve(args)     { args.serialized_data = 1; assert update.phase == "pre-blackout" }
    unpreserve(args)   { }
    freeze(args)       { assert update.phase == "blackout" && update.pausing == 0 }
    unfreeze(args)     { }
    retrieve(args)     { args.file = new gpu() }
    finish(args)       { }
}
kernel "k" from "7.2" { handlers + gpus }
scenario "s" {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/gpu"), token: 1)
        kexec_file_load("k")
        reboot(KEXEC)
    }
}`);
    });

    test('a reboot that fails begins no blackout; the next one does', () => {
        const text = WAITING.replace(
            'reboot(KEXEC)',
            'inject EIO into memfd.freeze; reboot(KEXEC)  fails EIO; assert update.phase == "pre-blackout"; assert update.blackout == 0; sleep 32ms; reboot(KEXEC)',
        );
        const [u, ...more] = updates(ran(text, { costs: FREE }).host);
        assert.deepEqual(more, []);
        assert.deepEqual([u?.preBlackout, u?.blackout], [34e6, 4e6]);
    });

    test('without files it ends when user space is up; without a session it is over then', () => {
        const [u] = updates(
            ran('scenario "s" { boot "7.2"; process p { kexec_file_load("7.2"); reboot(KEXEC) }; sleep 9ms }').host,
        );
        assert.equal(u?.resumed, u?.up);
        assert.equal(u?.finished, u?.up);
        assert.equal(u?.userspace, 0);
    });

    test('kexec_load hands nothing over', () => {
        const [u] = updates(ran(WAITING.replace('kexec_file_load', 'kexec_load'), { mayFail: true }).host);
        assert.deepEqual([u?.files, u?.sessions, u?.phase], [0, 0, 'post-lu']);
    });

    test('files that nobody retrieves keep it black; finishing without them ends it', () => {
        const { host } = ran(
            WAITING.replace('ram = vm1.retrieve_fd(token: 1)\n', '').replace('vm1.finish()', 'log("no finish")'),
            { costs: FREE },
        );
        const [u] = updates(host);
        assert.equal(u?.phase, 'blackout');
        assert.equal(u?.blackout, 28e6);
        const reports = updatesOf(host);
        assert.equal(reports[0]?.blackoutNs, null);
        assert.equal(reports[0]?.kernelStartupNs, 0);
        assert.equal(reports[0] && updateLine(reports[0], reports), 'the blackout never ended: nothing was retrieved');
        const [discarded] = updates(
            ran(WAITING.replace('ram = vm1.retrieve_fd(token: 1)\n', ''), { costs: FREE }).host,
        );
        assert.deepEqual([discarded?.phase, discarded?.blackout, discarded?.postBlackout], ['post-lu', 12e6, 0]);
    });

    test('sessions that the next kernel does not find are not finished', () => {
        const lost = WAITING.replace('boot "7.2"', 'boot "7.0"').replace(
            /vm1 = lu\.retrieve[\s\S]*sleep 16ms/,
            'sleep 4ms',
        );
        const { host } = ran(lost, { costs: FREE });
        assert.deepEqual(
            updates(host).map((u) => [u.phase, u.sessions, u.arrived]),
            [['blackout', 1, 0]],
        );
    });

    test('the last session counts, finished or closed', () => {
        const two = WAITING.replace(
            'sleep 2ms',
            'vm2 = lu.create_session("vm-2"); vm2.preserve_fd(memfd_create("more"), token: 1); sleep 2ms',
        ).replace(
            'sleep 16ms',
            'vm2 = lu.retrieve_session("vm-2"); sleep 16ms; more = vm2.retrieve_fd(token: 1); sleep 32ms; vm2.close()',
        );
        const [u] = updates(ran(two, { costs: FREE }).host);
        assert.deepEqual([u?.blackout, u?.postBlackout], [28e6, 32e6]);
    });

    test("several updates in a row are told apart; preparing one does not wait for the other's end", () => {
        const again = WAITING.replace(
            '        vm1.finish()\n        sleep 16ms\n    }',
            `
        next = lu.create_session("vm-2")
        next.preserve_fd(memfd_create("x"), token: 1)
        assert update.number == 2
        assert update.phase == "pre-blackout"
        vm1.finish()
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
    process luod { lu = open("/dev/liveupdate"); s = lu.retrieve_session("vm-2"); s.retrieve_fd(token: 1); s.finish() }
    assert update.number == 2
    assert update.phase == "post-lu"`,
        );
        const { host } = ran(again, { costs: FREE });
        assert.deepEqual(
            updates(host).map((u) => [u.number, u.phase, u.blackout]),
            [
                [1, 'post-lu', 4e6],
                [2, 'post-lu', 0],
            ],
        );
        const reports = updatesOf(host);
        assert.match(reports[0] ? updateLine(reports[0], reports) : '', /^update 1: blackout 4 ms: sleep 4 ms$/);
    });

    test('a kernel that panics takes the update with it; the firmware takes its time', () => {
        const text = `
            kernel "broken" from "7.2" { early_memory 400MiB }
            scenario "s" {
                boot "7.2"
                process p {
                    lu = open("/dev/liveupdate")
                    s  = lu.create_session("s")
                    s.preserve_fd(memfd_create("m"), token: 1)
                    kexec_file_load("broken")
                    reboot(KEXEC)  panics
                }
                assert update.phase == "blackout"
                boot "7.2"
                process p { lu = open("/dev/liveupdate"); s = lu.create_session("s") }
                assert update.number == 2
                assert update.phase == "pre-blackout"
            }`;
        const { host } = ran(text, { costs: onlyFor('firmware') });
        assert.deepEqual(
            updates(host).map((u) => u.lost),
            [true],
        );
        assert.equal(host.machine.clock.now, COSTS.firmware.ns);
    });

    test('going back takes the phases back', () => {
        const { host } = Run.start(programOf({ 't.lus': WAITING }));
        const marks: {
            readonly saved: Checkpoint;
            readonly phase: string | undefined;
            readonly now: number;
        }[] = [];
        for (let over = false; !over; ) {
            host.interpreter.step('in');
            const stop = host.interpreter.run(FOREVER);
            over = stop?.reason === 'end';
            marks.push({
                saved: host.interpreter.checkpoint(),
                phase: Updates.of(host)?.current.phase,
                now: host.machine.clock.now,
            });
        }
        const end = fingerprint(host);
        assert.deepEqual(
            [...new Set(marks.map((m) => m.phase))],
            ['pre-lu', 'pre-blackout', 'blackout', 'post-blackout', 'post-lu'],
        );
        for (const m of marks.filter((_, i) => i % 7 === 0).reverse()) {
            host.interpreter.restore(m.saved);
            assert.deepEqual([Updates.of(host)?.current.phase, host.machine.clock.now], [m.phase, m.now]);
            host.interpreter.run(FOREVER);
            assert.equal(fingerprint(host), end);
        }
    });
});

suite('times in words', () => {
    test('three digits, and the unit that suits', () => {
        assert.deepEqual(
            [0, 80, 999, 1000, 1500, 999_499, 999_600, 36_100_000, 230_212_935, 1_380_000_000, 20e9, 1234e9].map(
                duration,
            ),
            [
                '0 ns',
                '80 ns',
                '999 ns',
                '1 µs',
                '1.5 µs',
                '999 µs',
                '1 ms',
                '36.1 ms',
                '230 ms',
                '1.38 s',
                '20 s',
                '1234 s',
            ],
        );
    });
});
