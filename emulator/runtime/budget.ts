/** How far a run may go before it returns, or before the interpreter looks at what the last operation has done. */

/** How many times as fast as closures generated code is, roughly. */
const FAST = 16;

export class Budget {
    /** The run goes on until it reaches this position. */
    limit = 0;
    /** The position at which the run returns. {@link limit} is smaller if the run is interrupted before. */
    private end = 0;
    /** The position at which the run returns if generated code executes all remaining operations. */
    private furthest = 0;

    /**
     * @param ticks the position at which the run begins
     * @param operations the most operations that it executes
     * @param work the most operations if those in generated code, which take less time, count a sixteenth each
     */
    begin(ticks: number, operations: number, work: number): void {
        this.furthest = ticks + operations;
        this.end = Math.min(ticks + work, this.furthest);
        this.limit = this.end;
    }

    /** Uses up the budget: the run returns at this position. */
    use(ticks: number): void {
        this.furthest = ticks;
        this.end = ticks;
        this.limit = ticks;
    }

    /** Interrupts the run at this position, without using up the budget. */
    interrupt(ticks: number): void {
        this.limit = ticks;
    }

    /** Ends the interruption. */
    resume(): void {
        this.limit = this.end;
    }

    /** How many operations generated code may execute from a position on. */
    restFrom(ticks: number): number {
        const { limit, end, furthest } = this;
        return limit < end ? limit - ticks : Math.min((limit - ticks) * FAST, furthest - ticks);
    }

    /** Generated code has executed this number of operations. */
    ranGenerated(operations: number): void {
        const interrupted = this.limit < this.end;
        this.end = Math.min(this.end + operations - Math.ceil(operations / FAST), this.furthest);
        if (!interrupted) {
            this.limit = this.end;
        }
    }
}
