/** Processes that were dumped while they were frozen, and have gone on before the kexec. */
import type { Process } from '../kernel/fs/process';
import type { HistoryLine } from '../findings/diagnosis';
import { JournaledMap } from '../machine/journal';
import { processOf } from '../runtime/host/scenario-process';
import { counted } from '../text/text';
import { blame } from './blame';
import { ruleFile } from './rules';
import { be } from './wording';

/** A process whose cgroup was frozen. */
interface Frozen {
    /** `taken`: another process has taken descriptors of it meanwhile. */
    readonly state: 'frozen' | 'taken' | 'thawed';
    /** System calls since it was thawed. */
    readonly calls: number;
    readonly history: readonly HistoryLine[];
}

export const dumpRules = ruleFile(['LU1122'], ({ host }) => {
    const processes = new JournaledMap<Process, Frozen>(host.machine.journal);
    const now = (text: string): HistoryLine => ({ boot: host.boot, place: blame(host), text });

    return {
        processFrozen(process, frozen): void {
            const before = processes.get(process);
            if (frozen) {
                const history = [now(`${process.name} is frozen`)];
                processes.set(process, { state: 'frozen', calls: 0, history });
            } else if (before?.state === 'taken') {
                const history = [...before.history, now(`${process.name} is thawed`)];
                processes.set(process, { ...before, state: 'thawed', history });
            } else {
                processes.delete(process);
            }
        },
        fileTaken(process): void {
            const before = processes.get(process);
            if (before?.state === 'frozen') {
                const history = [...before.history, now('another process takes its descriptors')];
                processes.set(process, { ...before, state: 'taken', history });
            }
        },
        anyCallReturned(work): void {
            if (processes.size === 0 || work.kind === 'exit') {
                return;
            }
            const process = processOf(host.interpreter.current)?.process;
            const before = process && processes.get(process);
            if (process && before?.state === 'thawed') {
                const history =
                    before.calls === 0
                        ? [...before.history, now(`${process.name} calls ${work.name}`)]
                        : before.history;
                processes.set(process, { ...before, calls: before.calls + 1, history });
            }
        },
        /** LU1122 */
        handingOver(kernel, say): void {
            if (![...kernel.luo.outgoing.sessions].some((s) => s.files.length > 0)) {
                return;
            }
            for (const [process, { calls, history }] of processes) {
                if (calls > 0) {
                    say('LU1122', {
                        about: `${process.pid}`,
                        history,
                        data: { process: process.name, pid: process.pid, calls },
                        message: `${process.name} was dumped while it was frozen, and has gone on afterwards: what ${counted(calls, 'system call')} of it changed ${be(calls)} not in the dump.`,
                    });
                }
            }
        },
        phase(phase): void {
            if (phase === 'boot') {
                processes.clear();
            }
        },
    };
});
