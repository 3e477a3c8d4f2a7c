/** When each vCPU of each guest ran, for a trace: across kernels, as the guest sees it. */
import type { Clock } from '../machine/clock';
import type { VcpuState } from '../machine/guests';

/** The time that a vCPU spends in one state, in nanoseconds. */
export interface VcpuSlice {
    readonly guest: string;
    readonly index: number;
    readonly state: Exclude<VcpuState, 'new'>;
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
        // a vCPU that is paused stays so when its VM is closed, and one that never ran is not shown
        if (state === 'new' || (state === 'gone' && before?.state !== 'running' && before?.state !== 'orphaned')) {
            return;
        }
        if (before) {
            this.over.push({ ...before, end: this.clock.now });
        }
        this.open.set(key, { guest, index, state, begin: this.clock.now, end: this.clock.now });
    }

    /** All slices up to now. */
    slices(): VcpuSlice[] {
        return [...this.over, ...[...this.open.values()].map((s) => ({ ...s, end: this.clock.now }))];
    }
}
