/** The exceptions and the boots of the executed part of a run, with their positions. */
import type { Listener, Phase } from '../runtime/listener';
import { type RunException, type StopsAt, stopsRun } from '../runtime/stop';
import type { Interpreter } from '../runtime/interpreter';

interface Raised {
    readonly at: number;
    readonly exception: RunException;
}

/** The start of a kernel: there are no frames of an earlier one. */
interface Jump {
    readonly at: number;
    /** The depth of functions in the scenario. */
    readonly depth: number;
}

/** The entries of a replaced future. */
export interface Beyond {
    readonly raised: readonly Raised[];
    readonly jumps: readonly Jump[];
}

/** A reporter: it is called only for new execution. */
export class Ground implements Listener {
    private exceptions: Raised[] = [];
    private jumps: Jump[] = [];

    constructor(private readonly interpreter: Interpreter) {}

    raised(exception: RunException): void {
        this.exceptions.push({ at: this.interpreter.ticks, exception });
    }

    phase(phase: Phase): void {
        if (phase === 'boot') {
            const { ticks, scenarioThread } = this.interpreter;
            this.jumps.push({ at: ticks, depth: scenarioThread.frames.length });
        }
    }

    /** The last exception before a position at which a run with the given exceptions stops. */
    exceptionBefore(position: number, asked: ReadonlySet<StopsAt>): Raised | undefined {
        const last = this.exceptions.findLast(({ at, exception }) => at < position && stopsRun(exception, asked));
        // of several at one position, the first stops the run
        return last && this.exceptions.find(({ at, exception }) => at === last.at && stopsRun(exception, asked));
    }

    /** The kernels that began at or before a position, the last one first. */
    jumpsUpTo(position: number): readonly Jump[] {
        return this.jumps.filter(({ at }) => at <= position).reverse();
    }

    /** Removes the entries after a position: they belong to another future. */
    cut(position: number): Beyond {
        const behind = ({ at }: { readonly at: number }): boolean => at > position;
        const beyond = { raised: this.exceptions.filter(behind), jumps: this.jumps.filter(behind) };
        this.exceptions = this.exceptions.filter((e) => !behind(e));
        this.jumps = this.jumps.filter((j) => !behind(j));
        return beyond;
    }

    /** Restores removed entries. Those that were added in the meantime must be removed before. */
    rejoin({ raised, jumps }: Beyond): void {
        this.exceptions.push(...raised);
        this.jumps.push(...jumps);
    }
}
