/** The types of `import { LusDebugSession, nodeHost } from 'lus-debug/session'`: a debug adapter inside a program. */

/** What a session needs of its surroundings. Files are identified by URIs. */
export interface Host {
    /** The text of a file; undefined if there is none. */
    read(uri: string): string | undefined;
    /** The bytes of a file, decompressed if it is a gzip file. Without it, memory images cannot be opened. */
    readBytes?(uri: string): Uint8Array | undefined;
    exists?(uri: string): boolean;
    /** Writes a text file, for the launch attribute `kernelSources`. */
    write?(uri: string, text: string): void;
    toUri(path: string): string;
    /** The path of a URI; undefined if it has none. */
    toPath(uri: string): string | undefined;
    /** What is the same for all URIs of one file, with links resolved. */
    real?(uri: string): string | undefined;
    /** Runs a function after pending messages are processed, or after so many milliseconds. */
    later(work: () => void, ms?: number): void;
    /** The time of a monotonic clock, in milliseconds. */
    now(): number;
}

/** The files of this machine, and the timers of Node. */
export declare const nodeHost: Host;

/** A session of the Debug Adapter Protocol. It takes and gives whole messages, as objects. */
export declare class LusDebugSession {
    /** @param onExit called after the client has disconnected */
    constructor(host: Host, onExit?: () => void);
    /** Handles a request. */
    receive(message: unknown): void;
    /** Calls a function with each response and event. */
    readonly onDidSendMessage: (listener: (message: object) => void) => unknown;
    /** Set to a function that says whether the run should wait, because messages have not been read. */
    congested: () => boolean;
    /** Ends the run. */
    shutdown(): void;
}
