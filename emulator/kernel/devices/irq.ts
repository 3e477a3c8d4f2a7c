/** An interrupt of a device as one kernel knows it: the vector it was given, and who is told when it comes. */
import type { Device } from '../../machine/devices/device';
import type { Hasher } from '../../machine/hash';
import type { InterruptHandler, InterruptSource } from '../../machine/interrupts/delivery';
import type { Destination } from '../../machine/interrupts/message';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { VirtualMachine } from '../kvm/vm';
import type { GuestLine } from '../../machine/interrupts/guest-line';

/** What the previous kernel says of an interrupt. */
export interface IncomingIrq {
    /** The descriptor that the hardware posts to; 0: it comes to a processor. */
    readonly descriptor: number;
    /** As which vector of a guest. */
    readonly guestVector: number;
}

export class Irq extends JournaledRecord implements InterruptHandler {
    /** Processor and vector. */
    readonly to: Destination;
    /** Times that it came to this kernel; what is posted goes past it. */
    readonly count: number = 0;
    /**
     * The VM that it is an irqfd of, and the vector there; null: user space waits at its eventfd, or it is a driver's
     * of the kernel.
     */
    readonly vm: VirtualMachine | null = null;
    readonly line: GuestLine | null = null;
    /** The hardware leaves it in a descriptor of that VM. */
    readonly posted: boolean = false;
    /** It came from the previous kernel, and nobody has set it up here; null: it was set up in this kernel. */
    readonly incoming: IncomingIrq | null = null;
    /** The next kernel is told of it. */
    readonly preserved: boolean = false;

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

    /** The descriptor that the hardware posts it to, by its address; 0: it comes to a processor. */
    get descriptor(): number {
        const { posted, vm, line } = this;
        return posted && vm?.posted && line ? vm.posted.addressOf(line.vcpu) : 0;
    }

    /** The memory of the descriptors of its VM, by its address; undefined where it is not posted. */
    get descriptors(): number | undefined {
        return this.posted ? this.vm?.posted?.pa : undefined;
    }

    serves(source: InterruptSource, vector: number): boolean {
        return source === this.device && vector === this.index;
    }

    handle(): void {
        this.journal.edit<Irq>(this).count++;
        // until somebody sets it up, all that is known is that it came
        if (!this.incoming) {
            this.signal();
        }
    }

    /** Whoever waits for it is told: eventfd_signal(), or the driver's handler. */
    signal(): void {
        const { vm, line } = this;
        if (vm && line) {
            vm.inject(line.vector, line.vcpu);
        } else {
            this.device.noticed(this.index);
        }
    }

    /** KVM_IRQFD: it goes to a VM; null: it does no longer. */
    connect(to: { readonly vm: VirtualMachine; readonly line: GuestLine } | null, posted: boolean): void {
        const e = this.journal.edit<Irq>(this);
        e.vm = to?.vm ?? null;
        e.line = to?.line ?? null;
        e.posted = posted;
    }

    /** It is as the previous kernel left it; null: somebody has set it up. */
    inherit(from: IncomingIrq | null): void {
        this.journal.edit<Irq>(this).incoming = from;
    }

    /** It goes to another processor. */
    move(to: Destination): void {
        this.journal.edit<Irq>(this).to = to;
    }

    hash(hasher: Hasher): void {
        hasher.str(this.name).num(this.index).num(this.to.cpu).num(this.to.vector).num(this.entry).num(this.count);
        hasher
            .str(this.vm?.name ?? '')
            .u32(this.posted ? 1 : 0)
            .num(this.incoming?.descriptor ?? -1)
            .u32(this.preserved ? 1 : 0);
    }
}
