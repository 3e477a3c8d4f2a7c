/** What all parts of the parser share: where it is, how it complains, how it gets back on its feet. */
import type { Block, Ident, Span, StringLit } from './ast';
import type { Lexed, Token } from './lexer';
import { structureOf, type Structure } from './structure';
import type { Diagnostic } from '../program';

export interface Fix {
    readonly title: string;
    readonly at: Span;
    readonly text: string;
}

/** Expressions and blocks that are nested deeper than this are not read: no text may exhaust the stack. */
const MAX_DEPTH = 150;

export const insertAt = (offset: number, text: string, title = `Insert \`${text.trim()}\``): Fix => ({
    title,
    at: { start: offset, end: offset },
    text,
});

export class Cursor {
    readonly diagnostics: Diagnostic[];
    protected readonly tokens: readonly Token[];
    protected readonly structure: Structure;
    /** Index of the next token. */
    protected pos = 0;
    /** Index of the token where the innermost block ends: nothing inside reads beyond it. */
    private limit: number;
    private readonly eof: Token;
    /** More than 0 inside round or square brackets, where newlines mean nothing. */
    protected brackets = 0;
    private depth = 0;
    /** Index of a token that continues the line before it though it is the first of its own. */
    protected joined = -1;

    constructor(
        protected readonly uri: string,
        lexed: Lexed,
    ) {
        this.tokens = lexed.tokens;
        this.diagnostics = [...lexed.diagnostics];
        this.structure = structureOf(lexed.tokens);
        this.limit = lexed.tokens.length - 1;
        const eof = lexed.tokens.at(-1);
        this.eof = eof ?? { kind: 'eof', text: '', start: 0, end: 0, first: true, indent: 0 };
    }

    /** The next token; `eof` at the end of the innermost block. */
    protected get token(): Token {
        return this.peek(0);
    }

    protected peek(ahead: number): Token {
        const i = this.pos + ahead;
        return i < this.limit ? (this.tokens[i] ?? this.eof) : this.eof;
    }

    /** True where the token begins a line and that ends what came before. */
    protected breaks(ahead = 0): boolean {
        return (
            this.brackets === 0 && this.pos + ahead > 0 && this.pos + ahead !== this.joined && this.peek(ahead).first
        );
    }

    /** The end of the token before the next one. */
    protected get lastEnd(): number {
        return this.tokens[this.pos - 1]?.end ?? 0;
    }

    protected advance(): Token {
        const t = this.token;
        if (this.pos < this.limit) {
            this.pos++;
        }
        return t;
    }

    /** True where a statement, an entry or a field has to end: at a newline (outside brackets), a `;` or the end of the block. */
    protected get atEnd(): boolean {
        const t = this.token;
        return t.kind === 'eof' || this.breaks() || (t.kind === 'punct' && (t.text === ';' || t.text === '}'));
    }

    /** True where the next token is this punctuation mark, on the same line if newlines count here. */
    protected is(text: string): boolean {
        const t = this.token;
        return t.kind === 'punct' && t.text === text && !this.breaks();
    }

    protected isWord(text: string): boolean {
        const t = this.token;
        return t.kind === 'ident' && t.text === text && !this.breaks();
    }

    protected isIdent(): boolean {
        const t = this.token;
        return t.kind === 'ident' && !this.breaks();
    }

    protected isString(): boolean {
        const t = this.token;
        return t.kind === 'string' && !this.breaks();
    }

    protected accept(text: string): boolean {
        if (!this.is(text)) {
            return false;
        }
        this.advance();
        return true;
    }

    protected acceptWord(text: string): boolean {
        if (!this.isWord(text)) {
            return false;
        }
        this.advance();
        return true;
    }

    protected error(code: string, span: Span, message: string, fix?: Fix): void {
        const d: Diagnostic = {
            code,
            severity: 'error',
            uri: this.uri,
            span: { start: span.start, end: Math.max(span.start, span.end) },
            message,
        };
        this.diagnostics.push(fix ? { ...d, fix: { title: fix.title, edits: [{ span: fix.at, text: fix.text }] } } : d);
    }

    /** An error at the next token, or behind the last one where the line is over. */
    protected errorHere(code: string, message: string, fix?: Fix): void {
        const t = this.token;
        const over = t.kind === 'eof' || this.breaks();
        this.error(code, over ? { start: this.lastEnd, end: this.lastEnd } : t, message, fix);
    }

    /** Runs `read` one level deeper; undefined where the nesting is too deep, with everything up to the end of the statement skipped. */
    protected nested<T>(read: () => T): T | undefined {
        if (this.depth >= MAX_DEPTH) {
            this.errorHere('LU0119', 'This is nested too deeply: split it into several statements or functions.');
            this.pos = this.limit;
            return undefined;
        }
        this.depth++;
        const result = read();
        this.depth--;
        return result;
    }

    /** Reads what is between the bracket at the next token and its end; `read` must not stop before without reason. */
    protected bracketed(close: ')' | ']', read: () => void): void {
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
                `\`${this.token.text}\` does not belong here: a \`,\` or \`${close}\` was expected.`,
            );
            this.pos = end;
        }
        this.limit = outer;
        this.brackets = saved;
        this.advance();
    }

    /** Reads the inside of the braces at the next token. Returns where it begins and ends. */
    protected braced(what: string, read: () => void): Span {
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

    protected strayBrace(t: Token): void {
        this.error('LU0114', t, 'This `}` closes nothing: remove it, or open a block before it.', {
            title: 'Remove it',
            at: t,
            text: '',
        });
    }

    /** To be called behind a statement, entry or field: complains about what is left of the line, and skips it. */
    protected finish(what: string): void {
        if (this.atEnd) {
            return;
        }
        const from = this.token;
        if (from.kind === 'punct' && (from.text === ')' || from.text === ']')) {
            this.error('LU0115', from, `This \`${from.text}\` closes nothing: remove it.`, {
                title: 'Remove it',
                at: from,
                text: '',
            });
            this.advance();
            if (this.atEnd) {
                return;
            }
        } else {
            this.error(
                'LU0116',
                from,
                `\`${this.textOf(from)}\` does not belong to this ${what}: a new line or \`;\` ends it.`,
            );
        }
        this.skipLine();
    }

    /** Skips to the end of the statement, over whole blocks. */
    protected skipLine(): void {
        const saved = this.brackets;
        this.brackets = 0;
        while (!this.atEnd) {
            const end = this.structure.end[this.pos] ?? -1;
            this.pos = end > this.pos ? Math.min(end, this.limit) : this.pos;
            this.advance();
        }
        this.brackets = saved;
    }

    protected textOf(t: Token): string {
        return t.kind === 'eof' ? 'the end' : t.kind === 'string' ? `"${t.text}"` : t.text;
    }

    /** A name, or an empty one with an error where there is none. */
    protected ident(what: string): Ident {
        if (this.isIdent()) {
            const t = this.advance();
            return { kind: 'ident', name: t.text, start: t.start, end: t.end };
        }
        this.errorHere('LU0117', `The name of ${what} is missing here.`);
        return { kind: 'ident', name: '', start: this.lastEnd, end: this.lastEnd };
    }

    /** A string, or an empty one with an error where there is none. */
    protected stringLit(what: string): StringLit {
        if (this.isString()) {
            const t = this.advance();
            return { kind: 'string', value: t.text, start: t.start, end: t.end };
        }
        const t = this.token;
        const bare = this.isIdent() && this.peek(1).text === '{';
        this.errorHere(
            'LU0118',
            `${what} is missing here: write it in double quotes.`,
            bare ? { title: 'Put it in quotes', at: t, text: `"${t.text}"` } : undefined,
        );
        if (bare) {
            this.advance();
            return { kind: 'string', value: t.text, start: t.start, end: t.end };
        }
        return { kind: 'string', value: '', start: this.lastEnd, end: this.lastEnd };
    }

    protected emptyBlock(): Block {
        return { kind: 'block', statements: [], start: this.lastEnd, end: this.lastEnd };
    }
}
