/** Messages that are too long to be read as a whole: what a response needs of them is found while their bytes go by. */

/** The limit of a message in bytes. */
export const MAX_MESSAGE = 16 * 1024 * 1024;

const [QUOTE, BACKSLASH, COMMA, COLON] = new TextEncoder().encode('"\\,:');
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = new TextEncoder().encode('{}[]');
/** Bytes of a name or a value of the message itself: the longest command is much shorter. */
const MAX_TOKEN = 256;

/** What a response needs of a message. */
interface Members {
    seq?: number;
    type?: string;
    command?: string;
}

/** A message that was not kept. */
export class LongMessage {
    readonly members: Members = {};

    /** @param length in bytes */
    constructor(readonly length: number) {}
}

/**
 * Reads the members of a JSON object piece by piece, in constant memory: clients write the number of a request before
 * or after its arguments.
 */
export class LongMessageReader {
    readonly message: LongMessage;
    /** Objects and lists around the next byte. */
    private depth = 0;
    private inString = false;
    private escaped = false;
    /** The bytes of the name or value that is being read. */
    private token: number[] = [];
    private name = '';

    constructor(length: number) {
        this.message = new LongMessage(length);
    }

    push(bytes: Uint8Array): void {
        for (const byte of bytes) {
            if (this.inString) {
                this.stringByte(byte);
            } else {
                this.byte(byte);
            }
        }
    }

    private stringByte(byte: number): void {
        this.keep(byte);
        if (this.escaped) {
            this.escaped = false;
        } else if (byte === BACKSLASH) {
            this.escaped = true;
        } else if (byte === QUOTE) {
            this.inString = false;
        }
    }

    private byte(byte: number): void {
        if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
            this.depth--;
            if (this.depth === 0) {
                this.memberEnds();
            }
        } else if (this.depth === 1 && byte === COLON) {
            this.name = this.taken();
        } else if (this.depth === 1 && byte === COMMA) {
            this.memberEnds();
        } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
            this.keep(byte);
            this.depth++;
        } else {
            this.inString = byte === QUOTE;
            this.keep(byte);
        }
    }

    private keep(byte: number): void {
        if (this.depth === 1 && this.token.length < MAX_TOKEN) {
            this.token.push(byte);
        }
    }

    private taken(): string {
        const text = String.fromCharCode(...this.token).trim();
        this.token = [];
        return text;
    }

    private memberEnds(): void {
        const value = this.taken();
        const { members } = this.message;
        if (this.name === '"seq"' && /^\d+$/.test(value)) {
            members.seq = Number(value);
        } else if (this.name === '"type"' || this.name === '"command"') {
            const text = /^"([\w/]*)"$/.exec(value)?.[1];
            if (text !== undefined) {
                members[this.name === '"type"' ? 'type' : 'command'] = text;
            }
        }
        this.name = '';
    }
}
