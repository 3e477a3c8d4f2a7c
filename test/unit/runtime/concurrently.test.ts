/**
 * Processes that run at the same time: the schedule, the kernel's locks, who waits for whom, and that every run ends.
 */
import { Diagnoses } from '../../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import type { Host } from '../../../emulator/runtime/host/host';
import { waitsFor } from '../../../emulator/runtime/waiting';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { Tracer } from '../../../emulator/trace/trace';
import { findingsOf, programOf } from '../../support/programs';
import { FOREVER } from '../../support/runs';
import { SESSION, SLOW, prints, run, start } from '../../support/slow-handler';

const SEEDS = Array.from({ length: 201 }, (_, i) => i);

suite('concurrently: the schedule', () => {
    const TWO = `scenario "s" {
        boot "7.2"
        process a, b
        concurrently {
            a { for i in 0..3 { memfd_create("x"); log("a", i) } }
            b { for i in 0..3 { memfd_create("x"); log("b", i) } }
        }
        log("end")
    }`;

    test('with seed 0 each runs for as long as it can, in the order of the blocks', () => {
        assert.deepEqual(prints(TWO), ['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'end']);
    });

    test('other seeds give other orders, and each the same one every time', () => {
        const orders = SEEDS.map((seed) => prints(TWO, seed).join(' '));
        assert.ok(new Set(orders).size > 15, `${new Set(orders).size} orders of 20 are seen`);
        assert.deepEqual(
            SEEDS.slice(0, 20).map((seed) => prints(TWO, seed).join(' ')),
            orders.slice(0, 20),
        );
        for (const order of orders) {
            assert.match(order, /a0.*a1.*a2/);
            assert.match(order, /b0.*b1.*b2/);
            assert.match(order, /end$/);
        }
    });

    test('who sleeps lets the others run, and time passes where all sleep', () => {
        assert.deepEqual(
            prints(`scenario "s" {
            boot "7.2"
            process a, b
            from = clock.now
            concurrently {
                a { sleep 3ms; log("a"); sleep 3ms; log("a again") }
                b { sleep 4ms; log("b") }
            }
            assert clock.now - from == 6ms
        }`),
            ['a', 'b', 'a again'],
        );
    });

    test('who sleeps until the same moment wakes, both', () => {
        assert.deepEqual(
            prints(`scenario "s" {
            boot "7.2"
            process a, b
            concurrently {
                a { sleep 3ms; log("a") }
                b { sleep 3ms; log("b") }
            }
        }`).toSorted(),
            ['a', 'b'],
        );
    });

    test('outside of it nothing is drawn', () => {
        const program = (body: string): string => `scenario "s" { boot "7.2"; process a, b; ${body} }`;
        const ends = [0, 5].map((seed) =>
            fingerprint(run(program('a { memfd_create("x") }; b { memfd_create("y") }'), seed).host),
        );
        assert.equal(ends[0], ends[1]);
    });

    test('a block starts its process, ends it with exit, and its variables are there behind it', () => {
        assert.deepEqual(
            prints(`scenario "s" {
            boot "7.2"
            process a
            concurrently {
                a { n = 3; exit }
                process b { m = memfd_create("x"); k = 4 }
            }
            b { m.truncate(k); assert m.size == 4 }
            process a { log("again") }
        }`),
            ['again'],
        );
    });

    test('a function of the scenario can ask for it', () => {
        assert.deepEqual(
            prints(`fn both() { concurrently { a { log("a") }; b { log("b") } } }
            scenario "s" { boot "7.2"; process a, b; both(); log("end") }`),
            ['a', 'b', 'end'],
        );
    });
});

suite('concurrently: the serialize lock', () => {
    const CLOSE = (more: string): string => `${SLOW}
        scenario "s" {${SESSION}
            vmm { vm1.preserve_fd(dev, token: 1) }
            ${more}
        }`;

    test('a close during a freeze that fails waits, and then goes on', () => {
        const log = prints(
            CLOSE(`inject EIO into "slow freeze"
            concurrently {
                luod { reboot(KEXEC) fails EIO; log("failed") }
                vmm { vm1.close(); log("closed") }
                admin { log(vmm.state, " ", vmm.waits_for); assert luo.serialize.held && luo.serialize.waiting == 1; assert luod.waits_for == "" }
            }
            assert session("vm-1") == none
            assert !luo.serialize.held && !luo.outgoing.lock.held`),
        );
        assert.deepEqual(log, [
            'D waits for the serialize lock, held by luod (reboot(KEXEC))',
            'failed',
            'unpreserve',
            'closed',
        ]);
    });

    test('after a freeze that succeeds what waits hangs until the jump, and the session is handed over whole', () => {
        assert.deepEqual(
            prints(
                CLOSE(`concurrently {
                luod { reboot(KEXEC) }
                vmm { vm1.close(); log("never") }
                admin { log(vmm.state) }
            }
            process luod {
                vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
                vm1.retrieve_fd(token: 1)
                vm1.finish()
            }`),
            ),
            ['D'],
        );
    });

    test('a preserve that takes long delays the reboot', () => {
        const log = prints(`${SLOW}
            scenario "s" {${SESSION}
                from = clock.now
                concurrently {
                    vmm { vm1.preserve_fd(dev, token: 1) }
                    luod { reboot(KEXEC) }
                    admin { log(luod.waits_for) }
                }
                assert clock.now - from > 2ms
                process luod { vm1 = open("/dev/liveupdate").retrieve_session("vm-1"); vm1.retrieve_fd(token: 1); vm1.finish() }
            }`);
        assert.deepEqual(log, ['waits for the serialize lock, held by vmm (preserve_fd)']);
    });

    test('a reply that stalls takes a second, in which the locks stay taken', () => {
        const log = prints(`scenario "s" {
            boot "7.2"
            process luod { kexec_file_load("7.2") }
            process vmm { vm1 = open("/dev/liveupdate").create_session("vm-1"); from = clock.now; vm1.get_name() with stalled_reply; assert clock.now - from >= 1s && clock.now - from < 1001ms }
            process admin
            start = clock.now
            concurrently {
                vmm { vm1.get_name() with stalled_reply; log("answered ", (clock.now - start) / 1s) }
                luod { reboot(KEXEC) }
                admin { log(vmm.state, " ", luod.waits_for); sleep 1500ms; log("late") }
            }
            log(kernel.boot)
        }`);
        assert.deepEqual(log, ['D waits for the serialize lock, held by vmm (get_name)', 'answered 1', '1']);
    });

    test('a writer who waits keeps later readers out', () => {
        const log = prints(`${SLOW}
            scenario "s" {${SESSION}
                vmm { send vm1 to admin }
                inject EIO into "slow freeze"
                concurrently {
                    vmm { vm1.preserve_fd(dev, token: 1) }
                    luod { reboot(KEXEC) fails EIO; log("reboot") }
                    admin { vm1.get_name(); log("name") }
                    process d { log(admin.waits_for) }
                }
            }`);
        assert.deepEqual(
            log[0],
            'waits for the serialize lock, held by vmm (preserve_fd), queued behind luod (reboot(KEXEC))',
        );
        assert.ok(log.indexOf('name') > log.indexOf('thaw') || log.indexOf('thaw') < 0);
        assert.deepEqual([...log].sort(), ['name', 'reboot', log[0] ?? ''].sort());
    });
});

suite('concurrently: what is said of it', () => {
    const WAITS = (ms: number): string => `${SLOW.replace('sleep 2ms', `sleep ${ms}ms`)}
        scenario "s" {${SESSION}
            concurrently {
                vmm { vm1.preserve_fd(dev, token: 1); vm1.close() }
                luod { reboot(KEXEC) }
            }
        }`;
    const said = (host: Host): readonly string[] =>
        (Diagnoses.of(host)?.found.items ?? [])
            .filter((d) => d.code === 'LU1031' || d.code === 'LU1032')
            .map((d) => `${d.code}: ${d.message}`);

    test('a reboot that waits for 10 ms and more, and who hangs until the jump', () => {
        const hangs =
            'LU1032: vmm is blocked in release session "vm-1" until the jump: it waits for the serialize lock, held by luod (reboot(KEXEC)).';
        assert.deepEqual(said(run(WAITS(2)).host), [hangs]);
        assert.deepEqual(said(run(WAITS(12)).host), [
            'LU1031: The reboot of luod waited 12 ms for the serialize lock, held by vmm (preserve_fd).',
            hangs,
        ]);
    });

    test('a trace has the waits, each as long as it lasted', () => {
        const { host } = start(WAITS(12), 0);
        const tracer = new Tracer(host);
        host.listeners.report(tracer);
        host.interpreter.run(FOREVER);
        const names = new Map(
            [
                ...host.interpreter.threads,
                ...tracer
                    .events()
                    .flatMap((e) =>
                        e.ph === 'M' && e.name === 'thread_name'
                            ? [{ id: e.tid, name: String(e.args['name']).replace(/ .*/, '') }]
                            : [],
                    ),
            ].map((t) => [t.id, t.name]),
        );
        const waits = tracer
            .events()
            .flatMap((e) =>
                e.ph === 'X' && e.cat === 'wait'
                    ? [[names.get(e.tid), e.name, e.args['held by'], Math.round(e.dur / 1000)]]
                    : [],
            );
        assert.deepEqual(waits, [
            ['luod', 'waits for the serialize lock', 'vmm', 12],
            // from the close to the jump: a freeze of 1 ms, and the shutdown
            ['vmm', 'waits for the serialize lock', 'luod', waits[1]?.[3]],
        ]);
        assert.ok(Number(waits[1]?.[3]) >= 1);
    });

    test('a lock that a callback leaves taken', () => {
        const { host } = run(`
            file nic at "/dev/nic" { lock: any; open() { lock = mutex("the lock"); lock.lock() }; release() { lock.unlock() } }
            scenario "s" { boot "7.2"; process p { n = open("/dev/nic"); n.close() } }`);
        assert.deepEqual(
            (Diagnoses.of(host)?.found.items ?? []).map((d) => d.message),
            ['p returns from open with the lock held: the next process that takes this lock waits forever.'],
        );
    });
});

suite('concurrently: signals and dead ends', () => {
    test('kill of a process that waits for a lock: it stays until it has it', () => {
        const log = prints(`${SLOW}
            scenario "s" {${SESSION}
                vmm { vm1.preserve_fd(dev, token: 1); other = open("/dev/slow") }
                inject EIO into "slow freeze"
                concurrently {
                    luod { reboot(KEXEC) fails EIO; log("failed") }
                    vmm { vm1.preserve_fd(other, token: 2); log("never") }
                    admin { kill vmm; log(vmm.state) }
                }
                assert session("vm-1") == none
                process vmm { log("again") }
            }`);
        assert.deepEqual(log, ['D', 'failed', 'unpreserve', 'unpreserve', 'again']);
    });

    test('kill of one that runs, sleeps, has not begun, has ended, takes no part, or is oneself', () => {
        for (const seed of SEEDS.slice(0, 40)) {
            prints(
                `scenario "s" {
                boot "7.2"
                process a, b, c, d, e
                e { m = memfd_create("m") }
                concurrently {
                    a { kill b; kill c; kill d; kill e; kill a; assert false }
                    b { while true { memfd_create("x").close() } }
                    c { sleep 100s }
                    d { n = 1; exit }
                }
                process a, b, c, d, e
                assert clock.now < 1s
            }`,
                seed,
            );
        }
    });

    test('who sends to a process that was killed meanwhile gets EPIPE', () => {
        prints(`scenario "s" {
            boot "7.2"
            process a { m = memfd_create("m") }
            process b, c
            concurrently {
                b { sleep 10s }
                c { kill b }
                a { sleep 1ms; send m to b  fails EPIPE }
            }
        }`);
    });

    test('a deadlock fails the scenario and names who waits for whom', () => {
        const { failure, host } = run(`
            file nic at "/dev/nic" {
                ring: any
                open() { ring = mutex("the ring lock") }
            }
            handler nic_handler "nic-v1" for nic {
                can_preserve(file) { return file.kind == nic }
                preserve(args) { args.file.ring.lock(); args.file.ring.lock() }
                unpreserve(args) { }
                retrieve(args) { args.file = new nic() }
                finish(args) { }
            }
            kernel "nic" from "7.2" { handlers + nic_handler }
            scenario "s" {
                boot "nic"
                process luod, vmm
                vmm { vm1 = open("/dev/liveupdate").create_session("vm-1"); nic0 = open("/dev/nic") }
                luod { kexec_file_load("nic") }
                concurrently {
                    vmm { vm1.preserve_fd(nic0, token: 1) }
                    luod { reboot(KEXEC) }
                }
            }`);
        assert.equal(
            failure,
            'deadlock: vmm waits for the ring lock, held by itself; luod waits for the serialize lock, held by vmm (preserve_fd).',
        );
        const thread = host.processNamed('luod')?.thread;
        assert.ok(thread);
        assert.equal(
            waitsFor(host.interpreter.threads, thread),
            'waits for the serialize lock, held by vmm (preserve_fd)',
        );
    });

    test('a lock that is not held cannot be given up; one that is held twice alone is a deadlock without others, too', () => {
        const kernel = (init: string): string =>
            `kernel "k" from "7.2" { init { m = mutex("m"); ${init} } }; scenario "s" { boot "k" }`;
        assert.match(run(kernel('m.unlock()')).failure, /unlocks m, which it does not hold/);
        assert.match(run(kernel('m.lock(); m.lock()')).failure, /deadlock: kernel waits for m, held by itself/);
        assert.equal(
            run(
                kernel(
                    'm.down_write(); m.up_write(); m.lock(); m.unlock(); m.guard(); assert m.held && m.holders.length == 1',
                ),
            ).failure,
            '',
        );
    });
});

suite('concurrently: what the checker says', () => {
    const codes = (body: string): readonly string[] =>
        findingsOf(programOf({ 'a.lus': `scenario "s" { boot "7.2"; process a, b; ${body} }` }));

    test('only blocks, each of another process, at scenario level', () => {
        assert.deepEqual(codes('concurrently { a { log("x") }  b { log("y") } }'), []);
        assert.match(codes('concurrently { a { log("x") }  7 }').join(), /LU0116/);
        assert.match(codes('a { if 1 == 1 { log("x") }  log("y") }').join(), /LU0116/);
        assert.match(
            codes('concurrently\n{ a { log("x") } }').join(),
            /^[^,]*LU0123: The `{` of this `concurrently` block belongs on the line before\.$/,
        );
        assert.match(codes('concurrently { a { log("x") }; kill b }').join(), /LU0416.*Only process blocks/);
        assert.match(
            codes('concurrently { a { log("x") }; a { log("y") } }').join(),
            /LU0416.*`a` already has a block here/,
        );
        assert.match(codes('a { concurrently { b { log("x") } } }').join(), /LU0401/);
        assert.match(codes('concurrently { c { log("x") } }').join(), /LU0205/);
        assert.deepEqual(
            codes('concurrently { a { log("x") }; b { log("y") } }; concurrently = 1; log(concurrently)'),
            [],
        );
    });

    test('what a block does to the kernel and to processes holds behind it', () => {
        assert.match(
            codes(
                'concurrently { a { kexec_file_load("7.2"); reboot(KEXEC) }; b { log("x") } }; b { log("y") }',
            ).join(),
            /LU0206.*ended it/,
        );
        assert.match(codes('concurrently { a { kill b }; b { log("x") } }; b { log("y") }').join(), /LU0206/);
        assert.match(
            codes('concurrently { a { m = memfd_create("x") }; b { exit } }; a { m.close() }; b { log("x") }').join(),
            /LU0206/,
        );
        assert.deepEqual(
            codes(
                'concurrently { a { m = memfd_create("x") }; b { n = memfd_create("y") } }; a { m.close() }; b { n.close() }',
            ),
            [],
        );
        assert.deepEqual(
            codes(
                'concurrently { a { kexec_file_load("7.2"); reboot(KEXEC) may fail EIO }; b { log("x") } }; b { log("y") }',
            ),
            [],
        );
    });
});
