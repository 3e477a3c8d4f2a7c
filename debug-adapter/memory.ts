/** Physical memory by address: what the memory view reads, of a machine or of an image. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Machine } from '../emulator/machine/machine';
import type { Inspection } from '../emulator/handover/inspect';
import { base64 } from '../emulator/text/base64';
import { hex } from '../emulator/text/text';
import { RequestError } from './errors';
import type { Arguments } from './requests';

/** At most as much as one request gets. */
const MAX_COUNT = 4 * 1024 * 1024;

interface Area {
    readonly start: number;
    readonly size: number;
}

/** Memory to read; addresses and lengths in bytes. */
export interface ReadableMemory {
    /** Where it is, in ascending order; areas may touch. */
    readonly areas: readonly Area[];
    read(pa: number, length: number): Uint8Array;
}

export function ramOf({ map, memory }: Machine): ReadableMemory {
    return { areas: map, read: (pa, length) => memory.read(pa, length) };
}

export function ramOfImage({ file, memory }: Inspection): ReadableMemory {
    return {
        areas: file.segments.map(({ pa, size }) => ({ start: pa, size })),
        read: (pa, length) => memory.read(pa, length),
    };
}

/** The address that a memory reference, or a number in the console, stands for; NaN where it is none. */
export function addressOf(reference: string): number {
    return /^(?:0x[0-9a-f]+|\d+)$/i.test(reference) ? Number(reference) : Number.NaN;
}

/**
 * Reads up to `count` bytes; stops where memory ends, and says how far it is to the next.
 * @throws RequestError if the reference is no address.
 */
export function readMemory(
    memory: ReadableMemory,
    { memoryReference, offset = 0, count }: Arguments<'readMemory'>,
): DebugProtocol.ReadMemoryResponse['body'] {
    const pa = addressOf(memoryReference) + offset;
    if (!Number.isSafeInteger(pa) || !Number.isInteger(count) || count < 0) {
        throw new RequestError('badAddress', `${memoryReference} is no physical address.`);
    }
    if (pa < 0) {
        // before the first byte there is nothing
        return { address: hex(0), unreadableBytes: Math.min(count, -pa) };
    }
    const wanted = Math.min(count, MAX_COUNT);
    const readable = readableFrom(memory.areas, pa, wanted);
    const data = readable > 0 ? { data: base64(memory.read(pa, readable)) } : {};
    const hole = readable < wanted ? { unreadableBytes: holeFrom(memory.areas, pa + readable, count - readable) } : {};
    return { address: hex(pa), ...data, ...hole };
}

/** How many of the bytes from `pa` on are there without a gap. */
function readableFrom(areas: readonly Area[], pa: number, limit: number): number {
    let at = pa;
    for (const { start, size } of areas) {
        if (at >= start && at < start + size) {
            at = start + size;
        }
    }
    return Math.min(at - pa, limit);
}

function holeFrom(areas: readonly Area[], pa: number, limit: number): number {
    const next = areas.find((a) => a.start > pa);
    return Math.min(next ? next.start - pa : limit, limit);
}
