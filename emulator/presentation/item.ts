/**
 * Items of panes, trees and reports, which may be expandable. They are snapshots, computed again at every stop; the
 * children of an item are computed on expansion.
 *
 * An item is identified by its path, the keys from the root down: comparing paths and values of two snapshots shows the
 * changes in between.
 */
import type { Value } from '../language/types';
import type { Int } from '../machine/int';
import { countOf, hex } from '../text/text';
import type { Stored } from './stored';

/** One line. */
export interface Item {
    readonly name: string;
    readonly value: string;
    /** Distinguishes it from its siblings, and is the same at every stop. Default: the name. */
    readonly key?: string;
    readonly type?: string | undefined;
    readonly children?: Children | undefined;
    /** The integer that the value shows, for other number formats. */
    readonly number?: Int | undefined;
    /** The physical address of its bytes. */
    readonly address?: number | undefined;
    /** Where its value is stored in physical memory, if it is. */
    readonly stored?: Stored | undefined;
    /** The page frames that it is about. */
    readonly frames?: PageFrames | undefined;
    /** An expression with the same value. */
    readonly evaluateName?: string | undefined;
    /** Assigns it a value. */
    readonly assign?: ((value: Value) => void) | undefined;
    /** Whether it only groups other items. */
    readonly kind?: 'virtual';
}

/** Page frames [pfn, pfn + count). */
export interface PageFrames {
    readonly pfn: number;
    readonly count: number;
}

/** The value, with integers in hexadecimal if asked. */
export function valueIn({ value, number }: Item, asHex: boolean): string {
    return asHex && number !== undefined ? hex(number) : value;
}

export function keyOf({ key, name }: Item): string {
    return key ?? name;
}

/** A collection, or a range of one. */
export interface Indexed {
    readonly count: number;
    readonly item: (index: number) => Item;
    /** The index of its first item in the whole collection. */
    readonly base?: number;
}

/** The children of an item. */
export interface Children {
    /** Items with names. */
    readonly named?: () => readonly Item[];
    /** Items by index, which are read in pages. */
    readonly indexed?: Indexed;
}

/** The named items; a repeated name gets a number, so that every name and key is unique. */
export function namedItems(children: Children): readonly Item[] {
    const items = children.named?.() ?? [];
    const seen = new Map<string, number>();
    return items.map((i) => {
        const n = seen.get(i.name) ?? 0;
        seen.set(i.name, n + 1);
        return n === 0 ? i : { ...i, name: `${i.name} (${n + 1})` };
    });
}

export const leaf = (name: string, value: string): Item => ({ name, value });

/** An item that only groups others. */
export function group(name: string, value: string, named: () => readonly Item[]): Item {
    return { name, value, children: { named }, kind: 'virtual' };
}

/** A collection that is read in pages. */
export function listing(name: string, what: string, count: number, item: (index: number) => Item): Item {
    const value = countOf(count, what);
    return count > 0
        ? { name, value, children: { indexed: { count, item } }, kind: 'virtual' }
        : { name, value, kind: 'virtual' };
}
