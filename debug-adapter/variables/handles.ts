/**
 * References to what can be unfolded, keyed by parent and name: what was unfolded before a step has the same reference after it.
 * A reference from before the step is good as long as its path still leads somewhere.
 */
import { namedItems, type Children, type Item } from './item';

interface Entry {
    readonly parent: number;
    readonly key: string;
    children: Children | undefined;
    /** The stop at which `children` was made. */
    stop: number;
}

/** Clients that do not page get long collections in ranges of this many. */
export const RANGE = 1000;

/** The items of a long collection from a number on. */
export function rangeOf({ indexed }: Children, from: number): Item {
    const count = Math.max(Math.min(RANGE, (indexed?.count ?? 0) - from), 0);
    const name = `[${from} … ${from + count - 1}]`;
    return indexed && count > 0
        ? { name, value: '', kind: 'virtual', children: { indexed: { count, item: (i) => indexed.item(from + i) } } }
        : { name, value: '' };
}

export class Handles {
    private readonly refs = new Map<string, number>();
    private readonly entries = new Map<number, Entry>();
    private stop = 0;

    /** The run goes on: what is behind the references is to be made anew, once its scope is asked for. */
    invalidate(): void {
        this.stop++;
    }

    /** Something was assigned: everything below the scopes is to be made anew. */
    refresh(): void {
        const roots = [...this.entries.values()].filter((e) => e.parent === 0 && e.stop === this.stop);
        this.stop++;
        for (const root of roots) {
            root.stop = this.stop;
        }
    }

    /** The reference of something that hangs at nothing: a scope, the result of an evaluation. */
    root(key: string, children: Children): number {
        return this.refer(0, key, children);
    }

    /** The reference of an item below another; 0 where it does not unfold. */
    of(parent: number, key: string, item: Item): number {
        return item.children ? this.refer(parent, key, item.children) : 0;
    }

    /** What a reference unfolds into; undefined where that does not exist (any more). */
    get(ref: number): Children | undefined {
        const entry = this.entries.get(ref);
        if (!entry) {
            return undefined;
        }
        if (entry.stop !== this.stop) {
            const children = this.again(entry);
            if (!children) {
                // its scope may be asked for later in this stop
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
        const index = /^#(\d+)$/.exec(entry.key)?.[1];
        if (index !== undefined) {
            const { indexed } = parent ?? {};
            return indexed && Number(index) < indexed.count ? indexed.item(Number(index)).children : undefined;
        }
        const range = /^\[(\d+) … \d+\]$/.exec(entry.key)?.[1];
        if (range !== undefined) {
            return parent && rangeOf(parent, Number(range)).children;
        }
        return parent && namedItems(parent).find((i) => i.name === entry.key)?.children;
    }

    private refer(parent: number, key: string, children: Children): number {
        const path = `${parent}/${key}`;
        let ref = this.refs.get(path);
        if (ref === undefined) {
            ref = this.refs.size + 1;
            this.refs.set(path, ref);
            this.entries.set(ref, { parent, key, children, stop: this.stop });
        } else {
            const entry = this.entries.get(ref);
            if (entry) {
                entry.children = children;
                entry.stop = this.stop;
            }
        }
        return ref;
    }
}
