/** Where a replay stands. In the journal, so that one can go back to any line of it. */
import type { Kernel } from '../kernel/kernel';
import { JournaledRecord } from '../machine/journal';
import type { Place } from '../findings/place';
import type { Host } from '../runtime/host/host';

/** A line at which the emulator and the real kernel part. */
export interface Difference {
    /** Counted from 1. */
    readonly line: number;
    /** The step; `boot` and `panic` for lines of their own. */
    readonly op: string;
    readonly expected: string;
    readonly got: string;
}

export class ReplayState extends JournaledRecord {
    /** The kernel that ran when the step began, and how long its log was. */
    readonly kernel: Kernel | null = null;
    readonly logged: number = 0;
    /** The last step brought up a kernel that the recording has not mentioned yet. */
    readonly booted: boolean = false;
    readonly differences: number = 0;
    readonly first: { readonly difference: Difference; readonly place: Place | undefined } | null = null;

    /** A step begins. */
    begin(host: Host): void {
        const edit = host.machine.journal.edit<ReplayState>(this);
        edit.kernel = host.kernel;
        edit.logged = host.kernel?.log.length ?? 0;
        edit.booted = false;
    }

    /** The step is over. True if another kernel has come up meanwhile. */
    jumped(host: Host): boolean {
        const booted = host.kernel !== null && host.kernel !== this.kernel;
        host.machine.journal.edit<ReplayState>(this).booted = booted;
        return booted;
    }

    /** What the kernel that runs has logged since the step began, or since it came up. */
    klog(host: Host): string[] {
        const from = host.kernel === this.kernel ? this.logged : 0;
        return (host.kernel?.log.items ?? host.earlyLog.items).slice(from).map((l) => l.text);
    }

    differs(host: Host, difference: Difference, place: Place | undefined): void {
        const edit = host.machine.journal.edit<ReplayState>(this);
        edit.differences = this.differences + 1;
        edit.first = this.first ?? { difference, place };
    }

    display(): string {
        return this.differences === 0 ? 'no difference so far' : `${this.differences} differences`;
    }
}
