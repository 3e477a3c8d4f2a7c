/** The processes that have descriptors of a session. */
import type { Process } from '../kernel/fs/process';
import type { Kernel } from '../kernel/kernel';
import { LuoSession } from '../kernel/luo/state';

/** @returns by session, the processes that have descriptors of it */
export function sessionHolders(kernel: Kernel): Map<LuoSession, Set<Process>> {
    const out = new Map<LuoSession, Set<Process>>();
    for (const process of kernel.processes) {
        for (const [, { priv }] of process.fds.entries()) {
            if (priv instanceof LuoSession) {
                out.set(priv, (out.get(priv) ?? new Set()).add(process));
            }
        }
    }
    return out;
}
