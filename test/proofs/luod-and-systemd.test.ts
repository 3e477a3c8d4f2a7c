/**
 * luod with systemd's descriptor store: each of the two crashes after every system call of its own, on both sides of
 * the kexec, and starts again. Afterwards the guest's memory is back and nothing is held, or the agent is told: a call
 * fails, or a finding names the session.
 */
import assert from 'node:assert/strict';
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { findingsOf, programOf } from '../support/programs';
import { FOREVER } from '../support/runs';

type Who = 'luod' | 'systemd' | 'vmm';
type Kept = 'notes' | 'vm1';

/** What a process does. */
interface Step {
    readonly who: Who;
    readonly code: string;
    /** It sends this after its last system call, and systemd stores it in the next step. */
    readonly sends?: Kept;
    /** It is what luod does when it starts again. */
    readonly starts?: boolean;
}

const NAMES: Readonly<Record<Kept, string>> = { notes: 'notes', vm1: 'vm-1' };
const store = (what: Kept): Step => ({
    who: 'systemd',
    code: `systemd_store(pid1, "luod.service", "${NAMES[what]}", ${what})`,
});

const BEFORE: readonly Step[] = [
    {
        who: 'luod',
        code: 'agent = luod_start_stored(); notes = agent[LUOD_STATE]; send notes to systemd',
        sends: 'notes',
    },
    store('notes'),
    { who: 'luod', code: 'vm1 = luod_create(agent, "vm-1"); send vm1 to systemd', sends: 'vm1' },
    store('vm1'),
    { who: 'luod', code: 'vm1 = luod_hand_back(agent, "vm-1"); send vm1 to vmm' },
    { who: 'vmm', code: 'ram = memfd_create("ram"); ram.write("guest"); vm1.preserve_fd(ram, token: 7); vm1.close()' },
    { who: 'luod', code: 'luod_note(agent, "vm-1", "ram", 7)' },
];

const ADOPT = 'agent = luod_adopt(notes); TAKE; lost = luod_lost(agent); assert lost.length <= 1';

const AFTER: readonly Step[] = [
    { who: 'luod', code: ADOPT.replace('TAKE', 'luod_take(agent, vm1)'), starts: true },
    {
        who: 'luod',
        code: 'vm1 = luod_hand_back(agent, "vm-1"); token = luod_token(agent, "vm-1", "ram"); send vm1 to vmm',
    },
    {
        who: 'vmm',
        code: 'ram = vm1.retrieve_fd(token: luod.token); assert text_of(ram.pread(5, at: 0)) == "guest"; vm1.close()',
    },
    { who: 'luod', code: 'luod_finish(agent, "vm-1")' },
];

const block = ({ who, code }: Step): string => `    ${who} { ${code.replaceAll('; ', '\n        ')} }\n`;

/** luod starts again with what is in the store. */
function restarted(stored: readonly Kept[], crash = ''): string {
    const sends = stored.map((s) => `${s} = systemd_fd(pid1, "luod.service", "${NAMES[s]}"); send ${s} to luod`);
    const take = stored.includes('vm1') ? 'luod_take(agent, vm1)' : 'none_yet = 0';
    return stored.length === 0
        ? '    process luod\n'
        : `    process luod\n${block({ who: 'systemd', code: sends.join('; ') })}${crash}${block({ who: 'luod', code: ADOPT.replace('TAKE', take) })}`;
}

interface Crash {
    /** In which kernel, after how many system calls of luod. */
    readonly kernel: 0 | 1;
    readonly calls: number;
    /** The step in which that is, and whether all of it is done by then. */
    readonly step: number;
    readonly ended: boolean;
    /** It crashes again, after so many system calls of its new start. */
    readonly again?: number;
}

/** The steps of one kernel, with luod starting again after its crash. */
function steps(all: readonly Step[], crash: Crash | undefined, stored: Kept[]): string {
    let out = crash ? `    kill luod after ${crash.calls}\n` : '';
    for (const [i, step] of all.entries()) {
        out += block(step);
        if (crash?.step !== i) {
            if (step.sends) {
                stored.push(step.sends);
            }
            continue;
        }
        out += restarted(stored, crash.again === undefined ? '' : `    kill luod after ${crash.again}\n`);
        out += crash.again === undefined ? '' : restarted(stored);
        if (!crash.ended && step.starts !== true) {
            out += block(step);
            if (step.sends) {
                stored.push(step.sends);
            }
        }
    }
    return out;
}

const HEAD = `import <luod>
import <systemd>
fn manager() {
    pid1 = systemd_start(261)
    systemd_unit(pid1, "luod.service", 16, "yes")
    return pid1
}
fn resumed() {
    pid1 = systemd_resume(261)
    systemd_unit(pid1, "luod.service", 16, "yes")
    return pid1
}
`;

const SHUTDOWN = `    kill luod
    kill vmm
    systemd { systemd_shutdown(pid1); kexec_file_load("7.3"); reboot(KEXEC) }
    process systemd, luod, vmm
`;

const RESUME = `    systemd {
        pid1  = resumed()
        notes = systemd_fd(pid1, "luod.service", "notes")
        vm1   = systemd_fd(pid1, "luod.service", "vm-1")
        send notes to luod
        send vm1 to luod
    }
`;

const END = `    systemd { systemd_unstore(pid1, "luod.service", "vm-1") }
    assert kho.incoming.unclaimed == 0 && kernel.boot == 1
`;

function scenario(crash?: Crash): string {
    const of = (kernel: 0 | 1): Crash | undefined => (crash?.kernel === kernel ? crash : undefined);
    return `${HEAD}scenario "s" {
    boot "7.3"
    process systemd, luod, vmm
    systemd { pid1 = manager() }
${steps(BEFORE, of(0), [])}${SHUTDOWN}${RESUME}${steps(AFTER, of(1), ['notes', 'vm1'])}${END}}
`;
}

/** The run of a scenario up to its end, with the system calls of a process by kernel. */
function run(text: string, who: Who = 'luod'): { readonly host: Host; readonly calls: readonly [number, number] } {
    const program = programOf({ 'test.lus': text });
    // a part of the steps has variables that no later step reads
    assert.deepEqual(
        findingsOf(program).filter((f) => !f.includes('is never read')),
        [],
        text,
    );
    const { host } = Run.start(program, { scenario: 's' });
    const calls: [number, number] = [0, 0];
    host.listeners.report({
        kernelEntered({ kind }) {
            if (host.interpreter.current.name === who && kind !== 'release' && kind !== 'exit') {
                calls[host.boot === 0 ? 0 : 1] += 1;
            }
        },
    });
    host.interpreter.run(FOREVER);
    return { host, calls };
}

/** The codes of errors and warnings, with the session that each is about. */
function codes(host: Host): string[] {
    return (Diagnoses.of(host)?.found.items ?? [])
        .filter((d) => d.severity !== 'hint')
        .map((d) => `${d.code} ${String(d.data['session'] ?? '')}`.trim());
}

/** Whether every process that a scenario starts again has ended before: each crash comes. */
function dies(text: string): boolean {
    return run(text).host.interpreter.outcome?.failure?.message.includes('is already running') !== true;
}

function everythingIsBack(text: string, what: string): void {
    const { host } = run(text);
    assert.equal(host.interpreter.outcome?.failure?.message, undefined, `${what}\n${text}`);
    assert.deepEqual(codes(host), [], `${what}\n${text}`);
}

/** How many system calls luod has made at the end of each step of a kernel. */
function ends(all: readonly Step[], kernel: 0 | 1): number[] {
    return all.map((_, i) => {
        const some = all
            .slice(0, i + 1)
            .map(block)
            .join('');
        const before = `${HEAD}scenario "s" {\n    boot "7.3"\n    process systemd, luod, vmm\n    systemd { pid1 = manager() }\n`;
        const text =
            kernel === 0 ? `${before}${some}}` : `${before}${steps(BEFORE, undefined, [])}${SHUTDOWN}${RESUME}${some}}`;
        return run(text).calls[kernel];
    });
}

/** Every crash of luod in a kernel. */
function crashes(all: readonly Step[], kernel: 0 | 1): Crash[] {
    const at = ends(all, kernel);
    return Array.from({ length: at.at(-1) ?? 0 }, (_, n) => {
        const calls = n + 1;
        const step = at.findIndex((end) => calls <= end);
        return { kernel, calls, step, ended: at[step] === calls && all[step]?.code.includes('send ') === false };
    });
}

suite('luod and the descriptor store of systemd', () => {
    test('without a crash', () => everythingIsBack(scenario(), 'no crash'));

    for (const [kernel, all] of [BEFORE, AFTER].entries()) {
        test(`luod crashes after each of its system calls in kernel ${kernel + 1}, and starts again`, () => {
            const some = crashes(all, kernel === 0 ? 0 : 1);
            assert.ok(some.length >= 5, `${some.length}`);
            for (const crash of some) {
                everythingIsBack(scenario(crash), `after ${crash.calls} system calls`);
            }
        });

        test(`in kernel ${kernel + 1} it crashes again, after each system call of its start`, () => {
            const every = crashes(all, kernel === 0 ? 0 : 1);
            const first = every.filter((c, i) => every[i - 1]?.step !== c.step && (kernel === 1 || c.step > 0));
            assert.ok(first.length >= 2);
            for (const crash of first) {
                let again = 1;
                while (dies(scenario({ ...crash, again }))) {
                    everythingIsBack(scenario({ ...crash, again }), `after ${crash.calls}, and again ${again}`);
                    again++;
                }
                assert.ok(again > 1, `after ${crash.calls}`);
            }
        });
    }

    test('systemd ends after each of its steps, and the agent fills the new store', () => {
        const fill: Step = {
            who: 'luod',
            code: 'notes = agent[LUOD_STATE]; vm1 = luod_hand_back(agent, "vm-1"); send notes to systemd; send vm1 to systemd',
        };
        const again = (start: string): string =>
            `    kill systemd\n    process systemd\n    systemd { pid1 = ${start} }\n${block(fill)}${block(store('notes'))}${block(store('vm1'))}`;
        for (let i = 3; i < BEFORE.length; i++) {
            const text = scenario().replace(SHUTDOWN, `AGAIN${SHUTDOWN}`);
            everythingIsBack(text.replace('AGAIN', again('manager()')), `after step ${i} of kernel 1`);
        }
        for (const step of AFTER.slice(0, -1)) {
            everythingIsBack(scenario().replace(block(step), `${block(step)}${again('manager()')}`), step.code);
        }
    });

    test('systemd-shutdown crashes after each of its system calls: the sessions are lost, and said to be', () => {
        const { calls } = run(scenario(), 'systemd');
        for (let n = 1; n < calls[0]; n++) {
            const text = scenario().replace(SHUTDOWN, `    kill systemd after ${n}\n${SHUTDOWN}`);
            const { host } = run(text);
            if (host.boot === 0) {
                assert.ok(codes(host).includes('LU1023 vm-1'), `after ${n}: ${codes(host).join()}`);
                assert.equal(host.kernel?.luo.outgoing.sessions.length, 0);
            }
        }
    });

    test('systemd crashes after each system call of its start in kernel 2, and starts again', () => {
        const START = `${SHUTDOWN}KILL    systemd { pid1 = resumed() }
AGAIN    systemd {
        vm1 = systemd_fd(pid1, "luod.service", "vm-1")
        if vm1 >= 0 {
            ram = vm1.retrieve_fd(token: 7)
            assert text_of(ram.pread(5, at: 0)) == "guest"
            vm1.finish()
            log("back")
        }
    }
}
`;
        const text = scenario();
        const head = text.slice(0, text.indexOf(SHUTDOWN));
        let back = 0;
        const again = '    process systemd\n    systemd { pid1 = resumed() }\n';
        const crashed = (n: number): string =>
            head + START.replace('KILL', `    kill systemd after ${n}\n`).replace('AGAIN', again);
        for (let n = 1; dies(crashed(n)); n++) {
            const { host } = run(crashed(n));
            assert.equal(host.interpreter.outcome?.failure?.message, undefined, `after ${n}`);
            const session = host.kernel?.luo.incoming.find('vm-1');
            const found = codes(host).some((c) => c.endsWith(' vm-1'));
            const finished = !found && (session === undefined || session.finished);
            back += finished ? 1 : 0;
            assert.ok(finished || found, `after ${n}: ${codes(host).join()}`);
        }
        assert.ok(back > 0);
    });
});
