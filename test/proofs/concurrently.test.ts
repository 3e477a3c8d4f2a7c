/**
 * Programs that nobody has thought of: processes that make random calls at the same time, under random schedules.
 * Every run ends, gives up what it has locked, and leaves LUO's books in order; what is handed over is whole.
 */
import assert from 'node:assert/strict';
import { Run } from '../../emulator/run/run';
import { processOf } from '../../emulator/runtime/host/scenario-process';
import type { Host } from '../../emulator/runtime/host/host';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { programOf } from '../support/programs';
import { Random } from '../support/random';
import { concurrentProgram } from '../support/random-programs';
import { endsTheSame } from '../support/checkpoints';
import { prints, run, SESSION, SLOW, start } from '../support/slow-handler';

/** Operations; far more than any of them takes. */
const LIMIT = 3e6;
const PROGRAMS = 40;

/** What holds of LUO whenever nobody is at it. */
function inOrder(host: Host): void {
    for (const thread of host.interpreter.threads) {
        const { name, locks, waiting } = thread;
        assert.deepEqual(
            { name, locks: locks.map((l) => l.name), waiting, killed: processOf(thread)?.killed ?? false },
            { name, locks: [], waiting: null, killed: false },
        );
    }
    const luo = host.kernel?.luo;
    assert.ok(luo);
    assert.ok(
        ![luo.serialize, luo.outgoing.lock, luo.incoming.lock].some((l) => l.holders.length + l.queue.length > 0),
    );
    const files = luo.outgoing.sessions.items.flatMap((s) => [...s.files.items]);
    assert.equal(luo.preservedFiles.size, files.length);
    assert.equal(luo.flbs.items[0]?.outgoing.count, files.filter((f) => f.handler.name === 'gpu_handler').length);
    assert.ok(
        luo.outgoing.sessions.items.every((s) => s.file !== null && s.file.refs > 0),
        'a session lives as long as a descriptor of it',
    );
    for (const s of luo.outgoing.sessions.items) {
        assert.equal(new Set(s.files.items.map((f) => f.token)).size, s.files.length);
    }
}

/** Everything that came along is taken back. */
const TAKE_BACK = (host: Host): string => `
    process last {
        lu = open("/dev/liveupdate")
        for name in ["one", "two"] {
            r = try lu.retrieve_session(name)
            if r >= 0 {
                s = r
                for t in 0..3 { f = try s.retrieve_fd(token: t) }
                s.finish()
            }
        }
    }
    assert kho.incoming.unclaimed == 0
    assert kernel.boot == ${host.boot}`;

/** Goes some statements ahead and back at every statement of what runs at the same time. */
function backAndForth(host: Host): void {
    for (let n = 1; ; n++) {
        if (host.interpreter.scheduler.active) {
            const saved = host.interpreter.checkpoint();
            for (let ahead = n % 4; ahead >= 0 && stepped(host); ahead--) {
                // what happens here must leave no trace
            }
            host.interpreter.restore(saved);
            host.machine.journal.drop(saved.mark);
        }
        if (!stepped(host)) {
            return;
        }
    }
}

function stepped(host: Host): boolean {
    host.interpreter.step('any');
    return host.interpreter.run(LIMIT)?.reason === 'step';
}

suite('concurrently: turns', function () {
    this.timeout(60_000);

    test('a process in an endless loop leaves the others their turns', () => {
        for (const seed of [0, 1, 2]) {
            assert.deepEqual(
                prints(
                    `scenario "s" {
                boot "7.2"
                process luod { kexec_file_load("7.2") }
                process vmm { ram = memfd_create("ram") }
                concurrently {
                    vmm { while true { ram.pwrite("x", at: 0) } }
                    luod { sleep 5ms; reboot(KEXEC) }
                }
                log(kernel.boot)
            }`,
                    seed,
                ),
                ['1'],
            );
        }
    });
});

suite('concurrently: random programs', () => {
    test('checkpoints at every statement bring them back', function () {
        this.timeout(120_000);
        for (let seed = 100; seed < 108; seed++) {
            const text = programOf(concurrentProgram(new Random(seed)));
            const { host } = Run.start(text, { seed });
            host.interpreter.run(LIMIT);
            const again = Run.start(text, { seed }).host;
            backAndForth(again);
            assert.equal(fingerprint(again), fingerprint(host), `seed ${seed}`);
        }
    });

    test(`${PROGRAMS} of them end, in order, the same way twice`, function () {
        this.timeout(120_000);
        let jumped = 0;
        let failed = 0;
        for (let seed = 1; seed <= PROGRAMS; seed++) {
            const source = concurrentProgram(new Random(seed));
            const go = (text: string): Host => {
                const { host } = Run.start(programOf(text), { seed });
                host.interpreter.run(LIMIT);
                assert.ok(
                    host.interpreter.outcome,
                    `seed ${seed} ends: ${host.interpreter.threads.map((t) => `${t.name} ${t.top?.code.name ?? ''} ${t.waiting?.kind ?? ''}`).join(', ')}\n${text}`,
                );
                assert.equal(host.interpreter.outcome?.failure?.message, undefined, `seed ${seed}: ${text}`);
                return host;
            };
            const host = go(source);
            inOrder(host);
            assert.equal(fingerprint(go(source)), fingerprint(host));
            if (host.boot === 1) {
                jumped++;
                go(source.replace(/\}\s*$/, `${TAKE_BACK(host)}\n}`));
            } else {
                failed++;
            }
        }
        assert.ok(jumped > 10 && failed > 10, `${jumped} reboots succeed, ${failed} do not`);
    });
});

suite('concurrently: the serialize lock', () => {
    const RACE = `${SLOW}
        scenario "s" {${SESSION}
            vmm { send vm1 to admin }
            concurrently {
                vmm { ram = memfd_create("ram"); ram.truncate(8KiB); vm1.preserve_fd(ram, token: 1); vm1.close() }
                admin { vm1.preserve_fd(memfd_create("more"), token: 2); vm1.close() }
                luod { for i in 0..4 { memfd_create("x").close() }; reboot(KEXEC) }
            }
            process luod {
                lu = open("/dev/liveupdate")
                r = try lu.retrieve_session("vm-1")
                if r >= 0 {
                    vm1 = r
                    one = try vm1.retrieve_fd(token: 1)
                    two = try vm1.retrieve_fd(token: 2)
                    vm1.finish()
                    log("session ", one >= 0, " ", two >= 0)
                } else { log("none") }
            }
            assert kho.incoming.unclaimed == 0
        }`;

    test('with every seed the run ends, and what is handed over is whole', () => {
        const ends = new Set<string>();
        for (let seed = 0; seed <= 200; seed++) {
            ends.add(
                prints(RACE, seed)
                    .filter((l) => l !== 'unpreserve' && l !== 'thaw')
                    .join(),
            );
        }
        assert.ok(ends.has('none'), 'both may close it before');
        assert.ok(ends.size >= 3, [...ends].join('; '));
    });

    test('at every statement, waits included, a checkpoint brings the run back', function () {
        this.timeout(120_000);
        for (const seed of [0, 3, 4, 11]) {
            const { host } = start(RACE, seed);
            assert.equal(
                endsTheSame(host, { keep: () => host.interpreter.scheduler.active, moreThan: 20 }),
                fingerprint(run(RACE, seed).host),
            );
        }
    });
});
