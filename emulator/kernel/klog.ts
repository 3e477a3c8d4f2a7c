/** The kernel log. */

export type LogLevel = 'emerg' | 'err' | 'warn' | 'notice' | 'info' | 'log';

export interface LogLine {
    readonly level: LogLevel;
    readonly text: string;
    /** Nanoseconds of virtual time since the machine was switched on. */
    readonly time: number;
    /** Which boot of the machine this is, 0 for the first. */
    readonly boot: number;
}
