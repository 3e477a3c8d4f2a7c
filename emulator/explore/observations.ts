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
    /** `ok`, the name of an error, or the line. */
    readonly result: string;
}

/** The observations of a process, the last one first. */
interface Trail {
    readonly before: Trail | null;
    readonly last: Observation;
    readonly hash: number;
}

const OK = 'ok';

export class Observations {
    readonly listener: Listener;
    private readonly trails: JournaledMap<string, Trail>;

    constructor(private readonly host: Host) {
        this.trails = new JournaledMap(host.machine.journal);
        this.listener = {
            kernelLeft: (work, result) => this.returned(work, result),
            log: (line, place) => {
                if (line.level === 'log') {
                    this.add(host.interpreter.current, 'log', place, line.text);
                }
            },
        };
    }

    private returned({ kind, name }: KernelWork, result: Value | Err): void {
        const thread = this.host.interpreter.current;
        if (kind !== 'exit' && kind !== 'release' && kind !== 'boot' && processOf(thread)) {
            const caller = thread.frames.findLast((f) => f.mode === 'user');
            const place = caller && placeOf(caller, thread.top !== caller || caller.pc > 0);
            this.add(thread, name, place, result instanceof Err ? result.name : OK);
        }
    }

    private add({ name: by }: Thread, what: string, place: Place | undefined, result: string): void {
        const before = this.trails.get(by) ?? null;
        const hash = new Hasher()
            .num(before?.hash ?? 0)
            .str(what)
            .num(place?.start ?? -1)
            .str(result)
            .value();
        this.trails.set(by, { before, last: { by, what, place, result }, hash });
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
