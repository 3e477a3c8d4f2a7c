/**
 * Sessions of the previous kernel, read from memory without LUO.
 */
import type { Kernel } from '../kernel/kernel';
import { incomingEntries } from '../kernel/luo/incoming';
import { SESSION_NAME_SIZE } from '../kernel/luo/abi';
import { decodeName } from '../text/utf8';

export interface IncomingSession {
    readonly name: string;
    readonly files: number;
}

/** Whether LUO has not deserialized everything. */
export function hasUnread({ luo }: Kernel): boolean {
    return luo.incoming.blocks.blocks.length > 0 || luo.incoming.area !== 0;
}

/**
 * Every session with files, in the order in which they were handed over, until LUO frees the memory.
 */
export function incomingSessions(kernel: Kernel): IncomingSession[] {
    const { memory } = kernel;
    return incomingEntries(kernel).flatMap((at) => {
        const files = Number(memory.readU64(at + SESSION_NAME_SIZE + 8));
        const name = decodeName(memory.read(at, SESSION_NAME_SIZE));
        return files > 0 ? [{ name, files }] : [];
    });
}
