/**
 * Fingerprints of saveable state that are computed again only after a change. No two contents of the same state have
 * the same epoch once this epoch is over: a change gives it a later one, and going back gives it the one that it had.
 */
import type { Journal, Saveable } from './journal';

/** The epoch of the last change of anything that belongs to a larger piece of state, which itself is not saved then. */
export class Stamp implements Saveable {
    epoch: number;

    constructor(journal: Journal) {
        this.epoch = journal.epoch;
    }

    save(): undefined {
        return undefined;
    }

    load(): void {
        // the epoch is all
    }
}

/** A fingerprint of one piece of state. */
export class Remembered {
    private epoch = 0;
    private below = 0;
    private value = 0;

    /**
     * @param state what the fingerprint depends on
     * @param parts its parts, if they are not saved with it
     */
    of(journal: Journal, state: Saveable, parts: Saveable | null, compute: () => number): number {
        const { epoch } = state;
        const below = parts?.epoch ?? 0;
        if (epoch === this.epoch && below === this.below) {
            return this.value;
        }
        const value = compute();
        // before the epoch is over the state can change without notice
        if (epoch < journal.epoch && below < journal.epoch) {
            this.epoch = epoch;
            this.below = below;
            this.value = value;
        }
        return value;
    }
}
