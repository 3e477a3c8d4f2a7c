/** The run times of the vCPUs of guests for a trace, across kernels. */
import type { Clock } from '../machine/clock';
import type { VcpuState } from '../machine/guests';

/** A vCPU in one state. Nanoseconds. */
export interface VcpuSlice {
    readonly guest: string;
    readonly index: number;
    readonly state: 'running' | 'paused' | 'faulted' | 'gone';
    readonly begin: number;
    readonly end: number;
}

export class GuestTracks {
    private readonly over: VcpuSlice[] = [];
    private readonly open = new Map<string, VcpuSlice>();

    constructor(private readonly clock: Clock) {}

    vcpu(guest: string, index: number, state: VcpuState): void {
        const key = `${guest} ${index}`;
        const before = this.open.get(key);
        // a paused vCPU stays paused when its VM ends; one that never ran is not shown
        if (state === 'new' || (state === 'gone' && before?.state !== 'running')) {
            return;
        }
        if (before) {
            this.over.push({ ...before, end: this.clock.now });
        }
        this.open.set(key, { guest, index, state, begin: this.clock.now, end: this.clock.now });
    }

    /** All of them until now. */
    slices(): VcpuSlice[] {
        return [...this.over, ...[...this.open.values()].map((s) => ({ ...s, end: this.clock.now }))];
    }
}
