/** Questions about the bars of a lane, each answered by binary search. Times in nanoseconds. */
import { type PackedLanes, type Row, unpackedRow } from '../../emulator/trace/packed-lanes';
import type { Flag } from '../../emulator/trace/lanes';

export interface ViewLane {
    readonly group: string;
    readonly name: string;
    /** The outermost bars first; at least one row. */
    readonly rows: readonly Row[];
    /** In the order of their times. */
    readonly flags: readonly Flag[];
}

export const NO_BARS: Row = {
    begins: new Float64Array(),
    ends: new Float64Array(),
    labels: new Uint32Array(),
    details: new Uint32Array(),
};

export function lanesOf(packed: PackedLanes): ViewLane[] {
    return packed.lanes.map(({ group, name, rows, flags }) => ({ group, name, rows: rows.map(unpackedRow), flags }));
}

/** The first index whose number is at least `least`; the length if there is none. */
function firstAtLeast(numbers: Float64Array, least: number): number {
    let [low, high] = [0, numbers.length];
    while (low < high) {
        const middle = (low + high) >> 1;
        if ((numbers[middle] ?? 0) < least) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/** The first bar that ends at or after a time. */
export function firstFrom(row: Row, time: number): number {
    return firstAtLeast(row.ends, time);
}

/** The bar nearest to a time, at most `slack` away; -1: there is none. */
export function barAt(row: Row, time: number, slack: number): number {
    const i = firstFrom(row, time);
    const distance = (at: number): number => {
        const [begin, end] = [row.begins[at], row.ends[at]];
        return begin === undefined || end === undefined ? Infinity : Math.max(begin - time, time - end, 0);
    };
    const best = distance(i - 1) < distance(i) ? i - 1 : i;
    return distance(best) <= slack ? best : -1;
}

/** The flag nearest to a time, at most `slack` away. */
export function flagAt(flags: readonly Flag[], time: number, slack: number): Flag | undefined {
    let found: Flag | undefined;
    for (const flag of flags) {
        const distance = Math.abs(flag.at - time);
        if (distance <= slack && distance < Math.abs((found?.at ?? Infinity) - time)) {
            found = flag;
        }
    }
    return found;
}

/** The time of each bar without that of the bars in it, by label, within a span. */
export function ownTimes({ rows }: ViewLane, from: number, to: number): Map<number, number> {
    const times = new Map<number, number>();
    const add = (label: number | undefined, ns: number): void => {
        if (label !== undefined) {
            times.set(label, (times.get(label) ?? 0) + ns);
        }
    };
    for (const [depth, row] of rows.entries()) {
        const around = rows[depth - 1];
        let outer = around ? firstFrom(around, from) : 0;
        for (let i = firstFrom(row, from); i < row.begins.length; i++) {
            const [begin = 0, end = 0] = [row.begins[i], row.ends[i]];
            if (begin >= to) {
                break;
            }
            const inside = Math.min(end, to) - Math.max(begin, from);
            if (inside <= 0) {
                continue;
            }
            add(row.labels[i], inside);
            if (around) {
                while ((around.ends[outer] ?? Infinity) <= begin) {
                    outer++;
                }
                add(around.labels[outer], -inside);
            }
        }
    }
    return times;
}
