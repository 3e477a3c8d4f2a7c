/**
 * How long a guest stands still in an update that its vCPUs go through in the caretaker, by cause. It stands still
 * while at least one vCPU does; the time counts for the cause of the first of them. Nanoseconds.
 */
import type { VcpuState } from '../../machine/guests';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord } from '../../machine/journal';
import type { Machine } from '../../machine/machine';

/** A vCPU of a guest as its guest counts it, across kernels. */
export interface VcpuRecord {
    readonly state: VcpuState;
    /** Why it does not run; null: it runs. */
    readonly cause: string | null;
    /** Times that it waited in the caretaker, and the last reason. */
    readonly stalls: number;
    readonly stallReason: string;
}

export interface Cause {
    readonly cause: string;
    readonly time: number;
}

const FRESH: VcpuRecord = { state: 'new', cause: null, stalls: 0, stallReason: '' };

/**
 * The cause of a state. `paused`: by its monitor; `adoption`: the next kernel has taken the vCPU over, and its monitor
 * does not run it yet; `stall NAME`: an exit that waits; otherwise the state.
 */
function causeOf(state: VcpuState, why: string, adopted: boolean): string | null {
    switch (state) {
        case 'running':
        case 'orphaned':
            return null;
        case 'paused':
            return adopted ? 'adoption' : 'paused';
        case 'stalled':
            return `stall ${why}`;
        default:
            return state;
    }
}

export class Standstill extends JournaledRecord {
    /** By number. Replaced, never changed in place. */
    readonly vcpus: readonly VcpuRecord[] = [];
    /** By cause, without the time since the last change. Replaced, never changed in place. */
    readonly times: ReadonlyMap<string, number> = new Map();
    readonly changed: number = 0;
    /** A session has preserved vCPUs of it since it stopped. */
    readonly preserved: boolean = false;

    constructor(private readonly machine: Machine) {
        super(machine.journal);
    }

    /** Why the guest stands still now; null: it does not. */
    private get cause(): string | null {
        return this.vcpus.find((v) => v.cause !== null)?.cause ?? null;
    }

    /** A vCPU changes its state. */
    vcpu(index: number, state: VcpuState, why: string): void {
        const { now } = this.machine.clock;
        const e = this.machine.journal.edit<Standstill>(this);
        const stopsUnderItsKernel = this.cause === null && this.vcpus.every((v) => v.state !== 'orphaned');
        if (stopsUnderItsKernel && state !== 'running' && state !== 'orphaned') {
            // an earlier update is over
            e.times = new Map();
            e.preserved = false;
            e.vcpus = this.vcpus.map((v) => ({ ...v, stalls: 0, stallReason: '' }));
        } else {
            e.times = this.counted;
        }
        e.changed = now;
        const before = this.vcpus[index] ?? FRESH;
        const wasPreserved = before.state !== 'running' && before.state !== 'new' && before.state !== 'paused';
        const adopted = wasPreserved && before.state !== 'faulted' && before.state !== 'gone';
        const stalled = state === 'stalled';
        const vcpus = [...this.vcpus];
        while (vcpus.length < index) {
            vcpus.push(FRESH);
        }
        vcpus[index] = {
            state,
            // a vCPU that is paused, or waits for the next kernel, stays so when its VM ends
            cause: state === 'gone' && before.cause !== null ? before.cause : causeOf(state, why, adopted),
            stalls: before.stalls + (stalled ? 1 : 0),
            stallReason: stalled ? why : before.stallReason,
        };
        e.vcpus = vcpus;
        e.preserved = this.preserved || state === 'orphaned' || state === 'suspended';
    }

    /** Times by cause, with that of the present one until now. */
    private get counted(): ReadonlyMap<string, number> {
        const { cause } = this;
        const since = this.machine.clock.now - this.changed;
        return cause === null || since === 0
            ? this.times
            : new Map([...this.times, [cause, (this.times.get(cause) ?? 0) + since]]);
    }

    /** In the order in which they began. */
    get causes(): Cause[] {
        return [...this.counted].map(([cause, time]) => ({ cause, time }));
    }

    get total(): number {
        return this.causes.reduce((sum, c) => sum + c.time, 0);
    }

    hash(hasher: Hasher): void {
        hasher.num(this.changed).u32(this.preserved ? 1 : 0);
        for (const [cause, time] of this.times) {
            hasher.str(cause).num(time);
        }
        for (const { state, cause, stalls } of this.vcpus) {
            hasher
                .str(state)
                .str(cause ?? '')
                .num(stalls);
        }
    }
}
