/** An interrupt of a device as one kernel knows it: the vector it was given, and who is told when it comes. */
import type { Device } from '../../machine/devices/device';
import type { Hasher } from '../../machine/hash';
import type { InterruptHandler, InterruptSource } from '../../machine/interrupts/controller';
import type { Destination } from '../../machine/interrupts/message';
import { type Journal, Rec } from '../../machine/journal';

export class Irq extends Rec implements InterruptHandler {
    /** Processor and vector. */
    readonly to: Destination;
    /** Times that it came. */
    readonly count: number = 0;

    constructor(
        private readonly journal: Journal,
        readonly device: Device,
        /** Which entry of the device's MSI-X table it is. */
        readonly index: number,
        /** As /proc/interrupts shows it. */
        readonly name: string,
        to: Destination,
        /** The entry of the remapping table that leads to it; −1: there is none. */
        readonly entry: number,
    ) {
        super(journal);
        this.to = to;
    }

    serves(source: InterruptSource, vector: number): boolean {
        return source === this.device && vector === this.index;
    }

    handle(): void {
        this.journal.edit<Irq>(this).count++;
        this.device.noticed(this.index);
    }

    /** It goes to another processor. */
    move(to: Destination): void {
        this.journal.edit<Irq>(this).to = to;
    }

    hash(hasher: Hasher): void {
        hasher.str(this.name).num(this.index).num(this.to.cpu).num(this.to.vector).num(this.entry).num(this.count);
    }
}
