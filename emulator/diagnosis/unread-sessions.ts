/** What the previous kernel handed over of sessions, as it lies in memory: for those who look at it before, or instead of, LUO. */
import type { Kernel } from '../kernel/kernel';
import { BLOCK_HEADER } from '../kernel/kho/blocks';
import { SESSION_NAME_SIZE, SESSION_SER_SIZE } from '../kernel/luo/state';

export interface IncomingSession {
    readonly name: string;
    readonly files: number;
}

/** The node of LUO's device tree whose sessions lie in one area, a count and then struct luo_session_ser (Linux 6.19 to 7.1). */
const IN_AN_AREA = 'luo-session-v2';
/** As many as fit into the 16 pages of the area. */
const AREA_SESSIONS = 819;

/** Whether there is something that LUO has not read to its end. */
export function hasUnread({ luo }: Kernel): boolean {
    return luo.incoming.blocks.blocks.length > 0 || luo.incoming.area !== 0;
}

/** Every session with files, in the order in which they were handed over, as long as LUO has not given the memory back. */
export function incomingSessions(kernel: Kernel): IncomingSession[] {
    const { luo, memory, desc } = kernel;
    const out: IncomingSession[] = [];
    const read = (count: number, limit: number, from: number): void => {
        for (let i = 0; i < Math.min(count, limit); i++) {
            const at = from + i * SESSION_SER_SIZE;
            const files = Number(memory.readU64(at + SESSION_NAME_SIZE + 8));
            if (files > 0) {
                const raw = memory.read(at, SESSION_NAME_SIZE);
                const end = raw.indexOf(0);
                out.push({ name: new TextDecoder('latin1').decode(end < 0 ? raw : raw.subarray(0, end)), files });
            }
        }
    };
    for (const pa of luo.incoming.blocks.blocks) {
        read(Number(memory.readU64(pa + 8)), luo.incoming.blocks.perBlock, pa + BLOCK_HEADER);
    }
    const { area } = luo.incoming;
    if (area !== 0 && desc.luo?.nodes.get('luo-session') === IN_AN_AREA) {
        read(Number(memory.readU64(area)), AREA_SESSIONS, area + 8);
    }
    return out;
}
