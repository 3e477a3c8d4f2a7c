/**
 * What a native may ask of the host: machine, kernel and caller, declarations, and ways to say something. One that does more, as
 * booting, killing or taking locks, says so by asking for the whole {@link Host}.
 */
import type { Seq } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import type { Process } from '../../kernel/fs/process';
import type { Kernel } from '../../kernel/kernel';
import type { LogLevel } from '../../kernel/klog';
import type { Program } from '../../language/program';
import type { Value } from '../../language/types';
import type { Frame } from '../code';
import type { Declarations } from '../declarations';
import type { Guests } from '../host/guests';
import type { Injections } from '../host/injections';
import type { BootInProgress } from '../host/kernel-state';
import type { Listener, Listeners } from '../listener';

export interface NativeHost {
    readonly machine: Machine;
    readonly kernel: Kernel | null;
    /** The kernel that runs. @throws ProgramError where none does */
    readonly running: Kernel;
    /** Which boot of the machine this is: 0 for the first. */
    readonly boot: number;
    readonly booting: BootInProgress | null;
    readonly panicMessage: string;
    /** The process that makes the system call. @throws ProgramError outside of processes */
    readonly process: Process;
    /** The frame that calls. */
    readonly frame: Frame | undefined;
    readonly declarations: Declarations;
    /** The standard library of the running kernel. */
    readonly library: Program;
    readonly injections: Injections;
    readonly guests: Guests;
    readonly listeners: Listeners;

    /** A new list value. */
    list(items: readonly Value[]): Seq<Value>;
    log(level: LogLevel, text: string): void;
    /** The kernel has logged a warning. */
    warned(line: string): void;
    tell(what: (listener: Listener) => void): void;
}
