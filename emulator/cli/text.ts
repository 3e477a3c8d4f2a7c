/** Texts that several commands print. */
import type { LogEntry } from './results';

/** A line of the kernel log in the kernel's format, or a line of log(). */
export function logLine(entry: LogEntry): string {
    return entry.level === 'log' ? entry.text : `[${(entry.timeNs / 1e9).toFixed(6).padStart(12)}] ${entry.text}`;
}
