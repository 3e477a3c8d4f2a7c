/** The positions at which breakpoints stop a run, for one range of positions that was searched. */

export class KnownStops {
    /** The range begins after this position … */
    private after = -1;
    /** … and ends with this one. */
    private upTo = -1;
    /** The positions at which a breakpoint stops, in ascending order. */
    private stops: number[] = [];

    /** The breakpoints were changed: the range becomes empty. */
    reset(): void {
        this.replace(-1, -1, []);
    }

    /**
     * The run has passed every position from `first` to `last`.
     * @param stops whether `last` is a stop; no other one is
     */
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

    /** Every position from `first` up to but not including the other was searched. */
    searched(from: number, to: number, stops: readonly number[]): void {
        const { after, upTo } = this;
        if (after >= upTo || to <= after || from > upTo + 1) {
            this.replace(from - 1, to - 1, stops);
        } else {
            const [before, behind] = [stops.filter((s) => s <= after), stops.filter((s) => s > upTo)];
            this.replace(Math.min(after, from - 1), Math.max(upTo, to - 1), [...before, ...this.stops, ...behind]);
        }
    }

    /** The last position before a given one that was not searched; below 0 if there is none. */
    unknownBefore(position: number): number {
        return position > this.after && position <= this.upTo + 1 ? this.after : position - 1;
    }

    /** The last known stop before a position. */
    lastBefore(position: number): number | undefined {
        return this.stops.findLast((s) => s < position);
    }

    /** Removes the positions after a given one: they belong to another future. */
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
