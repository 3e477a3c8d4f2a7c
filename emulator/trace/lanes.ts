/** A trace as lanes of bars and flags, for drawing: plain data. Times in nanoseconds. */
import type { TraceEvent } from './trace';

export interface Bar {
    readonly begin: number;
    readonly end: number;
    readonly name: string;
    /** `phase`, `syscall`, `handler`, `flb`, `guest` …: the colour. */
    readonly kind: string;
    /** The number of bars of the lane that it lies in. */
    readonly depth: number;
    /** What is known of it, a line each. */
    readonly details: readonly string[];
}

/** A moment: a finding, a line of the log, a fault. */
export interface Flag {
    readonly at: number;
    readonly name: string;
    readonly kind: string;
    readonly details: readonly string[];
}

export interface Lane {
    readonly group: string;
    readonly name: string;
    readonly bars: readonly Bar[];
    readonly flags: readonly Flag[];
    /** The number of rows that its bars take. */
    readonly rows: number;
}

export interface Lanes {
    readonly end: number;
    /** Blackouts of updates. */
    readonly blackouts: readonly { readonly begin: number; readonly end: number }[];
    /** When kernel 2, kernel 3 … began. */
    readonly kexecs: readonly number[];
    readonly lanes: readonly Lane[];
}

/** Lines of the log that are not in the picture: there are too many of them, and the console has them. */
const LEFT_OUT = 'log';

interface Draft {
    pid: number;
    tid: number;
    order: number;
    name: string;
    bars: { begin: number; end: number; name: string; kind: string; details: readonly string[] }[];
    flags: Flag[];
}

export function lanesOf(events: readonly TraceEvent[]): Lanes {
    const groups = new Map<number, string>();
    const drafts = new Map<string, Draft>();
    const draftOf = (pid: number, tid: number): Draft => {
        const key = `${pid} ${tid}`;
        let draft = drafts.get(key);
        if (!draft) {
            draft = { pid, tid, order: tid, name: '', bars: [], flags: [] };
            drafts.set(key, draft);
        }
        return draft;
    };
    let end = 0;
    for (const e of events) {
        if (e.ph === 'M') {
            const { name } = e.args;
            if (e.name === 'process_name') {
                groups.set(e.pid, String(name));
            } else if (e.name === 'thread_name') {
                draftOf(e.pid, e.tid).name = String(name);
            }
            continue;
        }
        const details = Object.entries(e.args).map(([key, value]) => `${key}: ${value}`);
        const begin = nanoseconds(e.ts);
        if (e.ph === 'X') {
            const to = begin + nanoseconds(e.dur);
            end = Math.max(end, to);
            draftOf(e.pid, e.tid).bars.push({ begin, end: to, name: e.name, kind: e.cat, details });
        } else if (e.cat !== LEFT_OUT) {
            end = Math.max(end, begin);
            draftOf(e.pid, e.tid).flags.push({ at: begin, name: e.name, kind: e.cat, details });
        }
    }
    const sorted = [...drafts.values()]
        .filter((d) => d.bars.length > 0 || d.flags.length > 0)
        .sort((a, b) => a.pid - b.pid || a.order - b.order);
    const lanes = sorted.map((d): Lane => {
        const bars = nested(d.bars);
        return {
            group: groups.get(d.pid) ?? '',
            name: d.name,
            bars,
            flags: d.flags.sort((a, b) => a.at - b.at),
            rows: bars.reduce((n, b) => Math.max(n, b.depth + 1), 1),
        };
    });
    const blackouts = lanes.flatMap((lane) =>
        lane.bars
            .filter((b) => b.kind === 'phase' && b.name === 'Blackout')
            .map(({ begin, end: to }) => ({ begin, end: to })),
    );
    const kernels = sorted.filter((d) => KERNEL.test(groups.get(d.pid) ?? ''));
    const begins = new Map<number, number>();
    for (const { pid, bars } of kernels) {
        const begin = bars.reduce((first, b) => Math.min(first, b.begin), begins.get(pid) ?? Infinity);
        begins.set(pid, begin);
    }
    const kexecs = [...begins.values()].slice(1).filter((begin) => begin < Infinity);
    return { end, blackouts, kexecs, lanes };
}

/** The name of a kernel's group. */
const KERNEL = /^kernel \d/;

/** The trace has microseconds. */
function nanoseconds(us: number): number {
    return Math.round(us * 1000);
}

/** Sorted by their begin, the longer first; each with the number of bars around it. */
function nested(bars: Draft['bars']): Bar[] {
    const around: number[] = [];
    return bars
        .sort((a, b) => a.begin - b.begin || b.end - a.end)
        .map((bar): Bar => {
            while (around.length > 0 && (around.at(-1) ?? 0) <= bar.begin) {
                around.pop();
            }
            const depth = around.length;
            around.push(bar.end);
            return { ...bar, depth };
        });
}
