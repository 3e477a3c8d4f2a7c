/**
 * Bytes as text and back, without loss. A name is bytes to the kernel: here it is the text whose UTF-8 they are, and a
 * byte that belongs to no UTF-8 is a lone surrogate, U+DC80 to U+DCFF, as in file names of other programs (PEP 383).
 */
import { hexDigits } from './text';

/** U+DC00: a byte that is no UTF-8 is this plus the byte. */
const ESCAPE = 0xdc00;

const SHORT_NAME = 64;

const LONE_SURROGATE = /[\ud800-\udfff]/u;
const LONE_BYTE = /[\udc80-\udcff]/u;
const UNSHOWN = /\p{Cc}|[\udc80-\udcff]/gu;
const ESCAPED = /["\\]|\p{Cc}|[\udc80-\udcff]/gu;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** What a decoder puts where it cannot read the bytes. It is a character as well. */
const REPLACEMENT = '\ufffd';

/** The bytes of a text: its UTF-8, and what {@link decodeText} could not read as such. */
export function encodeText(text: string): Uint8Array {
    if (!LONE_SURROGATE.test(text)) {
        return encoder.encode(text);
    }
    const out: number[] = [];
    for (const char of text) {
        if (LONE_BYTE.test(char)) {
            out.push(char.charCodeAt(0) - ESCAPE);
        } else {
            out.push(...encoder.encode(char));
        }
    }
    return Uint8Array.from(out);
}

/** The text of bytes. {@link encodeText} gives the same bytes back, whatever they are. */
export function decodeText(bytes: Uint8Array): string {
    // most are short names, for which a decoder takes longer
    if (bytes.length <= SHORT_NAME && bytes.every((byte) => byte < 0x80)) {
        return String.fromCharCode(...bytes);
    }
    const text = decoder.decode(bytes);
    return text.includes(REPLACEMENT) ? decodeMixed(bytes) : text;
}

/** The text up to the first NUL, or all of it, as the kernel reads a name in a field of a fixed size. */
export function decodeName(bytes: Uint8Array): string {
    const end = bytes.indexOf(0);
    return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

function decodeMixed(bytes: Uint8Array): string {
    let text = '';
    for (let at = 0; at < bytes.length; ) {
        const length = sequenceAt(bytes, at);
        if (length === 0) {
            text += String.fromCharCode(ESCAPE + (bytes[at] ?? 0));
            at++;
        } else {
            text += decoder.decode(bytes.subarray(at, at + length));
            at += length;
        }
    }
    return text;
}

/**
 * How many bytes the code point at `at` has in UTF-8; 0: none begins there (the Unicode Standard, table 3-7: none that
 * could be shorter, no surrogate, none beyond U+10FFFF).
 */
function sequenceAt(bytes: Uint8Array, at: number): number {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    if (first < 0x80) {
        return 1;
    }
    const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (first < 0xc2 || first > 0xf4 || second < low || second > high) {
        return 0;
    }
    for (let i = 2; i < length; i++) {
        if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) {
            return 0;
        }
    }
    return length;
}

/** One text behind the other: bytes that are UTF-8 only together become what they mean. */
export function joinText(a: string, b: string): string {
    const joined = a + b;
    return LONE_BYTE.test(b.slice(0, 1)) && LONE_BYTE.test(a.slice(-1)) ? canonicalText(joined) : joined;
}

/** The text that the bytes of a text stand for, where it was put together from pieces. */
export function canonicalText(text: string): string {
    return LONE_BYTE.test(text) ? decodeText(encodeText(text)) : text;
}

/** A text as it may be shown: control characters, and bytes that are no UTF-8, as `\x1f`. */
export function printable(text: string): string {
    return text.replace(UNSHOWN, escaped);
}

const SHORT: Readonly<Record<string, string>> = {
    '\n': '\\n',
    '\t': '\\t',
    '\r': '\\r',
    '\0': '\\0',
    '"': '\\"',
    '\\': '\\\\',
};

/** A text in double quotes, as one writes it in a program. */
export function quoted(text: string): string {
    return `"${text.replace(ESCAPED, (char) => SHORT[char] ?? escaped(char))}"`;
}

function escaped(char: string): string {
    return Array.from(encodeText(char), (byte) => `\\x${hexDigits(byte, 2)}`).join('');
}
