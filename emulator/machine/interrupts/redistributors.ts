/**
 * The redistributors of a GICv3, one a processor: the registers that tell them where in memory the tables of message
 * interrupts (LPIs) are. Only switching the machine on resets them; a kexec does not.
 */
import type { Hasher } from '../hash';
import { type Journal, JournaledRecord } from '../journal';

export class Redistributors extends JournaledRecord {
    /** GICR_CTLR.EnableLPIs: they use the tables. */
    readonly enabled: boolean = false;
    /** GICR_PROPBASER: the address of the table with a byte for each LPI, which all of them share. */
    readonly property: number = 0;
    /** GICR_PENDBASER: the address of the table with a bit for each LPI, by processor. */
    readonly pending: readonly number[] = [];

    constructor(private readonly journal: Journal) {
        super(journal);
    }

    /** The machine is switched on. */
    powerOn(): void {
        this.disable();
    }

    enable(property: number, pending: readonly number[]): void {
        const edited = this.journal.edit<Redistributors>(this);
        edited.enabled = true;
        edited.property = property;
        edited.pending = pending;
    }

    disable(): void {
        const edited = this.journal.edit<Redistributors>(this);
        edited.enabled = false;
        edited.property = 0;
        edited.pending = [];
    }

    hash(hasher: Hasher): void {
        hasher.num(this.enabled ? 1 : 0).num(this.property);
        for (const address of this.pending) {
            hasher.num(address);
        }
    }
}
