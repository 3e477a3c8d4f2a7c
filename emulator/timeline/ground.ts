/** What is known of the ground that a run has gone over: what was raised where, and where kernels began. */
import type { Listener, Phase } from '../runtime/listener';
import { type RunException, type StopsAt, stopsRun } from '../runtime/stop';
import type { Interpreter } from '../runtime/interpreter';

interface Raised {
    readonly at: number;
    readonly exception: RunException;
}

/** A kernel begins: no frame of another one is left. */
interface Jump {
    readonly at: number;
    /** How many functions deep the scenario was. */
    readonly depth: number;
}

/** A part of the ground that was cut off. */
export interface Beyond {
    readonly raised: readonly Raised[];
    readonly jumps: readonly Jump[];
}

/** A reporter: it hears of new ground only. */
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

    /** The last exception before a position that stops a run which is asked to stop at these. */
    exceptionBefore(position: number, asked: ReadonlySet<StopsAt>): Raised | undefined {
        const last = this.exceptions.findLast(({ at, exception }) => at < position && stopsRun(exception, asked));
        // of several at one place the first stops the run
        return last && this.exceptions.find(({ at, exception }) => at === last.at && stopsRun(exception, asked));
    }

    /** The kernels that began at a position or before it, the last one first. */
    jumpsUpTo(position: number): readonly Jump[] {
        return this.jumps.filter(({ at }) => at <= position).reverse();
    }

    /** What lies behind a position is another future's. */
    cut(position: number): Beyond {
        const behind = ({ at }: { readonly at: number }): boolean => at > position;
        const beyond = { raised: this.exceptions.filter(behind), jumps: this.jumps.filter(behind) };
        this.exceptions = this.exceptions.filter((e) => !behind(e));
        this.jumps = this.jumps.filter((j) => !behind(j));
        return beyond;
    }

    /** Takes back what was cut off; what has been found meanwhile is cut off before. */
    rejoin({ raised, jumps }: Beyond): void {
        this.exceptions.push(...raised);
        this.jumps.push(...jumps);
    }
}
