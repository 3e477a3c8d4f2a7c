/**
 * The example agent: it crashes after every system call it makes, before and after the kexec, and the findings say
 * what that costs.
 */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import assert from 'node:assert/strict';
import { Err } from '../../emulator/kernel/release/errno';
import type { KernelWork } from '../../emulator/runtime/purpose';
import { Run } from '../../emulator/run/run';
import type { Value } from '../../emulator/language/types';
import type { Host } from '../../emulator/runtime/host/host';
import { findingsOf, programOf } from '../support/programs';
import { FOREVER, failuresOf } from '../support/runs';

const AGENT = `
import <luod>

fn before() {
    agent = luod_start()
    for name in ["vm-1", "vm-2"] {
        session = luod_create(agent, name)
        ram = memfd_create("ram")
        ram.write(name)
        session.preserve_fd(ram, token: 7)
        luod_note(agent, name, "ram", 7)
    }
    luod_prepare(agent, "7.2")
}

fn after() {
    agent = luod_resume()
    for name in ["vm-1", "vm-2"] {
        session = luod_hand_back(agent, name)
        ram = session.retrieve_fd(token: luod_token(agent, name, "ram"))
        assert ram.pread(4, at: 0) == bytes(name)
        luod_finish(agent, name)
    }
}

scenario "before" {
    boot "7.2"
    process luod
    KILL
    luod { before() }
}

scenario "after" {
    boot "7.2"
    process luod { before(); reboot(KEXEC) }
    process luod
    KILL
    luod { after() }
}
`;

/** A run up to its end; what `watch` is told after each system call of luod, with how many it has made. */
function run(
    scenario: string,
    kill: string,
    watch: (calls: number, work: KernelWork, result: Value | Err) => void = () => undefined,
) {
    const program = programOf({ 'agent.lus': AGENT.replaceAll('KILL', kill) });
    assert.deepEqual(findingsOf(program), []);
    const { host } = Run.start(program, { scenario });
    let calls = 0;
    let counting = scenario === 'before';
    host.listeners.report({
        phase(phase) {
            if (phase === 'running' && host.boot > 0) {
                counting = true;
            }
        },
        kernelEntered({ kind }) {
            calls += counting && host.interpreter.current.name === 'luod' && kind !== 'release' ? 1 : 0;
        },
        kernelLeft(work, result) {
            if (counting && host.interpreter.current.name === 'luod') {
                watch(calls, work, result);
            }
        },
    });
    host.interpreter.run(FOREVER);
    return { host, calls };
}

/** The codes of errors and warnings with the session that each is about. */
function codes(host: Host): string[] {
    return (Diagnoses.of(host)?.found.items ?? [])
        .filter((d) => d.severity !== 'hint')
        .map((d) => `${d.code} ${String(d.data['session'] ?? '')}`.trim())
        .sort();
}

/** How many system calls a run makes, and after which of them something has become true for a session. */
function moments(
    scenario: string,
    call: 'preserve_fd' | 'retrieve_fd' | 'finish',
): { readonly total: number; readonly of: ReadonlyMap<string, number> } {
    const of = new Map<string, number>();
    const { host, calls } = run(scenario, '', (n, work, result) => {
        if (work.kind === call && work.session && !(result instanceof Err)) {
            of.set(work.session.name, n);
        }
    });
    assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    return { total: calls, of };
}

suite('luod', () => {
    test('without a crash nothing is lost', () => {
        assert.deepEqual(failuresOf(programOf({ 'agent.lus': AGENT.replaceAll('KILL', '') })), []);
    });

    test('a crash before the reboot: every session with files is lost, and said to be', () => {
        const { total, of } = moments('before', 'preserve_fd');
        assert.deepEqual([...of.keys()], ['vm-1', 'vm-2', 'luod']);
        assert.ok(total > 15);
        for (let n = 1; n <= total; n++) {
            const { host } = run('before', `kill luod after ${n}`);
            assert.equal(host.interpreter.outcome?.passed, true, `after ${n}`);
            assert.equal(host.processNamed('luod'), undefined);
            const lost = [...of]
                .filter(([, at]) => at <= n)
                .map(([session]) => `LU1023 ${session}`)
                .sort();
            assert.deepEqual(codes(host), lost, `after ${n}`);
            assert.equal(host.kernel?.luo.outgoing.sessions.length, 0);
            assert.equal(host.kernel?.processes.length, 0);
        }
    });

    test('a crash in the next kernel: what was not asked for is still there, what was asked for and not retrieved is lost', () => {
        const sessions = new Map<string, number>();
        run('after', '', (n, work, result) => {
            if (work.kind === 'retrieve_session' && !(result instanceof Err)) {
                sessions.set(work.session, n);
            }
        });
        const { of: files, total } = moments('after', 'retrieve_fd');
        const { of: finished } = moments('after', 'finish');
        assert.deepEqual([...sessions.keys()], ['luod', 'vm-1', 'vm-2']);
        for (let n = 1; n <= total; n++) {
            const { host } = run('after', `kill luod after ${n}`);
            assert.equal(host.interpreter.outcome?.passed, true, `after ${n}`);
            const expected = [...sessions].flatMap(([session, retrieved]) =>
                n < retrieved
                    ? [`LU1002 ${session}`]
                    : n < (files.get(session) ?? 0)
                      ? [`LU1024 ${session}`]
                      : n < (finished.get(session) ?? total)
                        ? [`LU1090 ${session}`]
                        : [],
            );
            assert.deepEqual(codes(host), expected.sort(), `after ${n}`);
        }
    });

    test('the number of calls must be one, and the program must be there', () => {
        const of = (text: string): string[] => findingsOf(programOf({ 'a.lus': text }));
        assert.match(
            of('import <lud>\nscenario "s" { boot "7.2" }').join(),
            /LU0215: The emulator has no program "lud"/,
        );
        assert.deepEqual(
            of('import <\nscenario "s" { boot "7.2" }').map((f) => f.includes('LU0215')),
            [false],
            "one finding, and it is the parser's",
        );
        assert.match(of('import <luod\nscenario "s" { boot "7.2" }').join(), /Expected `>`/);
        assert.match(of('scenario "s" { boot "7.2"; process p; kill p after "x" }').join(), /LU0301/);
        assert.match(
            failuresOf(programOf({ 'a.lus': 'scenario "s" { boot "7.2"; process p; kill p after 0 }' })).join(),
            /the number of system calls must be at least 1/,
        );
        assert.match(
            of('scenario "s" { boot "7.2"; process p; kill p; kill p after 1 }').join(),
            /is no longer running/,
        );
    });

    test('a process that is to be killed goes on where it makes no calls, and can be started again', () => {
        assert.deepEqual(
            failuresOf(
                programOf({
                    'a.lus': `
            scenario "s" {
                boot "7.2"
                process p, q
                kill p after 2
                p { a = memfd_create("a"); n = 1 }
                p { n += 1; assert n == 2 }
                p { n = 3; b = memfd_create("b"); assert false, "it is gone" }
                process p { a = memfd_create("again"); a.write("x") }
                q { c = memfd_create("c"); kill p after 1 }
                p { a.read(1); assert false, "it is gone" }
            }`,
                }),
            ),
            [],
        );
    });
});
