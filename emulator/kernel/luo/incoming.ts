/** The sessions of the previous kernel in memory, read without LUO. */
import type { KernelEnv } from '../env';
import type { KernelDescription } from '../release/descriptions';
import { areaEntries } from './abi';
import type { Luo } from './state';

/** The kernel that received them. */
export interface LuoEnv extends Pick<KernelEnv, 'memory' | 'page'> {
    readonly luo: Luo;
    readonly desc: KernelDescription;
}

/** The node of LUO's device tree whose sessions lie in one area (Linux 6.19 to 7.1; include/linux/kho/abi/luo.h). */
const IN_AN_AREA = 'luo-session-v2';

/** The area with the sessions of the previous kernel; 0 if it has none, or if its release keeps them in blocks. */
export function incomingArea({ luo, desc }: LuoEnv): number {
    return desc.luo?.nodes.get('luo-session') === IN_AN_AREA ? luo.incoming.area : 0;
}

/**
 * The physical addresses of the entries (struct luo_session_ser), in the order in which they were handed over, until
 * LUO frees their memory. An invalid count gives no more entries than there is room for.
 */
export function incomingEntries(kernel: LuoEnv): number[] {
    const { blocks } = kernel.luo.incoming;
    const area = incomingArea(kernel);
    return [
        ...blocks.blocks.items.flatMap((block) => blocks.entriesOf(block)),
        ...(area === 0 ? [] : areaEntries(kernel, area)),
    ];
}
