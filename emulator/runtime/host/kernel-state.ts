/** The running kernel, the booting kernel, and how the last one ended. */
import type { CommandLine } from '../../kernel/command-line/command-line';
import type { Kernel } from '../../kernel/kernel';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { BootableKernel } from './kernels';

/** A booting kernel. */
export interface BootInProgress {
    readonly kernel: BootableKernel;
    readonly commandLine: CommandLine;
}

export class KernelState extends JournaledRecord {
    readonly kernel: Kernel | null = null;
    readonly booting: BootInProgress | null = null;
    /** The panic message of the last kernel; empty if it did not panic. */
    readonly panicMessage: string = '';
    /** A part of the message of the panic that the scenario expects; null if it expects none. */
    readonly panicExpected: string | null = null;
    readonly panicTolerated: boolean = false;

    constructor(private readonly journal: Journal) {
        super(journal);
    }

    /** Expects a panic whose message contains `text`; null ends the expectation. */
    expectPanic(text: string | null): void {
        this.journal.edit<KernelState>(this).panicExpected = text;
    }

    /** Panics are handled by the code that drives the run. */
    toleratePanic(on: boolean): void {
        this.journal.edit<KernelState>(this).panicTolerated = on;
    }
}
