/** Parts of messages, panes and reports: numbers, sizes, counts and lists as text. */

/** `0x1f`, `-0x1f`. */
export function hex(n: number | bigint): string {
    return n < 0 ? `-0x${(-BigInt(n)).toString(16)}` : `0x${n.toString(16)}`;
}

/** At least so many hexadecimal digits, without a prefix. */
export function hexDigits(n: number, digits: number): string {
    return n.toString(16).padStart(digits, '0');
}

/** `48 65 6c`: two digits per byte. */
export function hexBytes(bytes: Iterable<number>, between = ' '): string {
    return Array.from(bytes, (b) => hexDigits(b, 2)).join(between);
}

/** `session` → `sessions`, `process` → `processes`, `property` → `properties`. */
export function plural(word: string): string {
    if (/[^aeiou]y$/.test(word)) {
        return `${word.slice(0, -1)}ies`;
    }
    return /(?:s|x|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}

/** `1 page`, `3 pages`, `0 entries` */
export function counted(n: number | bigint, what: string): string {
    return `${n} ${Number(n) === 1 ? what : plural(what)}`;
}

/** The same, but `no pages`. */
export function countOf(n: number, what: string): string {
    return n === 0 ? `no ${plural(what)}` : counted(n, what);
}

const UNITS = ['byte', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

const withUnit = (n: string | number, unit: number): string =>
    unit === 0 ? counted(Number(n), 'byte') : `${n} ${UNITS[unit]}`;

/** A rounded number of bytes: `100 bytes`, `64 MiB`, `1.5 GiB`; `2.0 MiB` if it is not exactly 2 MiB. */
export function sizeText(bytes: number | bigint): string {
    let unit = 0;
    let n = Number(bytes);
    while (n >= 1024 && unit < UNITS.length - 1) {
        n /= 1024;
        unit++;
    }
    return withUnit(Number.isInteger(n) ? n : n.toFixed(1), unit);
}

/** An exact number of bytes, in the largest unit that needs at most two decimals: `4.75 MiB`, `700000 bytes`. */
export function exactSize(bytes: number | bigint): string {
    let unit = 0;
    let n = Number(bytes);
    while (n >= 1024 && unit < UNITS.length - 1 && Number.isInteger((n / 1024) * 100)) {
        n /= 1024;
        unit++;
    }
    return withUnit(n, unit);
}

/** `0x1000–0x1fff (4 KiB)` */
export function rangeText(start: number, size: number): string {
    return size === 0 ? `empty, at ${hex(start)}` : `${hex(start)}–${hex(start + size - 1)} (${sizeText(size)})`;
}

/** A power of two of at least 1024 bytes in the notation of the language: `2MiB`. */
export function sizeLiteral(bytes: number): string {
    return exactSize(bytes).replace(' ', '');
}

/** `a, b and c` */
export function listed(words: readonly string[], last: 'and' | 'or' = 'and'): string {
    return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;
}

/** With a capital first letter. */
export function capital(text: string): string {
    return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** Text without percent-encoding; text that is not encoded like that stays as it is. */
export function percentDecoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
