/** What the previous kernel handed over of sessions, as it lies in memory: for those who look at it before, or instead of, LUO. */
import type { Kernel } from '../kernel/kernel';
import { areaEntries, SESSION_NAME_SIZE } from '../kernel/luo/abi';

export interface IncomingSession {
    readonly name: string;
    readonly files: number;
}

/** The node of LUO's device tree whose sessions lie in one area, a count and then struct luo_session_ser (Linux 6.19 to 7.1). */
const IN_AN_AREA = 'luo-session-v2';

/** Whether there is something that LUO has not read to its end. */
export function hasUnread({ luo }: Kernel): boolean {
    return luo.incoming.blocks.blocks.length > 0 || luo.incoming.area !== 0;
}

/** Every session with files, in the order in which they were handed over, as long as LUO has not given the memory back. */
export function incomingSessions(kernel: Kernel): IncomingSession[] {
    const { luo, memory, desc } = kernel;
    const out: IncomingSession[] = [];
    const read = (entries: readonly number[]): void => {
        for (const at of entries) {
            const files = Number(memory.readU64(at + SESSION_NAME_SIZE + 8));
            if (files > 0) {
                const raw = memory.read(at, SESSION_NAME_SIZE);
                const end = raw.indexOf(0);
                out.push({ name: new TextDecoder('latin1').decode(end < 0 ? raw : raw.subarray(0, end)), files });
            }
        }
    };
    const { area, blocks } = luo.incoming;
    for (const block of blocks.blocks) {
        read(blocks.entriesOf(block));
    }
    if (area !== 0 && desc.luo?.nodes.get('luo-session') === IN_AN_AREA) {
        read(areaEntries(memory, area));
    }
    return out;
}
