/**
 * The work of an exploration as data: a course up to a state that is known, and from there one choice that has not been
 * made. Any thread or machine can take an item.
 */
import type { Choice } from '../run/choices';
import { START } from './graph';

export interface Item {
    /**
     * The choices that are not usual, as position and code, alternately. Every choice of a course has a position, and
     * every state between them, too.
     */
    readonly path: readonly number[];
    /** The fingerprint of the state that it goes on from. */
    readonly from: number;
    /** The position behind that state. */
    readonly start: number;
    /** How many choices from there on are given by the path; the others are usual. */
    readonly given: number;
    readonly faults: number;
    readonly switches: number;
}

/** The most of a course. */
export interface Bounds {
    readonly faults: number;
    /** From a process that could continue; Infinity for all orders. */
    readonly switches: number;
}

/** The usual course. */
export const FIRST_ITEM: Item = { path: [], from: START, start: 0, given: 0, faults: 0, switches: 0 };

/** In how many choices that have a price the course differs from the usual one. */
export function costOf({ faults, switches }: Item): number {
    return faults + switches;
}

/** An item that takes another alternative of a choice on the way of this one; null if that is out of bounds. */
export function otherwise(
    { path, faults, switches }: Item,
    from: number,
    start: number,
    index: number,
    { price }: Choice,
    code: number,
    bounds: Bounds,
): Item | null {
    const item = {
        path: [...path, start + index, code],
        from,
        start,
        given: index + 1,
        faults: faults + (price === 'fault' ? 1 : 0),
        switches: switches + (price === 'switch' ? 1 : 0),
    };
    return item.faults <= bounds.faults && item.switches <= bounds.switches ? item : null;
}

/** The order in which a search from checkpoints reaches them: the usual choice first. */
export function comparePaths(a: readonly number[], b: readonly number[]): number {
    const at = firstDifference(a, b);
    const [positionA = Infinity, codeA = 0] = a.slice(at, at + 2);
    const [positionB = Infinity, codeB = 0] = b.slice(at, at + 2);
    return positionA === positionB ? codeA - codeB : positionA < positionB ? 1 : -1;
}

/** The number of positions up to which two paths are the same. */
export function commonLength(a: readonly number[], b: readonly number[]): number {
    const at = firstDifference(a, b);
    return Math.min(a[at] ?? Infinity, b[at] ?? Infinity);
}

/** The index of the first position with another code. */
function firstDifference(a: readonly number[], b: readonly number[]): number {
    let i = 0;
    while (i < a.length && i < b.length && a[i] === b[i] && a[i + 1] === b[i + 1]) {
        i += 2;
    }
    return i;
}

/** Independent of how an item was reached. */
export function compareItems(a: Item, b: Item): number {
    return a.from - b.from || comparePaths(tail(a), tail(b));
}

/** Equal for items that go on from the same state with the same choices. */
export function keyOfItem(item: Item): string {
    return `${item.from} ${tail(item).join(' ')}`;
}

/** The choices after the state, with positions from there. */
function tail({ path, start }: Item): number[] {
    const at = path.findIndex((p, i) => i % 2 === 0 && p >= start);
    return at < 0 ? [] : path.slice(at).map((n, i) => (i % 2 === 0 ? n - start : n));
}
