/** The kernel log. */

export type LogLevel = 'emerg' | 'err' | 'warn' | 'notice' | 'info';

/** The log that a kernel writes to. */
export interface KernelLog {
    log(level: LogLevel, text: string): void;
    /** WARN(): a warning with its stack, which taints the kernel. `where` names the function. */
    warning(where: string, text: string): void;
}

export interface LogLine {
    /** `log`: not a line of the kernel, but one that the scenario printed with log(). */
    readonly level: LogLevel | 'log';
    readonly text: string;
    /** Nanoseconds of virtual time since the machine was switched on. */
    readonly time: number;
    /** Number of the boot of the machine, 0 for the first. */
    readonly boot: number;
}
