/** Inputs that several targets share: absurd numbers and texts, edits of texts, damaged JSON. */
import * as fc from 'fast-check';

/** Numbers at the ends of what numbers can be, as they stand in source text. */
export const ABSURD_NUMBERS = [
    '0',
    '-1',
    '1',
    '51',
    '63',
    '64',
    '65535',
    '0x7fff_ffff',
    '0x8000_0000',
    '0xffff_ffff',
    '0x1_0000_0000',
    '9007199254740991',
    '9007199254740993',
    '0x7fff_ffff_ffff_ffff',
    '0x8000_0000_0000_0000',
    '0xffff_ffff_ffff_ffff',
    '1_0000_0000_0000_0000_0000_0000',
    '4KiB',
    '3GiB',
    '64TiB',
    '16384TiB',
    '1us',
    '1e308',
] as const;

/** Pieces of text that readers, terminals and formats treat specially. */
export const ABSURD_TEXTS = [
    '',
    ' ',
    '\0',
    '\n',
    '\r\n',
    '\t',
    '\u001b[31m',
    '\u001b]52;c;aGk=\u0007',
    '\u007f',
    '\u009b2J',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\ud800',
    '\udc00',
    '😀',
    'é',
    '"',
    "'",
    '\\',
    '%',
    '%ZZ',
    '{',
    '}',
    '../../etc/passwd',
    'file:///a%ZZ',
    '__proto__',
    'constructor',
    'toString',
    '#',
    '//',
    '/*',
    ']]>',
    'not ok 1',
    'a'.repeat(300),
] as const;

export const absurdNumber = fc.constantFrom(...ABSURD_NUMBERS);
export const absurdText = fc.oneof(fc.constantFrom(...ABSURD_TEXTS), fc.string({ unit: 'binary', maxLength: 12 }));

/** A place in a text of any length, in parts of it. */
const PARTS = 1_000_000;
const place = fc.nat(PARTS - 1);
const offsetIn = (length: number, at: number): number => Math.floor((at / PARTS) * (length + 1));

/** A change of a text. */
type Edit =
    | { readonly kind: 'text'; readonly at: number; readonly removed: number; readonly added: string }
    | { readonly kind: 'words'; readonly at: number; readonly removed: number; readonly added: readonly string[] }
    | { readonly kind: 'number'; readonly at: number; readonly added: string }
    | { readonly kind: 'splice'; readonly at: number; readonly from: number; readonly length: number }
    | { readonly kind: 'lines'; readonly at: number; readonly to: number; readonly count: number };

/** @param words that are put in @param repeated how often a piece is put in at the most */
export function edits(words: readonly string[]): fc.Arbitrary<readonly Edit[]> {
    const word = fc.oneof({ arbitrary: fc.constantFrom(...words), weight: 5 }, absurdNumber, absurdText);
    const removed = fc.oneof(fc.nat(3), fc.nat(60));
    const one: fc.Arbitrary<Edit> = fc.oneof(
        {
            weight: 4,
            arbitrary: fc.record({
                kind: fc.constant('words' as const),
                at: place,
                removed: fc.nat(3),
                added: fc.array(word, { maxLength: 3 }),
            }),
        },
        fc.record({ kind: fc.constant('text' as const), at: place, removed, added: absurdText }),
        fc.record({ kind: fc.constant('number' as const), at: place, added: absurdNumber }),
        fc.record({ kind: fc.constant('splice' as const), at: place, from: place, length: fc.nat(400) }),
        fc.record({ kind: fc.constant('lines' as const), at: place, to: place, count: fc.nat(4) }),
    );
    return fc.array(one, { minLength: 1, maxLength: 6 });
}

/** @param other the text of which pieces are spliced in */
export function edited(text: string, changes: readonly Edit[], other = text): string {
    return changes.reduce((t, e) => applied(t, e, other), text);
}

function applied(text: string, edit: Edit, other: string): string {
    switch (edit.kind) {
        case 'text': {
            const at = offsetIn(text.length, edit.at);
            return text.slice(0, at) + edit.added + text.slice(at + edit.removed);
        }
        case 'words': {
            const parts = text.split(/(?<=\W)|(?=\W)/);
            parts.splice(offsetIn(parts.length, edit.at), edit.removed, ...edit.added);
            return parts.join('');
        }
        case 'number': {
            const numbers = [...text.matchAll(/\b\d\w*/g)];
            const found = numbers[offsetIn(numbers.length - 1, edit.at)];
            return found ? text.slice(0, found.index) + edit.added + text.slice(found.index + found[0].length) : text;
        }
        case 'splice': {
            const at = offsetIn(text.length, edit.at);
            const from = offsetIn(other.length, edit.from);
            return text.slice(0, at) + other.slice(from, from + edit.length) + text.slice(at);
        }
        case 'lines': {
            const lines = text.split('\n');
            const moved = lines.splice(offsetIn(lines.length, edit.at), edit.count);
            lines.splice(offsetIn(lines.length, edit.to), 0, ...moved);
            return lines.join('\n');
        }
    }
}

/** Any value of JSON. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
    fc.constantFrom(null, true, false, 0, -1, 1, 0.5, 1e308, -1e308, 2 ** 53, 2 ** 63, ''),
    absurdText,
    fc.jsonValue({ maxDepth: 2 }),
);

/** Puts another value in the place of one of an object's members, or takes one away. */
export function damagedJson(values: fc.Arbitrary<object>): fc.Arbitrary<unknown> {
    const damage = fc.record({ key: fc.nat(100), value: fc.option(anyJson, { nil: undefined }) });
    return fc
        .tuple(values, fc.array(damage, { maxLength: 3 }))
        .map(([value, damages]) => damages.reduce<unknown>((v, d) => withDamage(v, d.key, d.value), value));
}

function withDamage(value: unknown, key: number, by: unknown): unknown {
    if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
        return by;
    }
    const entries: [string, unknown][] = Object.entries(value);
    const at = key % entries.length;
    const changed = entries.flatMap(([k, v], i): [string, unknown][] =>
        i !== at ? [[k, v]] : by === undefined ? [] : [[k, key % 2 === 0 ? by : withDamage(v, key >> 1, by)]],
    );
    return Array.isArray(value) ? changed.map(([, v]) => v) : Object.fromEntries(changed);
}
