/** Observes the repeated execution of a range of positions and collects the matches of a search. */
import { depthOf } from '../runtime/code';
import type { Interpreter } from '../runtime/interpreter';
import type { Stepping } from '../runtime/stepping';
import type { Goal } from './goal';

export class Scan implements Stepping {
    /** The positions at which breakpoints stop, in ascending order. */
    readonly stops: number[] = [];
    /** The first statement that counts, with its line for steps by lines. */
    first: number | undefined;
    firstLine: string | undefined;
    /** The last one; for steps by lines, the first of the last sequence on one line, and that line. */
    start: number | undefined;
    lastLine: string | undefined;
    private last = -1;

    constructor(
        private readonly run: Interpreter,
        private readonly goal: Goal | null,
    ) {}

    reaches(): boolean {
        const { run, goal } = this;
        const position = run.ticks;
        if (position !== this.last && goal?.isReached(run) === true) {
            this.last = position;
            const line = goal.lineOf && `${run.current.id} ${depthOf(run.current)} ${goal.lineOf(run.current)}`;
            if (this.first === undefined) {
                this.first = position;
                this.firstLine = line;
            }
            if (line === undefined || line !== this.lastLine) {
                this.start = position;
                this.lastLine = line;
            }
        }
        return false;
    }

    executes(): void {
        // a scan does not end early
    }

    jumps(): void {
        // the goal decides
    }

    /** A breakpoint stops at the present position. */
    stopsHere(): void {
        if (this.stops.at(-1) !== this.run.ticks) {
            this.stops.push(this.run.ticks);
        }
    }
}
