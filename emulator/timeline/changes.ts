/** The user's changes of a run. They are inputs: they are repeated when the run passes their positions again. */
import type { Host } from '../runtime/host/host';

export interface Change {
    /** The position at which it was made. */
    readonly at: number;
    /** As an assignment: `n = 3`. */
    readonly text: string;
    /**
     * Makes it. It refers to parts of the run only by name, place or number, because the objects are different each
     * time.
     */
    readonly make: (host: Host) => unknown;
}

export class Changes {
    /** In the order in which they were made; those from {@link made} on are not made yet. */
    private list: readonly Change[] = [];
    private count = 0;

    constructor(private readonly host: Host) {}

    /** The number of changes that are part of the state of the run. */
    get made(): number {
        return this.count;
    }

    /** The run was set back to a position with this number of changes. */
    setBack(made: number): void {
        this.count = made;
    }

    /** The number of operations from a position to the next change to repeat. */
    distance(position: number): number {
        const next = this.list[this.count];
        return next ? next.at - position : Infinity;
    }

    /** The run has reached a position: repeats the changes that were made there. */
    makeAgain(position: number, before: () => void): void {
        for (let next = this.list[this.count]; next?.at === position; next = this.list[++this.count]) {
            before();
            next.make(this.host);
        }
    }

    /** Adds a change that was made now. @returns the later ones, which are discarded */
    add(change: Change): readonly Change[] {
        const gone = this.list.slice(this.count);
        this.list = [...this.list.slice(0, this.count), change];
        this.count++;
        return gone;
    }

    /** Removes the last of the first `count` changes, and restores those that it had replaced. */
    replaceFrom(count: number, later: readonly Change[]): void {
        this.list = [...this.list.slice(0, count), ...later];
    }
}
