/** The one seam between a run and those who watch it. Every method may be left out; nothing that a listener does changes the run. */
import type { Err } from '../kernel/errno';
import type { LogLine } from '../kernel/klog';
import type { Frame } from './code';
import type { Thread } from './thread';

/** Where in a program something happened. */
export interface Place {
    readonly uri: string;
    readonly start: number;
    readonly end: number;
}

export type Phase = 'running' | 'shutdown' | 'jump' | 'boot';

export interface Listener {
    /** A line of the kernel log, or what `log()` printed (level `log`). */
    log?(line: LogLine, place: Place | undefined): void;
    callbackEntered?(name: string, frame: Frame): void;
    callbackLeft?(name: string, result: unknown): void;
    /** A failing system call, kernel call or callback, announced or not. */
    failed?(what: string, error: Err, frame: Frame): void;
    phase?(phase: Phase): void;
    /** The old kernel is gone and the next one has not begun; its boot parameters lie at this address. */
    jumped?(parameters: number): void;
    threadStarted?(thread: Thread): void;
    threadEnded?(thread: Thread): void;
}
