/** The services of an entry for a session: sources of programs, names of files, and scheduling. */
import type { SourceHost } from '../emulator/language/load';

/** The paths of files on this machine; the in-process entry may have others. */
export interface Paths {
    toUri(path: string): string;
    /** The path of a URI, or undefined if it has none. */
    toPath(uri: string): string | undefined;
    /** What is the same for all URIs of one file, with links resolved; undefined if there is no file. Optional. */
    real?(uri: string): string | undefined;
}

export interface Host extends SourceHost, Paths {
    /** Runs a function after pending messages are processed, or after so many milliseconds. */
    later(work: () => void, ms?: number): void;
    /** The time of a monotonic clock, in milliseconds. */
    now(): number;
}
