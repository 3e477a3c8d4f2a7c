/**
 * What a kind of device does: what it is on the bus, how its driver lays out its rings, and what one round of it is.
 */
import type { FunctionIds } from '../pci/config';

/**
 * What the software that drives a device has told it. Addresses are as the device sends them: I/O virtual ones behind
 * an IOMMU.
 */
export interface Program {
    /** Where rings and buffers begin. */
    readonly base: number;
    /** Bytes from there on that the device works in. */
    readonly length: number;
    /** Bytes that it moves a round. */
    readonly size: number;
    /** Nanoseconds between two rounds. */
    readonly every: number;
    /** After an interrupt the driver has to come and give new work; else there is always more to do. */
    readonly waits: boolean;
}

/** Writes memory as the driver sees it, by the device's addresses. */
export type Put = (iova: number, bytes: Uint8Array) => void;

/** What a model asks of the device that it is the model of. */
export interface DmaEngine {
    readonly queues: number;
    /** A DMA read; null where any part of it did not come through. */
    read(iova: number, length: number): Uint8Array | null;
    /** A DMA write. @returns whether all of it came through */
    write(iova: number, bytes: Uint8Array): boolean;
    /** Raises the vector of a queue. */
    interrupt(queue: number): void;
}

export interface Model {
    readonly ids: FunctionIds;
    readonly barSize: number;
    /** Bytes that it works in, and moves a round, where the driver does not say otherwise. */
    readonly length: (queues: number) => number;
    readonly size: number;
    readonly every: number;
    /**
     * Whether the kernel's driver of such a device stops it when the kernel goes down (`.shutdown`); many have no such
     * function.
     */
    readonly hasShutdown: boolean;
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

/** An address in a descriptor. What exceeds 2^53 is no address that any machine has. */
export function addressAt(bytes: Uint8Array, offset: number): number {
    let value = 0;
    for (let i = 7; i >= 0; i--) {
        value = value * 256 + (bytes[offset + i] ?? 0);
    }
    return value;
}

/** The last payload: made again in place while the size stays the same. */
let scratch = new Uint8Array(0);

/** Data that tells from which round it is. Valid until the next call: what is written to memory is copied. */
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
