/** Goes along with a run over a stretch of known ground, and keeps what a search looks for. */
import { depthOf } from '../runtime/code';
import type { Interpreter } from '../runtime/interpreter';
import type { Stepping } from '../runtime/stepping';
import type { Goal } from './goal';

export class Scan implements Stepping {
    /** Where breakpoints stop, in ascending order. */
    readonly stops: number[] = [];
    /** The first statement that counts, and its line where that is asked for. */
    first: number | undefined;
    firstLine: string | undefined;
    /** The last one; for steps by lines the first of the last ones in a row that are on one line, and that line. */
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
        // nothing ends a scan
    }

    jumps(): void {
        // the goal knows
    }

    /** A breakpoint stops where the run is. */
    stopsHere(): void {
        if (this.stops.at(-1) !== this.run.ticks) {
            this.stops.push(this.run.ticks);
        }
    }
}
