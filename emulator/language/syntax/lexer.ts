/**
 * Turns the text of a `.lus` file into tokens. Newlines are no tokens: a token knows whether it is the first of its
 * line, and the parser decides where that ends something. Nothing is ever refused: what cannot be read is skipped with
 * a finding.
 */
import type { CheckCode } from '../check-codes';
import type { Span } from './ast';
import { near } from '../nearest';
import { intOf } from '../../machine/int';
import { INT_MAX } from '../values';
import { canonicalText, decodeText } from '../../text/utf8';
import { changeTo, type CheckFinding, type Fix, insertAt, replaceWith } from '../check-finding';

export type TokenKind = 'ident' | 'int' | 'string' | 'punct' | 'eof';

export interface Token extends Span {
    readonly kind: TokenKind;
    /** The text as written; for a string its value. */
    readonly text: string;
    readonly value: number | bigint | undefined;
    readonly unit: string | undefined;
    /** First token of its line. */
    readonly first: boolean;
    /** Column of the first token of this token's line; a tab counts to the next multiple of four. */
    readonly indent: number;
}

export interface Lexed {
    /** Ends with one `eof` token. */
    readonly tokens: readonly Token[];
    readonly comments: readonly Span[];
    readonly diagnostics: readonly CheckFinding[];
}

/** The units that `/s` can follow: a rate in bytes per second. */
const UNITS_OF_BYTES = new Set(['KiB', 'MiB', 'GiB', 'TiB']);

/** Units of numbers: bytes, and nanoseconds. */
const UNITS: ReadonlyMap<string, number> = new Map([
    ['KiB', 2 ** 10],
    ['MiB', 2 ** 20],
    ['GiB', 2 ** 30],
    ['TiB', 2 ** 40],
    ['ns', 1],
    ['us', 1e3],
    ['ms', 1e6],
    ['s', 1e9],
]);

const PUNCT3 = new Set(['<<=', '>>=']);
const PUNCT2 = new Set([
    '..',
    '==',
    '!=',
    '<=',
    '>=',
    '<<',
    '>>',
    '&&',
    '||',
    '+=',
    '-=',
    '*=',
    '/=',
    '%=',
    '|=',
    '&=',
    '^=',
]);
const PUNCT1 = new Set([...'{}()[],;:.=<>+-*/%&|^~!']);
/** The second characters of marks. */
const MARK_SECONDS: ReadonlySet<number> = new Set([...PUNCT2, ...PUNCT3].map((mark) => mark.charCodeAt(1)));

/** Decimal digits of an integer that a number holds exactly. */
const PLAIN_NUMBER = /^[0-9]{1,15}$/;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const APOSTROPHE = 39;
const SLASH = 47;
const BACKSLASH = 92;

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isLetter = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
const isWord = (c: number): boolean => isLetter(c) || isDigit(c);

class Lexer {
    readonly tokens: Token[] = [];
    readonly comments: Span[] = [];
    readonly diagnostics: CheckFinding[] = [];
    private pos = 0;
    private first = true;
    private column = 0;
    private indent = 0;

    constructor(
        private readonly uri: string,
        private readonly text: string,
    ) {}

    run(): Lexed {
        const { text } = this;
        while (this.pos < text.length) {
            const c = text.charCodeAt(this.pos);
            if (c === LF) {
                this.pos++;
                this.first = true;
                this.column = 0;
            } else if (c === SPACE || c === TAB || c === CR || c === 0xfeff) {
                this.column = c === TAB ? this.column + 4 - (this.column % 4) : this.column + 1;
                this.pos++;
            } else if (c === SLASH && text.charCodeAt(this.pos + 1) === SLASH) {
                const end = this.endOfLine(this.pos);
                this.comments.push({ start: this.pos, end });
                this.pos = end;
            } else {
                this.token(c);
            }
        }
        this.push('eof', text.length, text.length, '');
        return { tokens: this.tokens, comments: this.comments, diagnostics: this.diagnostics };
    }

    private token(c: number): void {
        if (this.first) {
            this.indent = this.column;
        }
        const start = this.pos;
        if (isLetter(c)) {
            this.pos = this.wordEnd(start);
            this.push('ident', start, this.pos, this.text.slice(start, this.pos));
        } else if (isDigit(c)) {
            this.number(start);
        } else if (c === QUOTE) {
            this.string(start);
        } else if (!this.foreign(start, c)) {
            this.punct(start);
        }
    }

    /** Syntax of other languages: other comments, strings in single quotes. @returns whether there was some */
    private foreign(start: number, c: number): boolean {
        const { text } = this;
        if (c === SLASH && text.charAt(start + 1) === '*') {
            const close = text.indexOf('*/', start + 2);
            const end = close < 0 ? this.endOfLine(start) : close + 2;
            this.report('LU0138', start, end, 'A comment begins with `//` and ends with its line.');
            this.comment(start, end);
            return true;
        }
        if (c === HASH && this.first) {
            const end = this.endOfLine(start);
            this.report('LU0138', start, end, 'A comment begins with `//`.', changeTo({ start, end: start + 1 }, '//'));
            this.comment(start, end);
            return true;
        }
        const quoted = c === APOSTROPHE ? /^'([^'"\n\r]*)'/.exec(text.slice(start, this.endOfLine(start))) : null;
        if (quoted) {
            const [{ length }, value = ''] = quoted;
            const span = { start, end: start + length };
            const fix = replaceWith('Use double quotes', span, `"${value}"`);
            this.report('LU0138', start, span.end, 'A string needs double quotes.', fix);
            this.pos = span.end;
            this.push('string', start, span.end, value);
            return true;
        }
        return false;
    }

    private comment(start: number, end: number): void {
        this.comments.push({ start, end });
        this.pos = end;
        if (this.text.slice(start, end).includes('\n')) {
            this.first = true;
            this.column = 0;
        }
    }

    private push(
        kind: TokenKind,
        start: number,
        end: number,
        text: string,
        value?: number | bigint,
        unit?: string,
    ): void {
        const { first } = this;
        const indent = kind === 'eof' ? 0 : this.indent;
        // all tokens have the same members: the parser reads each of them many times
        this.tokens.push({ kind, start, end, text, value, unit, first, indent });
        this.first = false;
    }

    private report(code: CheckCode, start: number, end: number, message: string, fix?: Fix): void {
        const found: CheckFinding = { code, severity: 'error', uri: this.uri, span: { start, end }, message };
        this.diagnostics.push(fix ? { ...found, fix } : found);
    }

    private wordEnd(from: number): number {
        let end = from;
        while (end < this.text.length && isWord(this.text.charCodeAt(end))) {
            end++;
        }
        return end;
    }

    private endOfLine(from: number): number {
        const lf = this.text.indexOf('\n', from);
        const end = lf < 0 ? this.text.length : lf;
        return end > from && this.text.charCodeAt(end - 1) === CR ? end - 1 : end;
    }

    private number(start: number): void {
        const end = this.wordEnd(start);
        this.pos = end;
        const word = this.text.slice(start, end);
        if (PLAIN_NUMBER.test(word)) {
            this.push('int', start, end, word, Number(word));
            return;
        }
        const hex = /^0[xX]([0-9a-fA-F_]*)(.*)$/.exec(word);
        const digits = (hex ? (hex[1] ?? '') : (/^[0-9_]*/.exec(word)?.[0] ?? '')).replaceAll('_', '');
        const unit = hex ? (hex[2] ?? '') : word.slice(/^[0-9_]*/.exec(word)?.[0].length ?? 0);
        const factor = unit === '' ? 1 : UNITS.get(unit);
        let value = digits.length > 40 ? INT_MAX + 1n : BigInt(hex ? `0x${digits || '0'}` : digits || '0');
        if (hex && digits === '') {
            this.report('LU0103', start, end, `\`${word}\` has no digits after the \`0x\`.`);
        } else if (factor === undefined) {
            const at = { start: end - unit.length, end };
            const nearest = near(unit, UNITS.keys());
            this.report(
                'LU0103',
                at.start,
                end,
                hex
                    ? `\`${unit}\` is not a hexadecimal digit or a unit.`
                    : `\`${unit}\` is not a unit. Expected KiB, MiB, GiB, TiB, ns, us, ms or s.`,
                nearest === undefined ? undefined : replaceWith(`Change to ${nearest}`, at, nearest),
            );
        } else {
            value *= BigInt(factor);
        }
        if (value > INT_MAX) {
            this.report('LU0104', start, end, `\`${word}\` is larger than 2^64-1, the largest integer.`);
            value = INT_MAX;
        }
        // a rate, as in 200MiB/s
        if (UNITS_OF_BYTES.has(unit) && /^\/s(?![A-Za-z0-9_])/.test(this.text.slice(end, end + 3))) {
            this.pos = end + 2;
        }
        this.push('int', start, this.pos, word, intOf(value), unit === '' || factor === undefined ? undefined : unit);
    }

    private string(start: number): void {
        const { text } = this;
        const lineEnd = this.endOfLine(start);
        let value = '';
        let pos = start + 1;
        while (pos < lineEnd && text.charCodeAt(pos) !== QUOTE) {
            let run = pos;
            while (run < lineEnd && text.charCodeAt(run) !== QUOTE && text.charCodeAt(run) !== BACKSLASH) {
                run++;
            }
            value += text.slice(pos, run);
            pos = run;
            if (pos < lineEnd && text.charCodeAt(pos) === BACKSLASH) {
                const [escaped, length] = this.escape(pos, lineEnd);
                value += escaped;
                pos += length;
            }
        }
        if (pos < lineEnd) {
            pos++;
        } else {
            pos = lineEnd;
            this.report(
                'LU0102',
                start,
                lineEnd,
                'This string has no end. Close it with `"` on the same line.',
                insertAt(lineEnd, '"', 'Close the string'),
            );
        }
        this.pos = pos;
        this.push('string', start, pos, canonicalText(value));
    }

    /** The value of the escape at `pos` and its length in the text. */
    private escape(pos: number, lineEnd: number): readonly [string, number] {
        const c = this.text.slice(pos + 1, Math.min(pos + 2, lineEnd));
        const simple: Record<string, string> = { n: '\n', t: '\t', r: '\r', '0': '\0', '"': '"', '\\': '\\' };
        const plain = simple[c];
        if (plain !== undefined) {
            return [plain, 2];
        }
        const code = /^x[0-9a-fA-F]{2}/.exec(this.text.slice(pos + 1, Math.min(pos + 4, lineEnd)));
        if (code) {
            return [decodeText(Uint8Array.of(Number.parseInt(code[0].slice(1), 16))), 4];
        }
        this.report(
            'LU0105',
            pos,
            pos + 1 + c.length,
            `\`\\${c}\` means nothing in a string: use \\n, \\t, \\r, \\0, \\", \\\\ or \\x1f.`,
            replaceWith('Write a backslash', { start: pos, end: pos + 1 }, '\\\\'),
        );
        return [c, 1 + c.length];
    }

    private punct(start: number): void {
        const { text } = this;
        const length = this.markLength(start);
        if (length > 0) {
            this.pos = start + length;
            this.push('punct', start, this.pos, text.slice(start, this.pos));
            return;
        }
        let end = start + 1;
        while (end < text.length && !this.isKnown(text.charCodeAt(end))) {
            end++;
        }
        this.pos = end;
        const word = text.slice(start, end);
        this.report(
            'LU0101',
            start,
            end,
            word === "'" ? 'A string needs double quotes.' : `\`${word}\` does not belong here. Remove it.`,
            replaceWith('Remove it', { start, end }, ''),
        );
    }

    /** How many characters the punctuation mark at `start` has; 0: none begins here. */
    private markLength(start: number): number {
        const { text } = this;
        if (MARK_SECONDS.has(text.charCodeAt(start + 1))) {
            if (PUNCT3.has(text.slice(start, start + 3))) {
                return 3;
            }
            if (PUNCT2.has(text.slice(start, start + 2))) {
                return 2;
            }
        }
        return PUNCT1.has(text.charAt(start)) ? 1 : 0;
    }

    private isKnown(c: number): boolean {
        return isWord(c) || c <= SPACE || c === QUOTE || PUNCT1.has(String.fromCharCode(c));
    }
}

/** All tokens and comments of a text, in linear time. */
export function lex(uri: string, text: string): Lexed {
    return new Lexer(uri, text).run();
}
