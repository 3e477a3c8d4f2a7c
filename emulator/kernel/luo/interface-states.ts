/** The states of the interface before the merge: LUO, each session and each file have one, and events change it. */
import type { KernelDescription } from '../release/descriptions';

/** enum liveupdate_state of the series of September 2025 (v4), by number. */
const STATES = ['undefined', 'normal', 'prepared', 'frozen', 'updated'] as const;

export function interfaceState(state: number): string {
    return STATES[state] ?? String(state);
}

/** Whether a kernel has that interface: its SET_EVENT ioctl. */
export function hasInterfaceStates({ luo }: Pick<KernelDescription, 'luo'>): boolean {
    return [...(luo?.ioctls.commands.values() ?? [])].some((c) => c.name === 'SET_EVENT');
}
