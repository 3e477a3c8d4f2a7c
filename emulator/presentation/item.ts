/**
 * What panes, trees and reports show: items that may unfold. They are values of one moment, made anew at every stop;
 * nothing below an item is computed before it unfolds.
 *
 * An item is found again by its path, the keys from the top down: two looks at the same tree, kept as path and value,
 * tell what has changed in between.
 */
import type { Value } from '../language/types';
import { countOf } from '../text/text';

/** One line. */
export interface Item {
    readonly name: string;
    readonly value: string;
    /** Tells it from its siblings, and is the same at every stop; left out, the name does. */
    readonly key?: string;
    readonly type?: string | undefined;
    readonly children?: Children | undefined;
    /** Physical address of the bytes behind it. */
    readonly address?: number | undefined;
    /** An expression that gives the same value. */
    readonly evaluateName?: string | undefined;
    /** Gives it another value. */
    readonly assign?: ((value: Value) => void) | undefined;
    /** It groups others, and stands for nothing in the program by itself. */
    readonly kind?: 'virtual';
}

export function keyOf({ key, name }: Item): string {
    return key ?? name;
}

/** A collection, or a range of one. */
export interface Indexed {
    readonly count: number;
    readonly item: (index: number) => Item;
    /** The number that its first item has in the whole collection. */
    readonly base?: number;
}

/** What an item unfolds into. */
export interface Children {
    /** Items with names of their own. */
    readonly named?: () => readonly Item[];
    /** Items by number, which are read in pages. */
    readonly indexed?: Indexed;
}

/** The named items; a number stands behind a name that has occurred before, so that every name and key is unique. */
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

/** An item that only groups others; `count` of them where that is worth a number. */
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
