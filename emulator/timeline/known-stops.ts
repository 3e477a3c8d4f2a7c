/** Where breakpoints would stop a run, as far as that is known: of one stretch of ground. */

export class KnownStops {
    /** Known are the positions behind this one … */
    private after = -1;
    /** … up to this one. */
    private upTo = -1;
    /** Those at which a breakpoint stops, in ascending order. */
    private stops: number[] = [];

    /** Other breakpoints than before: nothing is known. */
    reset(): void {
        this.replace(-1, -1, []);
    }

    /** The run has come by every position from `first` to `last`. @param stops whether `last` is a stop; no other is */
    passed(first: number, last: number, stops: boolean): void {
        if (last < first) {
            return;
        }
        if (first <= this.after || first > this.upTo + 1) {
            this.replace(first - 1, first - 1, []);
        }
        if (last > this.upTo) {
            this.upTo = last;
            if (stops) {
                this.stops.push(last);
            }
        }
    }

    /** Every position from one on was searched, up to another one, which is not included. */
    searched(from: number, to: number, stops: readonly number[]): void {
        if (this.after >= this.upTo || to <= this.after) {
            this.replace(from - 1, to - 1, stops);
        } else if (from <= this.after) {
            this.stops.unshift(...stops.filter((s) => s <= this.after));
            this.after = from - 1;
        }
    }

    /** The last position before another one of which nothing is known; below 0: there is none. */
    unknownBefore(position: number): number {
        return position > this.after && position <= this.upTo + 1 ? this.after : position - 1;
    }

    /** The last stop before a position, among those that are known. */
    lastBefore(position: number): number | undefined {
        return this.stops.findLast((s) => s < position);
    }

    /** What lies behind a position is another future's. */
    cut(position: number): void {
        if (position <= this.after) {
            this.reset();
        } else {
            const upTo = Math.min(this.upTo, position);
            this.replace(
                this.after,
                upTo,
                this.stops.filter((s) => s <= upTo),
            );
        }
    }

    private replace(after: number, upTo: number, stops: readonly number[]): void {
        this.after = after;
        this.upTo = upTo;
        this.stops = [...stops];
    }
}
