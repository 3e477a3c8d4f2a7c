/** Which kernel runs, which one comes up, and how the last one ended. */
import type { Kernel } from '../../kernel/kernel';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { BootableKernel } from './kernels';

/** A kernel that comes up. */
export interface BootInProgress {
    readonly kernel: BootableKernel;
}

export class KernelState extends JournaledRecord {
    readonly kernel: Kernel | null = null;
    readonly booting: BootInProgress | null = null;
    /** With what the last kernel panicked; empty: it did not. */
    readonly panicMessage: string = '';
    /** A part of the message of a panic that the scenario has announced; null: none is. */
    readonly panicExpected: string | null = null;
    readonly panicTolerated: boolean = false;

    constructor(private readonly journal: Journal) {
        super(journal);
    }

    /** Announces a panic whose message contains `text`; null: none is expected any more. */
    expectPanic(text: string | null): void {
        this.journal.edit<KernelState>(this).panicExpected = text;
    }

    /** Whoever drives the run looks at panics by itself. */
    toleratePanic(on: boolean): void {
        this.journal.edit<KernelState>(this).panicTolerated = on;
    }
}
