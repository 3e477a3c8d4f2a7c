/** The behaviour of a kind of device: its identity on the bus, the layout of its rings, and the work of one round. */
import type { FunctionIds } from '../pci/config';

/**
 * The configuration of a device by its software. Addresses are those that the device sends: I/O virtual addresses
 * behind an IOMMU.
 */
export interface Program {
    /** Start of rings and buffers. */
    readonly base: number;
    /** Size of this memory in bytes. */
    readonly length: number;
    /** Bytes that it moves per round. */
    readonly size: number;
    /** Nanoseconds between two rounds. */
    readonly every: number;
    /** After an interrupt the driver must give new work; otherwise there is always more work. */
    readonly waits: boolean;
}

/** Writes memory as the driver does, by the device's addresses. */
export type Put = (iova: number, bytes: Uint8Array) => void;

/** What a model needs from its device. */
export interface DmaEngine {
    readonly queues: number;
    /** A DMA read; null if any part of it failed. */
    read(iova: number, length: number): Uint8Array | null;
    /** A DMA write. @returns whether all of it succeeded */
    write(iova: number, bytes: Uint8Array): boolean;
    /** Raises the vector of a queue. */
    interrupt(queue: number): void;
    /** A frame has come from the peer of its link. */
    frame(stored: boolean): void;
}

export interface Model {
    readonly ids: FunctionIds;
    readonly barSize: number;
    /** Default size of its memory, and bytes moved per round. */
    readonly length: (queues: number) => number;
    readonly size: number;
    readonly every: number;
    /** Whether the kernel's driver for such a device stops it at shutdown (`.shutdown`); many have no such function. */
    readonly hasShutdown: boolean;
    /** A network card. */
    readonly hasLink: boolean;
    /** The size of its namespace in blocks, if it is a disk; 0: it is none. */
    readonly blocks: number;
    /** What the driver writes before it rings the doorbell. */
    readonly prepare: (program: Program, queues: number, put: Put) => void;
    /** One round. `round` counts from 0. */
    readonly step: (device: DmaEngine, program: Program, round: number) => void;
}

/** Little-endian bytes of a descriptor: fields of 1, 2, 4 or 8 bytes at their offsets. */
export function record(
    size: number,
    ...fields: readonly (readonly [offset: number, bytes: number, value: number])[]
): Uint8Array {
    const out = new Uint8Array(size);
    for (const [offset, bytes, value] of fields) {
        for (let i = 0; i < bytes; i++) {
            out[offset + i] = Math.floor(value / 256 ** i) & 0xff;
        }
    }
    return out;
}

/** An address in a descriptor. Addresses beyond 2^53 exist on no machine. */
export function addressAt(bytes: Uint8Array, offset: number): number {
    let value = 0;
    for (let i = 7; i >= 0; i--) {
        value = value * 256 + (bytes[offset + i] ?? 0);
    }
    return value;
}

/** The last payload, which is filled again in place while the size stays the same. */
let scratch = new Uint8Array(0);

/** Data that depends on the round. Valid until the next call: memory writes copy it. */
export function payload(size: number, round: number): Uint8Array {
    if (scratch.length !== size) {
        scratch = new Uint8Array(size);
    }
    scratch.fill((round * 37 + 11) & 0xff);
    for (let i = 0, rest = round; i < 8 && i < size; i++, rest = Math.floor(rest / 256)) {
        scratch[i] = rest & 0xff;
    }
    return scratch;
}
