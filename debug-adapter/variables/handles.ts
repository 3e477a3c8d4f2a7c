/**
 * References to expandable items, keyed by parent and key: an item that was expanded before a step has the same
 * reference after it. A reference from before the step stays valid while its path exists.
 */
import { keyOf, namedItems, type Children, type Indexed, type Item } from '../../emulator/presentation/item';

interface Entry {
    readonly parent: number;
    readonly key: string;
    /** Creates the root item from the present state of the run. */
    make: (() => Children) | undefined;
    children: Children | undefined;
    /** The stop at which `children` was computed. */
    stop: number;
}

/**
 * The most items for clients without paging; longer collections are divided into ranges, and ranges of ranges.
 */
export const RANGE = 1000;

/** The ranges of a long collection. */
export function rangesOf(indexed: Indexed): Item[] {
    let size = RANGE;
    while (indexed.count > size * RANGE) {
        size *= RANGE;
    }
    const base = indexed.base ?? 0;
    return Array.from({ length: Math.ceil(indexed.count / size) }, (_, n): Item => {
        const from = n * size;
        const count = Math.min(size, indexed.count - from);
        const item = (i: number): Item => indexed.item(from + i);
        return {
            name: `[${base + from} … ${base + from + count - 1}]`,
            value: '',
            kind: 'virtual',
            children: { indexed: { count, item, base: base + from } },
        };
    });
}

/** The key of an item by its index, so that it is found among millions in constant time. */
export function numberKey(index: number): string {
    return `#${index}`;
}

function numberOf(key: string): number | undefined {
    const digits = /^#(\d+)$/.exec(key)?.[1];
    return digits === undefined ? undefined : Number(digits);
}

export class Handles {
    private readonly refs = new Map<string, number>();
    private readonly entries = new Map<number, Entry>();
    private stop = 0;

    /** The run continues: items are recomputed when their scope is requested again. */
    invalidate(): void {
        this.stop++;
    }

    /** After an assignment, everything below the scopes is recomputed. */
    refresh(): void {
        const roots = [...this.entries.values()].filter((e) => e.parent === 0 && e.stop === this.stop);
        this.stop++;
        for (const root of roots) {
            root.stop = this.stop;
        }
    }

    /** The reference of a root item: a scope, or the result of an evaluation. */
    root(key: string, make: () => Children, children: Children = make()): number {
        return this.refer(0, key, children, make);
    }
    /**
     * A function that finds an item below a reference again at any later position of the run.
     * @param key the item's key
     */
    finder(ref: number, key: string): () => Item | undefined {
        const keys = [key];
        let entry = this.entries.get(ref);
        for (; entry && entry.parent !== 0; entry = this.entries.get(entry.parent)) {
            keys.unshift(entry.key);
        }
        const make = entry?.make;
        return () => {
            let children = make?.();
            let item: Item | undefined;
            for (const k of keys) {
                item = children && itemBelow(children, k);
                children = item?.children;
            }
            return item;
        };
    }

    /** The reference of a child item; 0 if it is not expandable. */
    of(parent: number, key: string, item: Item): number {
        return item.children ? this.refer(parent, key, item.children) : 0;
    }

    /** The children of a reference; undefined if it does not exist (any more). */
    get(ref: number): Children | undefined {
        const entry = this.entries.get(ref);
        if (!entry) {
            return undefined;
        }
        if (entry.stop !== this.stop) {
            const children = this.again(entry);
            if (!children) {
                // its scope may be requested later in this stop
                return undefined;
            }
            entry.children = children;
            entry.stop = this.stop;
        }
        return entry.children;
    }

    private again(entry: Entry): Children | undefined {
        if (entry.parent === 0) {
            return undefined;
        }
        const parent = this.get(entry.parent);
        return parent && itemBelow(parent, entry.key)?.children;
    }

    private refer(parent: number, key: string, children: Children, make?: () => Children): number {
        const path = `${parent}/${key}`;
        const ref = this.refs.get(path) ?? this.refs.size + 1;
        this.refs.set(path, ref);
        this.entries.set(ref, { parent, key, make, children, stop: this.stop });
        return ref;
    }
}

/** The child with a key. */
function itemBelow(parent: Children, key: string): Item | undefined {
    const index = numberOf(key);
    if (index !== undefined) {
        const { indexed } = parent;
        return indexed && index < indexed.count ? indexed.item(index) : undefined;
    }
    if (parent.indexed && key.includes(' … ')) {
        return rangesOf(parent.indexed).find((i) => i.name === key);
    }
    return namedItems(parent).find((i) => keyOf(i) === key);
}
