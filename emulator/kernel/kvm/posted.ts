/**
 * Posted interrupts of a VM (arch/x86/kvm/vmx/posted_intr.c): a descriptor for each vCPU, where the hardware stores
 * interrupts of devices without the kernel, and the notification that makes a running vCPU read it.
 */
import type { InterruptController } from '../../machine/interrupts/controller';
import type { InterruptHandler } from '../../machine/interrupts/delivery';
import { DESCRIPTOR_SIZE, makeDescriptor, posted, take } from '../../machine/interrupts/descriptor';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { KvmEnv, VirtualMachine } from './vm';

/** POSTED_INTR_VECTOR (arch/x86/include/asm/irq_vectors.h). */
const NOTIFICATION = 0xf2;
/** Prefix of the owners of all descriptors; observers recognize them by it. */
export const DESCRIPTOR_OWNER = 'posted-interrupt descriptors';

export class PostedInterrupts extends JournaledRecord {
    private constructor(
        private readonly k: KvmEnv,
        private readonly vm: VirtualMachine,
        /** The addresses of the descriptors, which are contiguous. */
        readonly pa: number,
        private readonly order: number,
    ) {
        super(k.journal);
    }

    /**
     * Allocates the descriptors of a VM, and sets up the notification of its processors. @returns undefined: no memory
     */
    static of(k: KvmEnv, vm: VirtualMachine): PostedInterrupts | undefined {
        if (vm.posted) {
            return vm.posted;
        }
        const order = Math.ceil(Math.log2(Math.max(vm.vcpus.length * DESCRIPTOR_SIZE, k.page.size) / k.page.size));
        const pfn = k.pages.alloc(order, { owner: k.owners.id(`${DESCRIPTOR_OWNER} of ${vm.name}`), zero: true });
        if (pfn < 0) {
            return undefined;
        }
        const made = new PostedInterrupts(k, vm, pfn * k.page.size, order);
        const { interrupts } = k.machine.pci;
        for (let vcpu = 0; vcpu < vm.vcpus.length; vcpu++) {
            makeDescriptor(k.memory, made.addressOf(vcpu), { cpu: vcpu % interrupts.accepting, vector: NOTIFICATION });
        }
        notifyAll(k, interrupts);
        k.journal.edit(vm).posted = made;
        return made;
    }

    addressOf(vcpu: number): number {
        return this.pa + vcpu * DESCRIPTOR_SIZE;
    }

    /** The interrupts posted for a vCPU. */
    waiting(vcpu: number): readonly number[] {
        return posted(this.k.memory, this.addressOf(vcpu));
    }

    /** vmx_sync_pir_to_irr(): moves posted interrupts to the vCPU. */
    take(vcpu: number): readonly number[] {
        return take(this.k.memory, this.addressOf(vcpu));
    }

    /** The processor of a vCPU is notified that an interrupt was posted: a running vCPU takes it at once. */
    notified(descriptor: number): void {
        const vcpu = (descriptor - this.pa) / DESCRIPTOR_SIZE;
        if (this.vm.vcpus.at(vcpu)?.state === 'running') {
            for (const vector of this.take(vcpu)) {
                this.vm.inject(vector, vcpu);
            }
        }
    }

    has(descriptor: number): boolean {
        return descriptor >= this.pa && descriptor < this.pa + this.vm.vcpus.length * DESCRIPTOR_SIZE;
    }

    /** The VM is closed. */
    free(): void {
        this.k.pages.free(this.pa / this.k.page.size, this.order);
    }
}

/** The notification, which no device sends: the processor finds the vCPU. */
class Notification extends JournaledRecord implements InterruptHandler {
    readonly name = 'posted-interrupt notification';

    constructor(
        journal: Journal,
        private readonly k: KvmEnv,
    ) {
        super(journal);
    }

    serves(): boolean {
        return false;
    }

    handle(descriptor: number): void {
        this.k.vms.items.find((vm) => vm.posted?.has(descriptor) === true)?.posted?.notified(descriptor);
    }
}

function notifyAll(k: KvmEnv, interrupts: InterruptController): void {
    for (let cpu = 0; cpu < interrupts.accepting; cpu++) {
        if (!interrupts.handlerOf({ cpu, vector: NOTIFICATION })) {
            interrupts.setHandler({ cpu, vector: NOTIFICATION }, new Notification(k.journal, k));
        }
    }
}
