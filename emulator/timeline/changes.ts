/** What the user does to a run: inputs, which are made again wherever the run comes by again. */
import type { Host } from '../runtime/host/host';

export interface Change {
    /** The position of the run at which it was made. */
    readonly at: number;
    /** As the user would write it: `n = 3`. */
    readonly text: string;
    /** Makes it; of the run it may refer to nothing but by name, place or number: objects are made anew. */
    readonly make: (host: Host) => unknown;
}

export class Changes {
    /** In the order in which they were made; those from {@link made} on are still to come. */
    private list: readonly Change[] = [];
    private count = 0;

    constructor(private readonly host: Host) {}

    /** How many of them are part of the state of the run. */
    get made(): number {
        return this.count;
    }

    /** The run was set back to where so many were made. */
    setBack(made: number): void {
        this.count = made;
    }

    /** Operations from a position to where the next one is made again. */
    distance(position: number): number {
        const next = this.list[this.count];
        return next ? next.at - position : Infinity;
    }

    /** The run has come to a position: what was changed there is changed again. */
    makeAgain(position: number, before: () => void): void {
        for (let next = this.list[this.count]; next?.at === position; next = this.list[++this.count]) {
            before();
            next.make(this.host);
        }
    }

    /** One more, which was made just now. @returns those that do not come any more */
    add(change: Change): readonly Change[] {
        const gone = this.list.slice(this.count);
        this.list = [...this.list.slice(0, this.count), change];
        this.count++;
        return gone;
    }

    /** Takes the last one of the first `count` back, and those that came after it in its place. */
    replaceFrom(count: number, later: readonly Change[]): void {
        this.list = [...this.list.slice(0, count), ...later];
    }
}
