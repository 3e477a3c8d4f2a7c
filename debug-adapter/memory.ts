/** Physical memory of a machine or of an image, for the memory view. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Machine } from '../emulator/machine/machine';
import type { Inspection } from '../emulator/handover/inspect';
import { base64, fromBase64 } from '../emulator/text/base64';
import { hex } from '../emulator/text/text';
import { RequestError } from './errors';
import type { Arguments } from './requests';

/** The most bytes of one request. */
const MAX_COUNT = 4 * 1024 * 1024;

interface Area {
    readonly start: number;
    readonly size: number;
}

/** Memory to read; addresses and lengths in bytes. */
export interface ReadableMemory {
    /** The areas of memory in ascending order; they may be adjacent. */
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

/** The address of a memory reference, or of a number in the console; NaN if it is not an address. */
function addressOf(reference: string): number {
    return /^(?:0x[0-9a-f]+|\d+)$/i.test(reference) ? Number(reference) : Number.NaN;
}

/**
 * Reads up to `count` bytes; stops at the end of memory, and returns the distance to the next area.
 * @throws RequestError if the reference is not an address.
 */
export function readMemory(
    memory: ReadableMemory,
    { memoryReference, offset = 0, count }: Arguments<'readMemory'>,
): DebugProtocol.ReadMemoryResponse['body'] {
    const pa = addressOf(memoryReference) + offset;
    if (!Number.isSafeInteger(pa) || !Number.isInteger(count) || count < 0) {
        throw new RequestError('badAddress', `${memoryReference} is not a physical address.`);
    }
    if (pa < 0) {
        // there is no memory below address 0
        return { address: hex(0), unreadableBytes: Math.min(count, -pa) };
    }
    const wanted = Math.min(count, MAX_COUNT);
    const readable = readableFrom(memory.areas, pa, wanted);
    const data = readable > 0 ? { data: base64(memory.read(pa, readable)) } : {};
    const hole = readable < wanted ? { unreadableBytes: holeFrom(memory.areas, pa + readable, count - readable) } : {};
    return { address: hex(pa), ...data, ...hole };
}

/** The bytes of a request to write, and their address. With `allowPartial`, those that memory has room for. */
export function bytesToWrite(
    areas: ReadableMemory['areas'],
    { memoryReference, offset = 0, data, allowPartial = false }: Arguments<'writeMemory'>,
): { readonly pa: number; readonly bytes: Uint8Array } {
    const pa = addressOf(memoryReference) + offset;
    if (!Number.isSafeInteger(pa) || pa < 0) {
        throw new RequestError('badAddress', `${memoryReference} is not a physical address.`);
    }
    const bytes = fromBase64(data);
    if (!bytes) {
        throw new RequestError('badArguments', 'writeMemory: "data" must be base64.');
    }
    const room = readableFrom(areas, pa, bytes.length);
    if (room < bytes.length && !allowPartial) {
        throw new RequestError('badAddress', `There is no memory at ${hex(pa + room)}.`);
    }
    return { pa, bytes: bytes.subarray(0, room) };
}

/** The number of contiguous bytes of memory at `pa`. */
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
