/** The state of a replay. It is journaled, so that the run can go back to any line. */
import { counted } from '../text/text';
import type { Kernel } from '../kernel/kernel';
import { JournaledRecord } from '../machine/journal';
import type { Place } from '../findings/place';
import type { Host } from '../runtime/host/host';

/** A line at which the emulator differs from the real kernel. */
export interface Difference {
    /** Counted from 1. */
    readonly line: number;
    /** The step; `boot` or `panic` for such lines. */
    readonly op: string;
    readonly expected: string;
    readonly got: string;
}

export class ReplayState extends JournaledRecord {
    /** The kernel at the start of the step, and the length of its log. */
    readonly kernel: Kernel | null = null;
    readonly logged: number = 0;
    /** The last step has booted a kernel whose line has not been reached yet. */
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

    /** The step is over. True if another kernel has booted in the meantime. */
    jumped(host: Host): boolean {
        const booted = host.kernel !== null && host.kernel !== this.kernel;
        host.machine.journal.edit<ReplayState>(this).booted = booted;
        return booted;
    }

    /** The running kernel's log lines since the start of the step, or since its boot. */
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
        return this.differences === 0 ? 'no difference so far' : counted(this.differences, 'difference');
    }
}
