/** What the kernel's locks are for: processes that get in each other's way in LUO, with many schedules. */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { Run } from '../../emulator/run/run';
import { programOf } from '../support/programs';
import { FOREVER } from '../support/runs';

const SEEDS = Array.from({ length: 25 }, (_, i) => i);

const GPU = `
flb bus "bus-v1" {
    preserve(args)   { log("bus preserve"); args.data = 1; args.obj = 1 }
    unpreserve(args) { log("bus unpreserve") }
    retrieve(args)   { log("bus retrieve"); args.obj = 1 }
    finish(args)     { log("bus finish") }
}
file gpu at "/dev/gpu0" { ring: u32 = 0 }
handler gpu_handler "gpu-v1" for gpu uses bus {
    can_preserve(file) { return file.kind == gpu }
    preserve(args)     { log("preserve"); args.serialized_data = 1 }
    unpreserve(args)   { log("unpreserve") }
    freeze(args)       { return -should_fail("freeze") }
    retrieve(args)     { log("retrieve"); args.file = new gpu(ring: 7) }
    can_finish(args)   { return args.retrieve_status > 0 }
    finish(args)       { log("finish") }
}
kernel "gpu" from "7.2" { handlers + gpu_handler; init { if (try bus.get_incoming()) == 0 { bus.put_incoming() } } }
`;

/** What a run logs; it must pass. */
function logOf(source: string, seed: number): string[] {
    const { host } = Run.start(programOf(source), { seed });
    const log: string[] = [];
    host.listeners.report({ log: (l) => void (l.level === 'log' && log.push(l.text)) });
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined, `seed ${seed}`);
    for (const thread of host.interpreter.threads) {
        assert.deepEqual([thread.locks.length, thread.waiting], [0, null], `seed ${seed}: ${thread.name}`);
    }
    return log;
}

/** The different logs of all seeds. */
function logsOf(source: string): Set<string> {
    return new Set(SEEDS.map((seed) => logOf(source, seed).join(', ')));
}

const count = (log: string, what: string): number => log.split(', ').filter((l) => l === what).length;

suite('races: preserving', () => {
    const two = (
        a: string,
        b: string,
        end = 'log(session("one").count, " ", session("two").count)',
    ): string => `${GPU} scenario "s" {
        boot "gpu"
        process a, b
        a {
            lu = open("/dev/liveupdate")
            s = lu.create_session("one"); t = lu.create_session("two")
            dev = open("/dev/gpu0")
            send s to b; send t to b; send dev to b
        }
        b { own = open("/dev/gpu0") }
        concurrently { a { ${a} }; b { ${b} } }
        assert !luo.serialize.held
        ${end}
    }`;

    test('one token in one session from two processes: one has it, the other EEXIST', () => {
        for (const log of logsOf(
            two(
                'r = try s.preserve_fd(dev, token: 1); log("a ", r)',
                'r = try s.preserve_fd(own, token: 1); log("b ", r)',
            ),
        )) {
            assert.equal(count(log, 'preserve'), 1);
            assert.equal(count(log, 'bus preserve'), 1);
            assert.equal(count(log, 'a 0') + count(log, 'b 0'), 1, log);
            assert.equal(count(log, 'a -17') + count(log, 'b -17'), 1, log);
            assert.match(log, /1 0$/);
        }
    });

    test('one file in two sessions from two processes: one has it, the other EBUSY', () => {
        const logs = logsOf(
            two(
                'r = try s.preserve_fd(dev, token: 1); log("a ", r)',
                'r = try t.preserve_fd(dev, token: 1); log("b ", r)',
            ),
        );
        assert.ok(logs.size > 2, 'both win');
        for (const log of logs) {
            assert.equal(count(log, 'preserve'), 1);
            assert.equal(count(log, 'a -16') + count(log, 'b -16'), 1, log);
        }
    });

    test('files that share an FLB: it is preserved once, and unpreserved with the last', () => {
        for (const log of logsOf(
            two(
                's.preserve_fd(dev, token: 1); s.close()',
                't.preserve_fd(own, token: 1); s.close(); t.close()',
                'a { t.close() }',
            ),
        )) {
            assert.equal(count(log, 'preserve'), 2);
            assert.equal(count(log, 'unpreserve'), 2);
            assert.equal(count(log, 'bus preserve'), count(log, 'bus unpreserve'));
            assert.ok(count(log, 'bus preserve') <= 2);
            let there = false;
            for (const line of log.split(', ').filter((l) => l.startsWith('bus'))) {
                assert.equal(line, there ? 'bus unpreserve' : 'bus preserve');
                there = !there;
            }
        }
    });

    test('sessions of one name from two processes: one is there, the other EEXIST; the device has one opener', () => {
        for (const log of logsOf(`scenario "s" {
            boot "7.2"
            process a, b
            concurrently {
                a { r = try open("/dev/liveupdate"); if r >= 0 { lu = r; x = try lu.create_session("vm"); log("a ", x >= 0); send lu to b } else { log("a ", r) } }
                b { r = try open("/dev/liveupdate"); if r >= 0 { lu = r; x = try lu.create_session("vm"); log("b ", x >= 0) } else { log("b ", r) } }
            }
            assert session("vm") != none
        }`)) {
            assert.ok(['a true, b -16', 'b -16, a true', 'b true, a -16', 'a -16, b true'].includes(log), log);
        }
    });

    test('what is written and truncated while a memfd is preserved waits for its inode', () => {
        const logs = logsOf(
            `scenario "s" {
            boot "7.2"
            process a, b
            a {
                s = open("/dev/liveupdate").create_session("vm")
                ram = memfd_create("ram"); ram.truncate(16KiB)
                send ram to b
            }
            concurrently {
                a { s.preserve_fd(ram, token: 1) }
                b {
                    n = ram.pwrite("x", at: 4096)
                    r = try ram.truncate(8KiB)
                    log(r)
                }
                process c { log(b.state, " ", b.waits_for) }
            }
            assert a.ram.size == 8KiB || a.ram.size == 16KiB
        }`.replace(
                'assert a.ram.size == 8KiB || a.ram.size == 16KiB',
                'a { assert ram.size == 8KiB || ram.size == 16KiB; log(ram.size) }',
            ),
        );
        const all = [...logs];
        assert.ok(
            all.some((l) => /D waits for the lock of inode \d+, held by a \(preserve_fd\), -1, 16384/.test(l)),
            all.join('; '),
        );
        assert.ok(all.some((l) => l.includes('0, ') && l.endsWith('8192')));
        for (const log of all) {
            assert.ok(/(^|, )-1(,|$)/.test(log) === log.endsWith('16384'), log);
        }
    });

    test("what each of two leaves behind is its own, and nothing of the other's", () => {
        const source = (leaks: string): string => `
            struct State { n: u64 }
            file gpu at "/dev/gpu0" { }
            handler gpu_handler "gpu-v1" for gpu {
                can_preserve(file) { return file.kind == gpu }
                preserve(args) {
                    for i in 0..4 { kept = kho.alloc_preserve(State); sleep 1us; kept.n = i; args.serialized_data = phys(kept) }
                }
                unpreserve(args)   { }
                retrieve(args)     { args.file = new gpu() }
                can_finish(args)   { return true }
                finish(args)       { kho.restore_free(at(State, args.serialized_data)) }
            }
            kernel "gpu" from "7.2" { handlers + gpu_handler }
            scenario "s" {
                boot "gpu"
                process a, b
                a {
                    lu = open("/dev/liveupdate")
                    s = lu.create_session("one"); t = lu.create_session("two")
                    send t to b
                }
                b { ram = memfd_create("ram"); ram.truncate(16KiB) }
                concurrently {
                    a { s.preserve_fd(${leaks}, token: 1) }
                    b { t.preserve_fd(ram, token: 2) }
                }
                a { kexec_file_load("gpu"); reboot(KEXEC) }
                process c {
                    lu = open("/dev/liveupdate")
                    s = lu.retrieve_session("one"); t = lu.retrieve_session("two")
                    x = s.retrieve_fd(token: 1); s.finish()
                    y = t.retrieve_fd(token: 2); t.finish()
                }
            }`;
        for (const seed of SEEDS) {
            for (const [leaks, findings] of [
                ['memfd_create("other")', []],
                ['open("/dev/gpu0")', ['LU1010 one 0x1 3']],
            ] as const) {
                const { host } = Run.start(programOf(source(leaks)), { seed });
                host.interpreter.run(FOREVER);
                assert.equal(host.interpreter.outcome?.failure?.message, undefined, `seed ${seed}`);
                const found = (Diagnoses.of(host)?.found.items ?? []).map(({ code, data: { session, token, pages } }) =>
                    [code, session, token, pages].join(' '),
                );
                assert.deepEqual(found, findings, `seed ${seed}`);
            }
        }
    });
});

suite('races: retrieving and finishing', () => {
    const after = (a: string, b: string, end = ''): string => `${GPU} scenario "s" {
        boot "gpu"
        process old {
            s = open("/dev/liveupdate").create_session("one")
            s.preserve_fd(open("/dev/gpu0"), token: 1)
            kexec_file_load("gpu")
            reboot(KEXEC)
        }
        process a, b
        a { lu = open("/dev/liveupdate"); send lu to b }
        log("up")
        concurrently { a { ${a} }; b { ${b} } }
        ${end}
    }`;
    const since = (log: string): string => log.slice(log.indexOf('up, ') + 4);

    test('one session, two who ask for it: one gets it, the other EINVAL', () => {
        const logs = logsOf(
            after(
                'r = try lu.retrieve_session("one"); log("a ", r)',
                'r = try lu.retrieve_session("one"); log("b ", r)',
                'assert session("one").retrieved',
            ),
        );
        assert.ok(logs.size > 1);
        for (const log of logs) {
            assert.equal(
                since(log)
                    .split(', ')
                    .filter((l) => / -22$/.test(l)).length,
                1,
                log,
            );
        }
    });

    const shared = (a: string, b: string, end = ''): string =>
        after(a, b, end).replace('log("up")', 'a { s = lu.retrieve_session("one"); send s to b }\n log("up")');

    test('one token, two who retrieve it: the handler is asked once, and both have the same file', () => {
        for (const log of logsOf(
            shared(
                'f = s.retrieve_fd(token: 1)',
                'f = s.retrieve_fd(token: 1)',
                'assert session("one").count == 1; a { s.finish() }',
            ),
        )) {
            assert.equal(count(since(log), 'retrieve'), 1, log);
            assert.equal(count(since(log), 'finish'), 1, log);
            assert.equal(count(since(log), 'bus finish'), 1, log);
        }
    });

    test('a finish before the file is retrieved is refused, one behind it is not', () => {
        const logs = new Set(
            [
                ...logsOf(
                    shared(
                        'r = try s.finish(); log("f ", r)',
                        'x = try s.retrieve_fd(token: 1); log("r ", x >= 0)',
                        'a { s.finish() }',
                    ),
                ),
            ].map((l) =>
                since(l)
                    .split(', ')
                    .filter((w) => /^[fr] /.test(w))
                    .sort()
                    .join(', '),
            ),
        );
        assert.deepEqual([...logs].sort(), ['f -16, r true', 'f 0, r true']);
    });

    test('finish twice, and finish while the other descriptor is closed: every file once', () => {
        const retrieved = (a: string, b: string): string =>
            shared(a, b).replace('log("up")', 'a { f = s.retrieve_fd(token: 1) }\n log("up")');
        for (const source of [
            retrieved('s.finish(); s.close()', 's.finish(); s.close()'),
            retrieved('s.finish()', 's.close()'),
            retrieved('s.close()', 's.close()'),
        ]) {
            for (const log of logsOf(`${source}`)) {
                assert.equal(count(since(log), 'finish'), 1, log);
                assert.equal(count(since(log), 'bus finish'), 1, log);
            }
        }
    });
});

suite('races: the reboot', () => {
    test('of two who reboot one does, and the other waits; where that fails it is its turn', () => {
        const source = `${GPU} scenario "s" {
            boot "gpu"
            process a { s = open("/dev/liveupdate").create_session("one"); s.preserve_fd(open("/dev/gpu0"), token: 1); kexec_file_load("gpu") }
            process b, c
            inject EIO into "freeze"
            concurrently {
                a { r = try reboot(KEXEC); log("a ", r) }
                b { r = try reboot(KEXEC); log("b ", r) }
                c { r = try kexec_file_load("gpu"); log("c ", r) }
            }
            log("boot ", kernel.boot)
        }`;
        const all = [...logsOf(source)];
        assert.ok(all.some((l) => l.includes('a -5')) && all.some((l) => l.includes('b -5')), all.join('; '));
        assert.ok(
            all.some((l) => l.includes('c -16')),
            'kexec_file_load() gives EBUSY',
        );
        assert.ok(all.some((l) => l.includes('c 0')));
        assert.ok(
            all.some((l) => /[ab] -16/.test(l)),
            'reboot() gives EBUSY while somebody loads',
        );
        for (const log of all) {
            const frozen = count(log, 'a -5') + count(log, 'b -5');
            const busy = count(log, 'a -16') + count(log, 'b -16');
            assert.ok(frozen + busy <= 2 && frozen <= 1, log);
            assert.ok(log.endsWith(frozen + busy === 1 ? 'boot 1' : 'boot 0'), log);
        }
    });

    test('a device that is opened, and a memfd that is used, wait for no reboot', () => {
        const source = `${GPU.replace('freeze(args)       { return', 'freeze(args)       { sleep 1ms; return')} scenario "s" {
            boot "gpu"
            process a {
                lu = open("/dev/liveupdate")
                s = lu.create_session("one"); s.preserve_fd(open("/dev/gpu0"), token: 1); kexec_file_load("gpu")
                lu.close()
            }
            process b
            inject EIO into "freeze"
            concurrently {
                a { reboot(KEXEC) fails EIO; log("failed") }
                b { lu = open("/dev/liveupdate"); m = memfd_create("m"); m.truncate(4096); lu.close(); log("done") }
            }
        }`;
        assert.deepEqual(logOf(source, 0).slice(-2), ['done', 'failed']);
    });

    test('a reboot that the scenario says fails, and one of another process that may succeed', () => {
        const { host } = Run.start(
            programOf(`${GPU} scenario "s" {
            boot "gpu"
            process a { kexec_file_load("gpu") }
            process b
            concurrently {
                a { reboot(KEXEC) fails EIO }
                b { sleep 1ms }
            }
        }`),
        );
        host.interpreter.run(FOREVER);
        assert.match(
            host.interpreter.outcome?.failure?.message ?? '',
            /reboot\(KEXEC\) should fail with EIO, but it succeeds/,
        );
    });

    test('before the merge a PREPARE waits for the ioctls of sessions', () => {
        const log = logOf(
            `scenario "s" {
            boot "luo-v4"
            process a { lu = open("/dev/liveupdate"); s = lu.create_session("one"); m = memfd_create("m"); m.truncate(8192); s.preserve_fd(m, token: 1); send s to b }
            concurrently {
                a { lu.set_event(LIVEUPDATE_PREPARE); log("prepared") }
                b { s.preserve_fd(memfd_create("n"), token: 2) may fail EBUSY }
                process c { log(b.waits_for) }
            }
            a { lu.set_event(LIVEUPDATE_CANCEL) }
        }`.replace('process a {', 'process b\n            process a {'),
            0,
        );
        assert.deepEqual(log, ['waits for luo_state_rwsem, held by a (set_event 0)', 'prepared']);
    });

    test('LUO before 7.2 has no such lock: the close of a session that is frozen already goes through', () => {
        const source = (from: string): string =>
            `${GPU.replace('freeze(args)       { return', 'freeze(args)       { sleep 1ms; return')
                .replace('from "7.2"', `from "${from}"`)
                .replace(/; init \{.*\} \}/, ' }')} scenario "s" {
            boot "gpu"
            process a {
                lu = open("/dev/liveupdate")
                s = lu.create_session("one"); s.preserve_fd(memfd_create("m"), token: 1)
                t = lu.create_session("two"); t.preserve_fd(open("/dev/gpu0"), token: 1)
                kexec_file_load("gpu")
                send s to b
                s.close()
            }
            inject EIO into "freeze"
            concurrently {
                a { reboot(KEXEC) fails EIO }
                b { s.close() }
                process c { log(b.waits_for) }
            }
        }`.replace('process a {', 'process b\n            process a {');
        assert.ok(logOf(source('7.2'), 0).includes('waits for the serialize lock, held by a (reboot(KEXEC))'));
        assert.ok(
            logOf(source('7.0'), 0).includes('waits for the list of outgoing sessions, held by a (reboot(KEXEC))'),
        );
    });
});
