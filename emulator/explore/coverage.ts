/** Which choices an exploration has met, and which of their alternatives it has taken. */
import type { Choice } from '../run/choices';

export interface Covered {
    readonly what: string;
    /** The alternatives, without the usual one of a fault. */
    readonly alternative: string;
    /** How many choices have had it. */
    readonly met: number;
    /** At how many of them it was taken. */
    readonly taken: number;
}

interface Entry {
    readonly what: string;
    readonly alternative: string;
    readonly met: Set<number>;
    readonly taken: Set<number>;
}

export class Coverage {
    private readonly entries = new Map<string, Entry>();

    add(choice: Choice): void {
        choice.alternatives.forEach((alternative, i) => {
            if (choice.price === 'fault' && i === choice.usual) {
                return;
            }
            const key = `${choice.what}\0${choice.price === 'fault' ? alternative : ''}`;
            let entry = this.entries.get(key);
            if (!entry) {
                const shown = choice.price === 'fault' ? alternative : '';
                entry = { what: choice.what, alternative: shown, met: new Set(), taken: new Set() };
                this.entries.set(key, entry);
            }
            entry.met.add(choice.number);
            if (i === choice.picked && i !== choice.usual) {
                entry.taken.add(choice.number);
            }
        });
    }

    /** In the order of their names. */
    get table(): Covered[] {
        return [...this.entries.values()]
            .map(({ what, alternative, met, taken }) => ({ what, alternative, met: met.size, taken: taken.size }))
            .sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : a.alternative < b.alternative ? -1 : 1));
    }
}
