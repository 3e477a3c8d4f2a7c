/** Which of the futures that a run has had a position belongs to. */

/** What comes after a change of the user's; the run as it was written is the first. */
export interface Future {
    /** The one that the change has cut off; null: there was none. */
    readonly before: Future | null;
    /** The position at which they part. */
    readonly from: number;
}

/** A position of the run that somebody has kept. */
export interface Mark {
    /** Operations executed up to there. */
    readonly at: number;
    readonly future: Future;
}

/** Whether a mark lies in a future, or in the past that it shares with others. */
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

/** The order of two marks of one future, for sorting: by where they lie. */
export function inOrder(a: Mark, b: Mark): number {
    return a.at - b.at;
}
