/** Base64 (RFC 4648) without Node's Buffer or a browser's btoa. */

const DIGITS = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PADDING = '='.charCodeAt(0);

export function base64(bytes: Uint8Array): string {
    const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PADDING);
    const digit = (at: number, value: number): void => {
        text[at] = DIGITS[value & 63] ?? PADDING;
    };
    for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
        const [left, a, b, c] = [bytes.length - from, bytes[from] ?? 0, bytes[from + 1] ?? 0, bytes[from + 2] ?? 0];
        digit(to, a >> 2);
        digit(to + 1, (a << 4) | (b >> 4));
        if (left > 1) {
            digit(to + 2, (b << 2) | (c >> 6));
        }
        if (left > 2) {
            digit(to + 3, c);
        }
    }
    return new TextDecoder().decode(text);
}

/** The value of each digit by its code, and this for others. */
const NONE = 64;
const VALUES = new Uint8Array(128).fill(NONE);
for (const [value, code] of DIGITS.entries()) {
    VALUES[code] = value;
}

/** The bytes of a text in base64; undefined if it is not one. Padding may be missing. */
export function fromBase64(text: string): Uint8Array | undefined {
    const digits = text.replace(/={0,2}$/, '');
    if (digits.length % 4 === 1) {
        return undefined;
    }
    const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
    let [bits, held, to] = [0, 0, 0];
    for (let at = 0; at < digits.length; at++) {
        const value = VALUES[digits.charCodeAt(at)] ?? NONE;
        if (value === NONE) {
            return undefined;
        }
        held = ((held << 6) | value) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[to++] = (held >> bits) & 0xff;
        }
    }
    return bytes;
}
