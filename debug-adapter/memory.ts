/** Physical memory by address: what the memory view reads. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Machine } from '../emulator/machine/machine';
import { RequestError } from './requests';
import { hex } from '../emulator/text/text';

/** At most as much as one request gets. */
const MAX_COUNT = 4 * 1024 * 1024;

export function memoryReference(pa: number): string {
    return hex(pa);
}

/** Reads up to `count` bytes; stops where RAM ends, and says how far it is to the next. */
export function readMemory(
    machine: Machine,
    reference: string,
    offset: number,
    count: number,
): DebugProtocol.ReadMemoryResponse['body'] {
    const base = /^(?:0x[0-9a-f]+|\d+)$/i.test(reference) ? Number(reference) : NaN;
    const pa = base + offset;
    if (!Number.isSafeInteger(pa) || !Number.isInteger(count) || count < 0) {
        throw new RequestError(`${reference} is no physical address.`);
    }
    if (pa < 0) {
        // before the first byte there is nothing
        return { address: memoryReference(0), unreadableBytes: Math.min(count, -pa) };
    }
    const wanted = Math.min(count, MAX_COUNT);
    const readable = ramFrom(machine, pa, wanted);
    const data = readable > 0 ? { data: Buffer.from(machine.memory.read(pa, readable)).toString('base64') } : {};
    const hole = readable < wanted ? { unreadableBytes: holeFrom(machine, pa + readable, count - readable) } : {};
    return { address: memoryReference(pa), ...data, ...hole };
}

/** How many of the bytes from `pa` on are RAM without a gap. */
function ramFrom(machine: Machine, pa: number, limit: number): number {
    let at = pa;
    for (const r of machine.map) {
        if (at >= r.start && at < r.start + r.size) {
            at = r.start + r.size;
        }
    }
    return Math.min(at - pa, limit);
}

function holeFrom(machine: Machine, pa: number, limit: number): number {
    const next = machine.map.find((r) => r.start > pa);
    return Math.min(next ? next.start - pa : limit, limit);
}
