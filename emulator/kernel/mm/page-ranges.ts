/** Operations on sorted lists of page ranges. */

/** A range of pages [start, end) that the kernel reserved at boot, or whose pageblocks are CMA. */
export interface PfnRange {
    readonly start: number;
    readonly end: number;
    readonly owner: number;
}

/** The range of a sorted list that contains a page. */
export function rangeOf<R extends { readonly start: number; readonly end: number }>(
    ranges: readonly R[],
    pfn: number,
): R | undefined {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
        const mid = (low + high) >>> 1;
        const range = ranges[mid]!;
        if (pfn < range.start) {
            high = mid;
        } else if (pfn >= range.end) {
            low = mid + 1;
        } else {
            return range;
        }
    }
    return undefined;
}

export function withRange(ranges: readonly PfnRange[], added: PfnRange): PfnRange[] {
    if (added.start >= added.end) {
        return [...ranges];
    }
    return [...withoutRange(ranges, added.start, added.end), added].sort((a, b) => a.start - b.start);
}

export function withoutRange(ranges: readonly PfnRange[], start: number, end: number): PfnRange[] {
    return ranges.flatMap((r) => {
        if (r.end <= start || r.start >= end) {
            return [r];
        }
        return [
            { ...r, end: start },
            { ...r, start: end },
        ].filter((part) => part.start < part.end);
    });
}
