/**
 * KSTATE in a kernel: the structs that are registered to be saved. The engine that saves and loads them is
 * `std/kstate.lus`; source of both is v3 of the series, 9 September 2025 (kernel/liveupdate/kstate.c).
 */
import type { Hasher } from '../../machine/hash';
import { type Journal, JournaledList, JournaledRecord } from '../../machine/journal';

/** A registered struct (struct state_entry). */
export interface KstateEntry {
    /** Its description, a record of the program that does not change. */
    readonly description: object;
    /** The name of the description. */
    readonly title: string;
    /** Its physical address. */
    readonly address: number;
    /** Its number among the structs of this description. */
    readonly instance: number;
}

export class Kstate extends JournaledRecord {
    /** In the order in which they were registered. */
    readonly entries: JournaledList<KstateEntry>;
    /** Physical address of the stream of the previous kernel; 0: there is none. */
    readonly stream: number = 0;

    constructor(journal: Journal) {
        super(journal);
        this.entries = new JournaledList(journal);
    }

    hash(hasher: Hasher): void {
        hasher.num(this.stream).u32(this.entries.length);
        for (const { title, address, instance } of this.entries) {
            hasher.str(title).num(address).num(instance);
        }
    }

    display(): string {
        return 'KSTATE';
    }
}
