/** Memory cgroups, for the charges of files in memory (mm/memcontrol.c): memory.max and memory.current. */
import { type Journal, JournaledRecord } from '../../machine/journal';

export class Memcg extends JournaledRecord {
    /** memory.max, in pages. */
    readonly limit: number = Infinity;
    /** memory.current, in pages. */
    readonly usage: number = 0;

    /** Number of refused charges (`max` in memory.events). */
    readonly refused: number = 0;

    constructor(private readonly journal: Journal) {
        super(journal);
    }

    setLimit(pages: number): void {
        this.journal.edit<Memcg>(this).limit = pages;
    }

    /** False if the charge would exceed the limit. Nothing is reclaimed: there is no swap. */
    charge(pages: number): boolean {
        if (this.usage + pages > this.limit) {
            this.journal.edit<Memcg>(this).refused++;
            return false;
        }
        this.journal.edit<Memcg>(this).usage += pages;
        return true;
    }

    uncharge(pages: number): void {
        this.journal.edit<Memcg>(this).usage -= pages;
    }
}
