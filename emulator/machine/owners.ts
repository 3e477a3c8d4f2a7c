/** The owners of pages by number. */
import type { Hasher } from './hash';
import type { Journal, Saveable } from './journal';

/** Pages that nothing has allocated: free or reserved ones. */
const NONE = 'no owner';

/**
 * Owners of pages: short descriptions ("memfd guest-ram", "radix tree"), each with a small number that fits into page
 * metadata.
 */
export class Owners implements Saveable {
    epoch: number;
    private names: string[] = [NONE];
    private ids = new Map<string, number>([[NONE, 0]]);
    /** The number that was looked up last. After a restore it can be invalid, so its name is compared. */
    private last = 0;

    constructor(private readonly journal: Journal) {
        this.epoch = journal.epoch;
    }

    /** The number of this description. */
    id(name: string): number {
        if (this.names[this.last] === name) {
            return this.last;
        }
        let id = this.ids.get(name);
        if (id === undefined) {
            this.journal.touch(this);
            id = this.names.length;
            this.names.push(name);
            this.ids.set(name, id);
        }
        this.last = id;
        return id;
    }

    name(id: number): string {
        return this.names[id] ?? `owner ${id}`;
    }

    /** Behind the name of what is owned: ` of memfd guest-ram`. */
    of(id: number): string {
        return id === 0 ? ' without an owner' : ` of ${this.name(id)}`;
    }

    hash(hasher: Hasher): void {
        for (const name of this.names) {
            hasher.str(name);
        }
    }

    /** Names are only added, so their count is the state. */
    save(): unknown {
        return this.names.length;
    }

    load(saved: unknown): void {
        if (typeof saved === 'number') {
            for (const name of this.names.splice(saved)) {
                this.ids.delete(name);
            }
        }
    }
}
