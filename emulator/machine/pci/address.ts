/** Addresses of PCI functions: segment:bus:device.function, as lspci prints them. */
import { hexDigits } from '../../text/text';

/** Where a function sits. */
export interface PciAddress {
    readonly segment: number;
    readonly bus: number;
    readonly device: number;
    readonly fn: number;
}

/** `0000:3b:00.0`, or `3b:00.0` in segment 0; undefined for anything else. */
export function parsePciAddress(text: string): PciAddress | undefined {
    const m = /^(?:([0-9a-f]{4}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(text);
    const hex = (s: string | undefined): number => Number.parseInt(s ?? '0', 16);
    const address = m && { segment: hex(m[1]), bus: hex(m[2]), device: hex(m[3]), fn: hex(m[4]) };
    return address && address.device < 32 ? address : undefined;
}

export function formatPciAddress(a: PciAddress): string {
    return `${hexDigits(a.segment, 4)}:${formatBdf(a)}`;
}

/** Without the segment: `3b:00.0`. */
export function formatBdf(a: PciAddress): string {
    return `${hexDigits(a.bus, 2)}:${hexDigits(a.device, 2)}.${a.fn}`;
}

/** The requester id of a function: bus, device and function in 16 bits. */
export function requesterOf(a: PciAddress): number {
    return a.bus * 256 + a.device * 8 + a.fn;
}
