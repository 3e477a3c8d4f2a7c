/** The protocol's framing: headers with a Content-Length, then JSON. Finds its way back after garbage. */
import type { Readable, Writable } from 'node:stream';

const SEPARATOR = Buffer.from('\r\n\r\n');
const MAX_HEADER = 64 * 1024;
/** Bytes that may wait for the client before the run waits, too. */
const MAX_UNSENT = 1024 * 1024;
const MAX_MESSAGE = 256 * 1024 * 1024;

/** Collects bytes into messages. */
export class MessageReader {
    private data: Buffer = Buffer.alloc(0);
    /** Bytes of the message that is being received; −1 while its header is. */
    private wanted = -1;

    /** @param onMessage gets what was parsed, or undefined where it was no JSON */
    constructor(private readonly onMessage: (message: unknown) => void) {}

    push(chunk: Buffer): void {
        this.data = this.data.length === 0 ? chunk : Buffer.concat([this.data, chunk]);
        while (this.wanted < 0 ? this.header() : this.body()) {
            // as long as something complete is there
        }
    }

    private header(): boolean {
        const end = this.data.indexOf(SEPARATOR);
        if (end < 0) {
            if (this.data.length > MAX_HEADER) {
                this.data = Buffer.alloc(0);
                this.onMessage(undefined);
            }
            return false;
        }
        // Anything may stand before it: what was left of a message whose length was wrong.
        const lengths = [...this.data.toString('latin1', 0, end).matchAll(/Content-Length: *(\d+)/gi)];
        this.data = this.data.subarray(end + SEPARATOR.length);
        const length = Number(lengths.at(-1)?.[1] ?? -1);
        if (length < 0 || length > MAX_MESSAGE) {
            this.onMessage(undefined);
        } else {
            this.wanted = length;
        }
        return true;
    }

    private body(): boolean {
        if (this.data.length < this.wanted) {
            return false;
        }
        const text = this.data.toString('utf8', 0, this.wanted);
        this.data = this.data.subarray(this.wanted);
        this.wanted = -1;
        this.onMessage(parseJson(text));
        return true;
    }
}

function parseJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/** What speaks the protocol in whole messages: a session. */
export interface MessagePort {
    receive(message: unknown): void;
    readonly onDidSendMessage: (listener: (message: object) => void) => unknown;
    congested: () => boolean;
}

/** Connects a session with streams. */
export function connect(session: MessagePort, input: Readable, output: Writable): void {
    const reader = new MessageReader((message) => session.receive(message));
    session.onDidSendMessage((message) => {
        const json = Buffer.from(JSON.stringify(message));
        output.write(Buffer.concat([Buffer.from(`Content-Length: ${json.length}\r\n\r\n`), json]));
    });
    session.congested = () => output.writableLength > MAX_UNSENT;
    input.on('data', (chunk: Buffer) => reader.push(chunk));
}
