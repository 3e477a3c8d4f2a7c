/**
 * Interrupt messages: a device writes to an address that belongs to interrupt controllers instead of memory. Intel 64
 * and IA-32 Architectures Software Developer's Manual, volume 3A, section "Message Signalled Interrupts".
 */

/** The contents of an entry of an MSI-X table: 32 bits each. */
export interface Message {
    readonly address: number;
    readonly data: number;
}

/** The destination of an interrupt: the number of a processor, which is its APIC id, and a vector there. */
export interface Destination {
    readonly cpu: number;
    readonly vector: number;
}

/** Addresses 0xfee0_0000 … 0xfeef_ffff. */
const WINDOW = 0xfee;
/** The destination is in bits 19:12. */
export const DESTINATION_UNIT = 2 ** 12;
/** DM, bit 2: the destination is a logical one. */
const LOGICAL = 4;
/** Bits 10:8 of the data: 0 fixed, 1 lowest priority. The others are not used by devices. */
const DELIVERY_MODE = 0x700;

/** A message in the compatibility format: destination in the address, vector in bits 7:0 of the data. */
export function compatibleMessage({ cpu, vector }: Destination): Message {
    return { address: WINDOW * 2 ** 20 + (cpu & 0xff) * DESTINATION_UNIT, data: vector };
}

/** Whether an address is an interrupt address. */
export function isInterruptAddress(address: number): boolean {
    return address >>> 20 === WINDOW;
}

/** The destination of a message in the compatibility format; undefined: no vector of a processor. */
export function destinationOf({ address, data }: Message): Destination | undefined {
    if ((data & DELIVERY_MODE) > 0x100) {
        return undefined;
    }
    const id = (address / DESTINATION_UNIT) & 0xff;
    return { cpu: (address & LOGICAL) === 0 ? id : processorOf(id), vector: data & 0xff };
}

/**
 * A logical destination: 16 processors per cluster, one bit each; the lowest of several takes the interrupt. −1: no
 * processor is named.
 */
export function processorOf(logical: number): number {
    const bits = logical & 0xffff;
    return bits === 0 ? -1 : (logical >>> 16) * 16 + (31 - Math.clz32(bits & -bits));
}
