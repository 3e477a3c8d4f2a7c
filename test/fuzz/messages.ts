/** Frames of messages, bytes that are none, and errors that come out of no request. */
import * as fc from 'fast-check';

export function frame(message: unknown): Buffer {
    const json = Buffer.from(JSON.stringify(message) ?? 'null');
    return Buffer.concat([Buffer.from(`Content-Length: ${json.length}\r\n\r\n`), json]);
}

/** Pieces of such sizes, again and again. */
export function* inPieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
    for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = at + (sizes[i % sizes.length] ?? bytes.length);
        yield bytes.subarray(at, end);
        at = end;
    }
}

/** Bytes that are not a message, after which the next message is understood. */
export const noise: fc.Arbitrary<string> = fc.constantFrom(
    'Content-Length: 5\r\n\r\nnonse',
    'Content-Length: x\r\n\r\n',
    'Content-Length: 0\r\n\r\n',
    'Content-Length: 99999999999999\r\n\r\n',
    'What: ever\r\n\r\n',
    'Content-Type: x\r\nContent-Length: 4\r\n\r\nnull',
    'content-length:2\r\n\r\n[]',
    'Content-Length: 9\r\n\r\n{"seq":1}trailing text without an end',
    'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
    '\r\n\r\n',
    '\0\x1b[2J',
);

/** Errors that are thrown outside of the handling of a message: in a process of its own they would end it. */
export class Stray {
    constructor(private readonly onError: (error: Error) => void) {
        process.on('uncaughtException', this.listener);
        process.on('unhandledRejection', this.listener);
    }

    end(): void {
        process.off('uncaughtException', this.listener);
        process.off('unhandledRejection', this.listener);
    }

    private readonly listener = (error: unknown): void =>
        this.onError(error instanceof Error ? error : new Error(String(error)));
}
