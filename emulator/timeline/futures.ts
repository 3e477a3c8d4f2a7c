/** The futures of a run: each change of the user begins a new one, and every position belongs to one of them. */

/** The execution after a change; the first future is the run without changes. */
export interface Future {
    /** The future that the change has replaced, or null. */
    readonly before: Future | null;
    /** The position of the change. */
    readonly from: number;
}

/** A recorded position of the run. */
export interface Mark {
    /** The number of operations executed up to there. */
    readonly at: number;
    readonly future: Future;
}

/** Whether a mark is in a future, or in the part that it shares with other futures. */
export function isIn(mark: Mark, future: Future): boolean {
    let limit = Infinity;
    for (let f: Future | null = future; f; f = f.before) {
        if (f === mark.future) {
            return mark.at <= limit;
        }
        limit = Math.min(limit, f.from);
    }
    return false;
}

/** Compares the positions of two marks of a future, for sorting. */
export function inOrder(a: Mark, b: Mark): number {
    return a.at - b.at;
}
