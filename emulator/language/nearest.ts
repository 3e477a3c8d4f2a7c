/** Nearest names: for "did you mean". */

/**
 * The edit distance of `a` and `b`: letters changed, added, removed or swapped with their neighbour. Distances above
 * `limit` are `limit + 1`.
 */
export function distance(a: string, b: string, limit: number): number {
    if (Math.abs(a.length - b.length) > limit) {
        return limit + 1;
    }
    let before: number[] = [];
    let last = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
        const row = [i];
        let best = i;
        for (let j = 1; j <= b.length; j++) {
            const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1;
            let d = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
            if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
                d = Math.min(d, (before[j - 2] ?? 0) + 1);
            }
            row.push(d);
            best = Math.min(best, d);
        }
        if (best > limit) {
            return limit + 1;
        }
        before = last;
        last = row;
    }
    return Math.min(last[b.length] ?? 0, limit + 1);
}

/**
 * The most similar candidate, if at most a third of its letters differ; the first of several.
 */
export function near(name: string, candidates: Iterable<string>): string | undefined {
    const limit = Math.max(1, Math.floor(name.length / 3));
    let best: string | undefined;
    let least = limit + 1;
    for (const candidate of candidates) {
        if (candidate === name) {
            continue;
        }
        const d = candidate.toLowerCase() === name.toLowerCase() ? 0 : distance(name, candidate, least - 1);
        if (d < least && d < Math.max(name.length, candidate.length)) {
            least = d;
            best = candidate;
        }
    }
    return best;
}
