/**
 * The state of the parser: the next token, the findings so far, and how parsing continues after an error.
 */
import type { CheckCode } from '../check-codes';
import type { Ident, Span, StringLit } from './ast';
import type { Lexed, Token } from './lexer';
import { structureOf, type Structure } from './structure';
import { insertAt, replaceWith, type CheckFinding, type Fix } from '../check-finding';

/** Expressions and blocks nested deeper than this are not read, so that no text exhausts the stack. */
const MAX_DEPTH = 150;

export class Cursor {
    readonly diagnostics: CheckFinding[];
    private readonly tokens: readonly Token[];
    private readonly structure: Structure;
    /** Index of the next token. */
    pos = 0;
    /** Index of the token where the innermost block ends: nothing inside reads beyond it. */
    private limit: number;
    private readonly eof: Token;
    /** More than 0 inside round or square brackets, where newlines mean nothing. */
    brackets = 0;
    private depth = 0;
    /** Index of a token that continues the previous line although it is the first on its own. */
    private joined = -1;

    constructor(
        private readonly uri: string,
        lexed: Lexed,
    ) {
        this.tokens = lexed.tokens;
        this.diagnostics = [...lexed.diagnostics];
        this.structure = structureOf(lexed.tokens);
        this.limit = lexed.tokens.length - 1;
        const eof = lexed.tokens.at(-1);
        this.eof = eof ?? {
            kind: 'eof',
            text: '',
            value: undefined,
            unit: undefined,
            start: 0,
            end: 0,
            first: true,
            indent: 0,
        };
    }

    /** The next token; `eof` at the end of the innermost block. */
    get token(): Token {
        return this.peek(0);
    }

    peek(ahead: number): Token {
        const i = this.pos + ahead;
        return i < this.limit ? (this.tokens[i] ?? this.eof) : this.eof;
    }

    /** True if the token begins a line, and the new line ends the statement before it. */
    breaks(ahead = 0): boolean {
        return (
            this.brackets === 0 && this.pos + ahead > 0 && this.pos + ahead !== this.joined && this.peek(ahead).first
        );
    }

    /** The next token continues the statement even if it is the first on its line. */
    join(): void {
        this.joined = this.pos;
    }

    /** The end of the token before the next one. */
    get lastEnd(): number {
        return this.tokens[this.pos - 1]?.end ?? 0;
    }

    advance(): Token {
        const t = this.token;
        if (this.pos < this.limit) {
            this.pos++;
        }
        return t;
    }

    /**
     * True if a statement, an entry or a field ends here: at a newline (outside brackets), a `;` or the end of the
     * block.
     */
    get atEnd(): boolean {
        const t = this.token;
        return t.kind === 'eof' || this.breaks() || (t.kind === 'punct' && (t.text === ';' || t.text === '}'));
    }

    /** The next token if it is a punctuation mark, on the same line if newlines count here; otherwise empty. */
    get mark(): string {
        const t = this.token;
        return t.kind === 'punct' && !this.breaks() ? t.text : '';
    }

    is(mark: string): boolean {
        return this.mark === mark;
    }

    isWord(text: string): boolean {
        const t = this.token;
        return t.kind === 'ident' && t.text === text && !this.breaks();
    }

    isIdent(): boolean {
        const t = this.token;
        return t.kind === 'ident' && !this.breaks();
    }

    isString(): boolean {
        const t = this.token;
        return t.kind === 'string' && !this.breaks();
    }

    accept(text: string): boolean {
        if (!this.is(text)) {
            return false;
        }
        this.advance();
        return true;
    }

    acceptWord(text: string): boolean {
        if (!this.isWord(text)) {
            return false;
        }
        this.advance();
        return true;
    }

    error(code: CheckCode, span: Span, message: string, fix?: Fix): void {
        const found: CheckFinding = {
            code,
            severity: 'error',
            uri: this.uri,
            span: { start: span.start, end: Math.max(span.start, span.end) },
            message,
        };
        this.diagnostics.push(fix ? { ...found, fix } : found);
    }

    /** An error at the next token, or after the last one if the line has ended. */
    errorHere(code: CheckCode, message: string, fix?: Fix): void {
        const t = this.token;
        const over = t.kind === 'eof' || this.breaks();
        this.error(code, over ? { start: this.lastEnd, end: this.lastEnd } : t, message, fix);
    }

    /**
     * Runs `read` one level deeper; returns undefined and skips the rest of the statement if the nesting is too deep.
     */
    nested<T>(read: () => T): T | undefined {
        if (this.depth >= MAX_DEPTH) {
            this.errorHere('LU0119', 'This is nested too deeply. Split it into several statements or functions.');
            this.pos = this.limit;
            return undefined;
        }
        this.depth++;
        const result = read();
        this.depth--;
        return result;
    }

    /** Reads the content of the bracket at the next token; `read` should read all of it. */
    bracketed(close: ')' | ']', read: () => void): void {
        const open = this.pos;
        const end = this.structure.end[open] ?? -1;
        const saved = this.brackets;
        this.advance();
        if (this.structure.closed[open] !== 1 || end >= this.limit) {
            this.brackets = 0;
            read();
            this.errorHere('LU0110', `A \`${close}\` is missing here.`, insertAt(this.lastEnd, close));
            this.brackets = saved;
            return;
        }
        const outer = this.limit;
        this.limit = end;
        this.brackets = saved + 1;
        read();
        if (this.pos < end) {
            this.error(
                'LU0111',
                this.token,
                `\`${this.token.text}\` does not belong here. Expected \`,\` or \`${close}\`.`,
            );
            this.pos = end;
        }
        this.limit = outer;
        this.brackets = saved;
        this.advance();
    }

    /** Reads the content of the braces at the next token. Returns its span. */
    braced(what: string, read: () => void): Span {
        const open = this.pos;
        const start = this.token.start;
        const outer = this.limit;
        const end = Math.min(this.structure.end[open] ?? outer, outer);
        const saved = this.brackets;
        this.advance();
        this.limit = end;
        this.brackets = 0;
        this.nested(() => {
            while (this.pos < end) {
                const before = this.pos;
                if (this.separatorOrStray()) {
                    continue;
                }
                read();
                if (this.pos === before) {
                    this.error('LU0112', this.token, `\`${this.token.text}\` does not belong here.`);
                    this.advance();
                }
            }
        });
        this.pos = end;
        this.limit = outer;
        this.brackets = saved;
        if (this.structure.closed[open] === 1 && end < outer) {
            this.advance();
        } else {
            const indent = ' '.repeat(this.tokens[open]?.indent ?? 0);
            this.error(
                'LU0113',
                { start, end: start + 1 },
                `The \`{\` of this ${what} has no \`}\`.`,
                insertAt(this.lastEnd, `\n${indent}}`, 'Insert `}`'),
            );
        }
        return { start, end: this.lastEnd };
    }

    /** True if the next token is `{`; otherwise reports an error and skips the line. */
    opens(what: string): boolean {
        if (this.is('{')) {
            return true;
        }
        this.errorHere('LU0123', `The \`{\` of this ${what} is missing here.`, insertAt(this.lastEnd, ' { }'));
        this.skipLine();
        return false;
    }

    private separatorOrStray(): boolean {
        const t = this.token;
        if (t.kind !== 'punct' || (t.text !== ';' && t.text !== '}')) {
            return false;
        }
        if (t.text === '}') {
            this.strayBrace(t);
        }
        this.advance();
        return true;
    }

    strayBrace(t: Token): void {
        this.error(
            'LU0114',
            t,
            'This `}` has no matching `{`. Remove it, or add the `{`.',
            replaceWith('Remove it', t, ''),
        );
    }

    /** Called after a statement, entry or field: reports the rest of the line as an error, and skips it. */
    finish(what: string): void {
        if (this.atEnd) {
            return;
        }
        const from = this.token;
        if (from.kind === 'punct' && (from.text === ')' || from.text === ']')) {
            this.error(
                'LU0115',
                from,
                `This \`${from.text}\` has no matching opening bracket. Remove it.`,
                replaceWith('Remove it', from, ''),
            );
            this.advance();
            if (this.atEnd) {
                return;
            }
        } else {
            this.error(
                'LU0116',
                from,
                `\`${this.textOf(from)}\` does not belong to this ${what}. End the ${what} with a new line or \`;\`.`,
            );
        }
        this.skipLine();
    }

    /** Skips to the end of the statement, over whole blocks. */
    skipLine(): void {
        const saved = this.brackets;
        this.brackets = 0;
        while (!this.atEnd) {
            const end = this.structure.end[this.pos] ?? -1;
            this.pos = end > this.pos ? Math.min(end, this.limit) : this.pos;
            this.advance();
        }
        this.brackets = saved;
    }

    textOf(t: Token): string {
        return t.kind === 'eof' ? 'the end' : t.kind === 'string' ? `"${t.text}"` : t.text;
    }

    /** A name; reports an error and returns an empty name if there is none. */
    ident(what: string): Ident {
        if (this.isIdent()) {
            const t = this.advance();
            return { kind: 'ident', name: t.text, start: t.start, end: t.end };
        }
        this.errorHere('LU0117', `The name of ${what} is missing here.`);
        return { kind: 'ident', name: '', start: this.lastEnd, end: this.lastEnd };
    }

    /** `a, b`: at least one. */
    idents(what: string): Ident[] {
        const idents = [this.ident(what)];
        while (this.accept(',')) {
            idents.push(this.ident(what));
        }
        return idents;
    }

    /** A string; reports an error and returns an empty string if there is none. */
    stringLit(what: string): StringLit {
        if (this.isString()) {
            const t = this.advance();
            return { kind: 'string', value: t.text, start: t.start, end: t.end };
        }
        const t = this.token;
        const bare = this.isIdent() && this.peek(1).text === '{';
        this.errorHere(
            'LU0118',
            `${what} is missing here. Write it in double quotes.`,
            bare ? replaceWith('Put it in quotes', t, `"${t.text}"`) : undefined,
        );
        if (bare) {
            this.advance();
            return { kind: 'string', value: t.text, start: t.start, end: t.end };
        }
        return { kind: 'string', value: '', start: this.lastEnd, end: this.lastEnd };
    }
}
