/** How far a run goes before it returns, or before somebody looks at what it has done. */

/** Generated code is about so many times as fast as closures. */
const FAST = 16;

export class Budget {
    /** The run goes on while it is before this position. */
    limit = 0;
    /** The position at which it returns; {@link limit} is before it where somebody looks first. */
    private end = 0;
    /** The same if generated code executes all that is left. */
    private furthest = 0;

    /**
     * @param ticks the position
     * @param operations the most
     * @param work the most if those in generated code count a sixteenth: they take less time
     */
    begin(ticks: number, operations: number, work: number): void {
        this.furthest = ticks + operations;
        this.end = Math.min(ticks + work, this.furthest);
        this.limit = this.end;
    }

    /** It is used up. */
    use(ticks: number): void {
        this.furthest = ticks;
        this.end = ticks;
        this.limit = ticks;
    }

    /** Somebody looks at what has been done up to here. */
    interrupt(ticks: number): void {
        this.limit = ticks;
    }

    /** Nobody does any more. */
    resume(): void {
        this.limit = this.end;
    }

    /** How many operations generated code may execute. */
    restFrom(ticks: number): number {
        const { limit, end, furthest } = this;
        return limit < end ? limit - ticks : Math.min((limit - ticks) * FAST, furthest - ticks);
    }

    /** Generated code has executed so many. */
    ranGenerated(operations: number): void {
        const interrupted = this.limit < this.end;
        this.end = Math.min(this.end + operations - Math.ceil(operations / FAST), this.furthest);
        if (!interrupted) {
            this.limit = this.end;
        }
    }
}
