/** The protocol's framing: headers with a Content-Length, then JSON. Resynchronizes after invalid input. */
import type { Readable, Writable } from 'node:stream';
import { LongMessageReader, MAX_MESSAGE } from './long-message';

/** The last one: it may be preceded by the rest of a message with a wrong length. */
const LENGTH = /^.*Content-Length: *(\d+)/is;
const SEPARATOR = Buffer.from('\r\n\r\n');
const MAX_HEADER = 64 * 1024;
/** The most buffered bytes of output before the run waits for the client. */
const MAX_UNSENT = 1024 * 1024;
/** A length above this is invalid, and the start of the next message is unknown; V8 has no string of this length. */
const MAX_PASSED_OVER = 1024 * 1024 * 1024;
/** The first headers of the protocol; a connection of a browser begins with an HTTP method instead. */
const FIRST_HEADERS = ['content-length:', 'content-type:'];

/** Collects bytes into messages. */
export class MessageReader {
    /** Received bytes that are not used yet. */
    private readonly chunks: Buffer[] = [];
    private length = 0;
    /** Bytes of the message that is being received; −1 while its header is. */
    private wanted = -1;
    /** A message that is too long, and its remaining bytes. */
    private long: LongMessageReader | undefined;
    private unwanted = 0;
    private begun = false;
    /** Whether the input was rejected. */
    private closed = false;

    /**
     * @param onMessage gets the parsed message, a {@link LongMessage}, or undefined if it is not JSON
     * @param onStranger called, instead of reading on, if the first bytes are not a header of the protocol; without it
     * they are skipped
     */
    constructor(
        private readonly onMessage: (message: unknown) => void,
        private readonly onStranger?: () => void,
    ) {}

    push(chunk: Buffer): void {
        if (this.closed) {
            return;
        }
        this.chunks.push(chunk);
        this.length += chunk.length;
        if (!this.begun && this.onStranger && !this.beginsWell(this.onStranger)) {
            return;
        }
        while (this.unwanted > 0 ? this.passOver() : this.wanted < 0 ? this.header() : this.body()) {
            // while there is a complete header or body
        }
    }

    /** Whether the input begins with a header, or with a part of one. */
    private beginsWell(onStranger: () => void): boolean {
        const text = this.all()
            .toString('latin1', 0, Math.max(...FIRST_HEADERS.map((h) => h.length)))
            .toLowerCase();
        if (FIRST_HEADERS.some((h) => text.startsWith(h))) {
            this.begun = true;
            return true;
        }
        if (!FIRST_HEADERS.some((h) => h.startsWith(text))) {
            this.closed = true;
            onStranger();
        }
        return false;
    }

    /** The received bytes in one buffer. */
    private all(): Buffer {
        const [first] = this.chunks;
        if (first && this.chunks.length === 1) {
            return first;
        }
        const all = Buffer.concat(this.chunks);
        this.chunks.splice(0, this.chunks.length, all);
        return all;
    }

    /** Removes the first bytes. */
    private take(count: number): Buffer {
        const all = this.all();
        this.chunks.length = 0;
        this.length -= count;
        if (this.length > 0) {
            this.chunks.push(all.subarray(count));
        }
        return all.subarray(0, count);
    }

    private header(): boolean {
        if (this.length === 0) {
            return false;
        }
        const data = this.all();
        const end = data.indexOf(SEPARATOR);
        if (end < 0) {
            if (data.length > MAX_HEADER) {
                this.take(data.length);
                this.onMessage(undefined);
            }
            return false;
        }
        const header = data.toString('latin1', 0, end);
        this.take(end + SEPARATOR.length);
        const length = Number(LENGTH.exec(header)?.[1] ?? -1);
        if (length > MAX_MESSAGE && length <= MAX_PASSED_OVER) {
            this.unwanted = length;
            this.long = new LongMessageReader(length);
        } else if (length < 0 || length > MAX_MESSAGE) {
            this.onMessage(undefined);
        } else {
            this.wanted = length;
        }
        return true;
    }

    private body(): boolean {
        if (this.length < this.wanted) {
            return false;
        }
        const text = this.take(this.wanted).toString('utf8');
        this.wanted = -1;
        this.onMessage(parseJson(text));
        return true;
    }

    private passOver(): boolean {
        const count = Math.min(this.unwanted, this.length);
        this.long?.push(this.take(count));
        this.unwanted -= count;
        if (this.unwanted > 0) {
            return false;
        }
        this.onMessage(this.long?.message);
        this.long = undefined;
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

/** The receiver of whole messages: a session. */
export interface MessagePort {
    receive(message: unknown): void;
    readonly onDidSendMessage: (listener: (message: object) => void) => unknown;
    congested: () => boolean;
}

/**
 * Connects a session with streams.
 * @param onStranger see {@link MessageReader}
 */
export function connect(session: MessagePort, input: Readable, output: Writable, onStranger?: () => void): void {
    const reader = new MessageReader((message) => session.receive(message), onStranger);
    session.onDidSendMessage((message) => {
        const json = JSON.stringify(message);
        output.write(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
    });
    session.congested = () => output.writableLength > MAX_UNSENT;
    input.on('data', (chunk: Buffer) => reader.push(chunk));
}
