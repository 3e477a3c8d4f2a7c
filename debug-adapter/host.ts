/** The services of an entry for a session: sources of programs, names of files, and scheduling. */
import type { SourceHost } from '../emulator/language/load';

/** The paths of files on this machine; the in-process entry may have others. */
export interface Paths {
    toUri(path: string): string;
    /** The path of a URI, or undefined if it has none. */
    toPath(uri: string): string | undefined;
    /** What is the same for all URIs of one file, links followed; undefined where there is none. May be left out. */
    real?(uri: string): string | undefined;
}

export interface Host extends SourceHost, Paths {
    /** Runs a function after pending messages are processed, or after so many milliseconds. */
    later(work: () => void, ms?: number): void;
    /** Milliseconds of a clock that only goes forward. */
    now(): number;
}
