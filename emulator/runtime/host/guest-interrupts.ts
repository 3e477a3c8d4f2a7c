/** Interrupts of guests, seen from outside: pending interrupts, and drivers that wait for a lost one. */
import type { Device } from '../../machine/devices/device';
import type { Delivery, InterruptOutcome } from '../../machine/interrupts/delivery';
import type { GuestLine } from '../../machine/interrupts/guest-line';
import type { Kernel } from '../../kernel/kernel';
import type { Machine } from '../../machine/machine';
import { hex } from '../../text/text';

/** The places where interrupts of guests can be pending. */
interface Interrupted {
    readonly machine: Machine;
    readonly kernel: Kernel | null;
}

export function linesOf(host: Interrupted, guest: string): GuestLine[] {
    return host.machine.pci.interrupts.lines.items.filter((l) => l.guest === guest);
}

export function deviceOf(host: Interrupted, line: GuestLine): Device | undefined {
    return host.machine.pci.devices.find((d) => d === line.source);
}

/**
 * Whether an interrupt of this vector is pending and will be delivered: in the device, in a descriptor in memory, or
 * for its vCPU.
 */
function isOnTheWay(host: Interrupted, device: Device, { guest, index, vector, vcpu }: GuestLine): boolean {
    const live = host.kernel?.vms.items.find((v) => v.name === guest);
    return (
        device.msix.entry(index).pending ||
        live?.vcpus.at(vcpu)?.pending.includes(vector) === true ||
        live?.posted?.waiting(vcpu).includes(vector) === true
    );
}

/** Whether the guest's driver waits for an interrupt of this vector, and none is pending. */
export function isStalled(host: Interrupted, line: GuestLine): boolean {
    const device = deviceOf(host, line);
    return device?.awaits?.vector === line.index && !isOnTheWay(host, device, line);
}

const OUTCOMES: Readonly<Record<InterruptOutcome, (d: Delivery) => string>> = {
    delivered: (d) => `reached ${d.handler}, processor ${d.cpu} vector ${hex(d.vector)}`,
    posted: (d) => `was posted as vector ${d.vector} at ${hex(d.descriptor)}`,
    pending: () => 'is pending in the device: the vector is masked',
    merged: () => 'merged with a pending interrupt',
    refused: (d) => `was refused by the IOMMU: ${d.why}${d.entry < 0 ? '' : `, entry ${d.entry}`}`,
    lost: (d) => `was lost: ${d.why}`,
    spurious: (d) => `went to processor ${d.cpu} vector ${hex(d.vector)}, which is unused`,
    misrouted: (d) => `went to processor ${d.cpu} vector ${hex(d.vector)}: ${d.why}`,
};

/** What happened to an interrupt, as the predicate of a sentence: `was lost: …`. */
export function outcomeText(delivery: Delivery): string {
    return OUTCOMES[delivery.outcome](delivery);
}
