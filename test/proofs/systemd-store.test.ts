/**
 * systemd's file descriptor store over LUO: its index, what a bad one costs, and a crash after every system call,
 * before and after the kexec. After each, a file is in its service again, or a finding says that it is lost.
 */
import assert from 'node:assert/strict';
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import { Err } from '../../emulator/kernel/release/errno';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { findingsOf, programOf } from '../support/programs';
import { failuresOf, FOREVER } from '../support/runs';

const HEAD = `
import <systemd>

// A service with a session of its own and a plain file in its store; it has ended.
fn store(pid1: record) {
    systemd_unit(pid1, "vmm.service", 8, "yes")
    lu  = open("/dev/liveupdate")
    vm1 = lu.create_session("vm-1")
    lu.close()
    ram = memfd_create("guest-ram")
    ram.write("guest memory")
    vm1.preserve_fd(ram, token: 7)
    state = memfd_create("state")
    state.write("vmm state")
    systemd_store(pid1, "vmm.service", "vm-session", vm1)
    systemd_store(pid1, "vmm.service", "state", state)
}
fn before(version: int) {
    pid1 = systemd_start(version)
    store(pid1)
    systemd_shutdown(pid1)
    kexec_file_load("7.3")
}
`;

const UPDATE = `
scenario "update" {
    boot "7.3"
    process systemd
    KILL
    systemd { before(261); reboot(KEXEC) }
    process systemd
    KILL_NEXT
    systemd {
        pid1 = systemd_resume(261)
        systemd_unit(pid1, "vmm.service", 8, "yes")
        systemd_prune(pid1)
        state = systemd_fd(pid1, "vmm.service", "state")
        vm1   = systemd_fd(pid1, "vmm.service", "vm-session")
        assert text_of(state.pread(9, at: 0)) == "vmm state"
        ram = vm1.retrieve_fd(token: 7)
        assert text_of(ram.pread(12, at: 0)) == "guest memory"
        vm1.finish()
        assert pid1.kexecs == 1 && kho.incoming.unclaimed == 0
    }
}
`;

interface Ran {
    readonly host: Host;
    /** How many system calls systemd makes in each kernel. */
    readonly calls: readonly [number, number];
    /** After which of them something was done last: `finish vm-1`. */
    readonly done: ReadonlyMap<string, number>;
}

/** A run up to its end. */
function run(kill = '', killNext = ''): Ran {
    const program = programOf({
        'test.lus': HEAD + UPDATE.replace('KILL_NEXT', killNext).replace('KILL', kill),
    });
    assert.deepEqual(findingsOf(program), []);
    const { host } = Run.start(program, { scenario: 'update' });
    const calls: [number, number] = [0, 0];
    const done = new Map<string, number>();
    const kernel = (): 0 | 1 => (host.boot === 0 ? 0 : 1);
    host.listeners.report({
        kernelEntered({ kind }) {
            if (host.interpreter.current.name === 'systemd' && kind !== 'release' && kind !== 'exit') {
                calls[kernel()] += 1;
            }
        },
        kernelLeft(work, result) {
            if ('session' in work && work.session !== null && !(result instanceof Err)) {
                const name = typeof work.session === 'string' ? work.session : work.session.name;
                const what = `${work.kind} ${name}`;
                // the first file makes a session one that can be lost
                if (work.kind !== 'preserve_fd' || !done.has(what)) {
                    done.set(what, calls[kernel()]);
                }
            }
        },
    });
    host.interpreter.run(FOREVER);
    return { host, calls, done };
}

/** The codes of errors and warnings, with the session that each is about. */
function codes(host: Host): string[] {
    return (Diagnoses.of(host)?.found.items ?? [])
        .filter((d) => d.severity !== 'hint')
        .map((d) => `${d.code} ${String(d.data['session'] ?? '')}`.trim())
        .sort();
}

/** A scenario that passes and finds what it declares. */
function passes(text: string): void {
    const program = programOf({ 'test.lus': HEAD + text });
    assert.deepEqual(findingsOf(program), []);
    assert.deepEqual(failuresOf(program), []);
}

suite("systemd's file descriptor store", () => {
    test('without a crash everything arrives, and nothing is found', () => {
        const { host } = run();
        assert.equal(host.interpreter.outcome?.failure?.message, undefined);
        assert.deepEqual(codes(host), []);
    });

    test('a crash before the kexec: what was preserved until then is lost, and is found', () => {
        const { calls, done } = run();
        const [first] = calls;
        assert.ok(first > 15);
        for (let n = 1; n < first; n++) {
            const { host } = run(`kill systemd after ${n}`);
            assert.equal(host.boot, 0, `after ${n}`);
            assert.equal(host.kernel?.luo.outgoing.sessions.length, 0);
            const lost = ['vm-1', 'systemd'].filter((session) => n >= (done.get(`preserve_fd ${session}`) ?? 0));
            assert.deepEqual(codes(host), lost.map((session) => `LU1023 ${session}`).sort(), `after ${n}`);
        }
    });

    test('a crash in the next kernel: a session that is not finished is found, and one that was not retrieved is still there', () => {
        const { calls, done } = run();
        const at = (what: string): number => done.get(what) ?? Number.NaN;
        for (let n = 1; n <= calls[1]; n++) {
            const { host } = run('', `kill systemd after ${n}`);
            const found = codes(host);
            const guest =
                n < at('retrieve_session vm-1')
                    ? ['LU1002 vm-1']
                    : n < at('retrieve_fd vm-1')
                      ? ['LU1024 vm-1']
                      : n < at('finish vm-1')
                        ? ['LU1090 vm-1']
                        : [];
            assert.deepEqual(
                found.filter((f) => f.endsWith('vm-1')),
                guest,
                `after ${n}`,
            );
            const own = found.filter((f) => f.endsWith('systemd'));
            assert.equal(own.length > 0, n < at('finish systemd'), `after ${n}: ${own.join()}`);
            const session = host.kernel?.luo.incoming.find('vm-1');
            assert.equal(session?.retrieved === false, n < at('retrieve_session vm-1'), `after ${n}`);
        }
    });

    test('the entries of an index that are wrong are skipped, and a newer index is not read', () => {
        const next = (change: string, finds: string, check: string): string => `
scenario "${change.replaceAll('"', '')}"${finds} {
    boot "7.3"
    process systemd {
        pid1 = systemd_start(261)
        store(pid1)
        ${change}
        systemd_shutdown(pid1)
        kexec_file_load("7.3")
        reboot(KEXEC)
    }
    process systemd {
        pid1  = systemd_resume(261)
        state = systemd_fd(pid1, "vmm.service", "state")
        vm1   = systemd_fd(pid1, "vmm.service", "vm-session")
        ${check}
    }
}`;
        passes(
            next(
                'pid1.index_version = 2',
                ' finds LU1022, LU1002',
                'assert state == -1 && vm1 == -1 && pid1.kexecs == 0',
            ) +
                next(
                    'systemd_store(pid1, "vmm.service", "pipe", open("/dev/null"))',
                    '',
                    'assert state >= 0 && systemd_fd(pid1, "vmm.service", "pipe") == -1; vm1.retrieve_fd(token: 7); vm1.finish()',
                ) +
                next(
                    'systemd_failed(pid1, "vmm.service"); systemd_unit(pid1, "vmm.service", 8, "on-success")',
                    ' finds LU1002',
                    'assert state == -1 && vm1 == -1',
                ) +
                next('systemd_unit(pid1, "vmm.service", 8, "no")', ' finds LU1002', 'assert state == -1 && vm1 == -1'),
        );
        const json = (text: string): string => `json_read(bytes("${text.replaceAll('"', '\\"')}"))`;
        passes(`
import <json>
scenario "json" {
    boot "7.3"
    process p {
        assert ${json('{"a":[1,23,"x"],"b":{}}')}.values[0] == [1, 23, "x"]
        assert json_get(${json('{"a":{"b":7}}')}.values[0], "b") == 7
        for text in ["", "{", "[1,", "[1,]", "x", "\\"a", "{\\"a\\"}", "[1]]", "[1 2]"] { assert json_read(bytes(text)) == none, text }
    }
}`);
    });
});
