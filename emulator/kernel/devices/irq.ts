/** An interrupt of a device in one kernel: its vector, and its receiver. */
import type { Device } from '../../machine/devices/device';
import type { Hasher } from '../../machine/hash';
import type { InterruptHandler, InterruptSource } from '../../machine/interrupts/delivery';
import type { Destination } from '../../machine/interrupts/message';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { VirtualMachine } from '../kvm/vm';
import type { GuestLine } from '../../machine/interrupts/guest-line';

/** What the previous kernel handed over about an interrupt. */
export interface IncomingIrq {
    /** The descriptor that the hardware posts to; 0: it is sent to a processor. */
    readonly descriptor: number;
    /** The vector of the guest. */
    readonly guestVector: number;
}

export class Irq extends JournaledRecord implements InterruptHandler {
    /** Processor and vector. */
    readonly to: Destination;
    /** Times that it came to this kernel; posted interrupts bypass the kernel. */
    readonly count: number = 0;
    /**
     * The VM whose irqfd it is, and the vector there; null: its receiver is an eventfd of user space, or a driver of
     * the kernel.
     */
    readonly vm: VirtualMachine | null = null;
    readonly line: GuestLine | null = null;
    /** The hardware stores it in a descriptor of that VM. */
    readonly posted: boolean = false;
    /** It came from the previous kernel and was not set up here; null: it was set up in this kernel. */
    readonly incoming: IncomingIrq | null = null;
    /** It is handed over. */
    readonly preserved: boolean = false;

    constructor(
        private readonly journal: Journal,
        readonly device: Device,
        /** Index of the entry in the device's MSI-X table. */
        readonly index: number,
        /** As /proc/interrupts shows it. */
        readonly name: string,
        to: Destination,
        /** The entry of the remapping table that leads to it; −1: none. */
        readonly entry: number,
    ) {
        super(journal);
        this.to = to;
    }

    /** Address of the descriptor that the hardware posts it to; 0: it is sent to a processor. */
    get descriptor(): number {
        const { posted, vm, line } = this;
        return posted && vm?.posted && line ? vm.posted.addressOf(line.vcpu) : 0;
    }

    /** Address of the descriptors of its VM; undefined if it is not posted. */
    get descriptors(): number | undefined {
        return this.posted ? this.vm?.posted?.pa : undefined;
    }

    serves(source: InterruptSource, vector: number): boolean {
        return source === this.device && vector === this.index;
    }

    handle(): void {
        this.journal.edit<Irq>(this).count++;
        // until it is set up, only the fact that it came is known
        if (!this.incoming) {
            this.signal();
        }
    }

    /** Notifies its receiver: eventfd_signal(), or the driver's handler. */
    signal(): void {
        const { vm, line } = this;
        if (vm && line) {
            vm.inject(line.vector, line.vcpu);
        } else {
            this.device.noticed(this.index);
        }
    }

    /** KVM_IRQFD: sends it to a VM; null: no longer. */
    connect(to: { readonly vm: VirtualMachine; readonly line: GuestLine } | null, posted: boolean): void {
        const e = this.journal.edit<Irq>(this);
        e.vm = to?.vm ?? null;
        e.line = to?.line ?? null;
        e.posted = posted;
    }

    /** Sets what the previous kernel handed over about it; null: it was set up again. */
    inherit(from: IncomingIrq | null): void {
        this.journal.edit<Irq>(this).incoming = from;
    }

    /** Moves it to another processor. */
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
