/** Messages out of bytes: whatever pieces they come in, however long they are, and from whom. */
import assert from 'node:assert/strict';
import { LongMessage, MAX_MESSAGE } from '../../../debug-adapter/long-message';
import { MessageReader } from '../../../debug-adapter/stdio';

const framed = (json: string): string => `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;

/** What a reader makes of bytes that come in pieces. */
function read(bytes: Buffer, piece: number, strict = false): { messages: unknown[]; strangers: number } {
    const messages: unknown[] = [];
    let strangers = 0;
    const reader = new MessageReader((m) => messages.push(m), strict ? () => strangers++ : undefined);
    for (let at = 0; at < bytes.length; at += piece) {
        reader.push(bytes.subarray(at, at + piece));
    }
    return { messages, strangers };
}

suite('framing', () => {
    test('messages come whole in pieces of any size', () => {
        const bytes = Buffer.from(`${framed('{"a":"ä"}')}${framed('[1]')}`);
        for (let piece = 1; piece <= bytes.length; piece++) {
            assert.deepEqual(read(bytes, piece, true), { messages: [{ a: 'ä' }, [1]], strangers: 0 });
        }
    });

    test('a message that is too long is read over for its members, and the next one counts', () => {
        const text = `\\"],"seq":9,{${'ä'.repeat(MAX_MESSAGE / 2)}`;
        const request = { seq: 7, type: 'request', command: 'evaluate' };
        const { seq, ...after } = request;
        const long = [
            { ...request, arguments: { text, seq: 8, list: [{ seq: 8 }] } },
            { arguments: { text, seq: 8 }, more: [[8], 'seq'], ...request },
            { seq, arguments: { expression: text }, ...after },
        ];
        for (const message of long) {
            const json = JSON.stringify(message, null, 2);
            const [first, ...rest] = read(Buffer.from(`${framed(json)}${framed('{}')}`), 65_521).messages;
            assert.ok(first instanceof LongMessage);
            assert.equal(first.length, Buffer.byteLength(json));
            assert.deepEqual(first.members, request);
            assert.deepEqual(rest, [{}]);
        }
    });

    test('a message that is too long and not a request has no members', () => {
        for (const json of [
            JSON.stringify('x'.repeat(MAX_MESSAGE)),
            `[{"seq":1},${'[],'.repeat(MAX_MESSAGE / 3)}[]]`,
        ]) {
            const [first, ...rest] = read(Buffer.from(`${framed(json)}${framed('{}')}`), 65_536).messages;
            assert.ok(first instanceof LongMessage);
            assert.deepEqual(first.members, {});
            assert.deepEqual(rest, [{}]);
        }
    });

    test('a long message in many pieces is put together once', () => {
        const value = 'x'.repeat(MAX_MESSAGE - 2);
        assert.deepEqual(read(Buffer.from(framed(JSON.stringify(value))), 1024), { messages: [value], strangers: 0 });
    });

    test('what does not begin with a header of the protocol is a stranger', () => {
        const post = `POST / HTTP/1.1\r\nReferer: x\r\n\r\n${framed('{"type":"request"}')}`;
        for (const piece of [1, 7, 4096]) {
            assert.deepEqual(read(Buffer.from(post), piece, true).messages, []);
            assert.equal(read(Buffer.from(post), piece, true).strangers, 1);
        }
        assert.deepEqual(
            read(Buffer.from(post), 4096).messages,
            [undefined, { type: 'request' }],
            'on a pipe it is read over',
        );
    });
});
