/** What the variables pane is made of: items that may unfold. Nothing below an item is computed before it unfolds. */
import type { Value } from '../language/types';
import { countOf } from '../text/text';

/** One line of the variables pane. */
export interface Item {
    readonly name: string;
    readonly value: string;
    readonly type?: string | undefined;
    readonly children?: Children | undefined;
    /** Physical address of the bytes behind it. */
    readonly address?: number | undefined;
    /** An expression that gives the same value. */
    readonly evaluateName?: string | undefined;
    /** Gives it another value. */
    readonly assign?: ((value: Value) => void) | undefined;
    readonly kind?: 'data' | 'virtual' | 'class';
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

/** The named items of a list with something at the front of every name that occurs twice, so that names are keys. */
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
