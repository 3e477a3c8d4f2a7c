/**
 * What a run has shown so far: the results of the system calls of its processes, and what it logs. Runs with different
 * observations have different outcomes.
 */
import { Err } from '../kernel/release/errno';
import type { Place } from '../findings/place';
import type { Value } from '../language/types';
import { Hasher } from '../machine/hash';
import { JournaledMap } from '../machine/journal';
import { placeOf, type Thread } from '../runtime/code';
import type { Host } from '../runtime/host/host';
import { processOf } from '../runtime/host/scenario-process';
import type { Listener } from '../runtime/listener';
import type { KernelWork } from '../runtime/purpose';

/** The result of a system call, or a line of `log()`. */
export interface Observation {
    /** The process, or `scenario`. */
    readonly by: string;
    /** The system call, or `log`. */
    readonly what: string;
    /** The statement of the process. */
    readonly place: Place | undefined;
    /** `ok`, the name of an error, {@link UNRETURNED}, or the line. */
    readonly result: string;
}

/** The observations of a process, the last one first. */
interface Trail {
    readonly before: Trail | null;
    readonly last: Observation;
    readonly hash: number;
}

/** The result of a call without an error. */
export const OK = 'ok';
/** The result of a call that has not returned. */
const UNRETURNED = 'does not return';

/** Whether work of the kernel is a system call. */
function isCall({ kind }: KernelWork): boolean {
    return kind !== 'exit' && kind !== 'release' && kind !== 'boot';
}

export class Observations {
    readonly listener: Listener;
    private readonly trails: JournaledMap<string, Trail>;

    constructor(private readonly host: Host) {
        this.trails = new JournaledMap(host.machine.journal);
        this.listener = {
            kernelEntered: (work) => this.called(work),
            kernelLeft: (work, result) => this.returned(work, result),
            log: (line, place) => {
                if (line.level === 'log') {
                    this.add(host.interpreter.current, 'log', place, line.text);
                }
            },
        };
    }

    private called(work: KernelWork): void {
        const thread = this.host.interpreter.current;
        if (isCall(work) && processOf(thread)) {
            const caller = thread.frames.findLast((f) => f.mode === 'user');
            // the operation that makes the call may be the frame's next or its last one
            const place = caller && placeOf(caller);
            this.add(thread, work.name, place, UNRETURNED);
        }
    }

    private returned(work: KernelWork, result: Value | Err): void {
        const { name } = this.host.interpreter.current;
        const trail = this.trails.get(name);
        if (isCall(work) && trail?.last.what === work.name && trail.last.result === UNRETURNED) {
            this.put(trail.before, { ...trail.last, result: result instanceof Err ? result.name : OK });
        }
    }

    private add({ name: by }: Thread, what: string, place: Place | undefined, result: string): void {
        this.put(this.trails.get(by) ?? null, { by, what, place, result });
    }

    private put(before: Trail | null, last: Observation): void {
        const hash = new Hasher()
            .num(before?.hash ?? 0)
            .str(last.what)
            .num(last.place?.start ?? -1)
            .str(last.result)
            .value();
        this.trails.set(last.by, { before, last, hash });
    }

    /** Does not depend on which process was first. */
    hash(hasher: Hasher): void {
        for (const [by, { hash }] of [...this.trails].sort(([a], [b]) => (a < b ? -1 : 1))) {
            hasher.str(by).num(hash);
        }
    }

    /** By process, in the order of their names; of each process in the order of time. */
    get all(): Observation[] {
        return [...this.trails]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .flatMap(([, trail]) => {
                const list: Observation[] = [];
                for (let t: Trail | null = trail; t; t = t.before) {
                    list.push(t.last);
                }
                return list.reverse();
            });
    }
}
