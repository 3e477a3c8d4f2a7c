/** What an entry gives a session: where programs come from, how their files are called, and turns to work in. */
import type { SourceHost } from '../emulator/language/load';

/** The paths of files on this machine; the in-process entry may have others. */
export interface Paths {
    toUri(path: string): string;
    /** The path of a URI, or undefined where it has none. */
    toPath(uri: string): string | undefined;
}

export interface Host extends SourceHost, Paths {
    /** Does something once what has arrived meanwhile is dealt with, or after so many milliseconds. */
    later(work: () => void, ms?: number): void;
    /** Milliseconds of a clock that only goes forward. */
    now(): number;
}
