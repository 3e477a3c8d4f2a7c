/** Events of a trace, for tests of what is made from them. */
import type { TraceEvent } from '../../emulator/trace/trace';

/** The names of a process and a thread. */
export const named = (pid: number, tid: number, group: string, name: string): TraceEvent[] => [
    { ph: 'M', name: 'process_name', pid, tid: 0, args: { name: group } },
    { ph: 'M', name: 'thread_name', pid, tid, args: { name } },
];

/** Something that lasts. @param ts when it begins, in microseconds, as are all times of a trace */
export const bar = (
    pid: number,
    tid: number,
    name: string,
    ts: number,
    dur: number,
    cat = 'syscall',
    args: Readonly<Record<string, string>> = { result: 'ok' },
): TraceEvent => ({ ph: 'X', name, cat, pid, tid, ts, dur, args });
