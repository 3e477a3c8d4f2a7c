/** Expressions. */
import type { Arg, BinaryOp, CallExpr, ErrorExpr, Expr, Ident, NewExpr, Span, UnaryExpr } from './ast';
import { Cursor } from './cursor';
import { ASSIGN_OPS, beginsItem } from './structure';
import { capital } from '../../text/text';

const PRECEDENCE = new Map<string, { readonly level: number; readonly op: BinaryOp }>();
const LEVELS: readonly (readonly BinaryOp[])[] = [
    ['||'],
    ['&&'],
    ['==', '!=', '<', '<=', '>', '>='],
    ['|'],
    ['^'],
    ['&'],
    ['<<', '>>'],
    ['+', '-'],
    ['*', '/', '%'],
];
LEVELS.forEach((ops, level) => {
    for (const op of ops) {
        PRECEDENCE.set(op, { level, op });
    }
});

/** Words that cannot be names of variables. */
export const RESERVED: ReadonlySet<string> = new Set([
    'if',
    'else',
    'while',
    'for',
    'return',
    'break',
    'continue',
    'undo',
    'assert',
    'true',
    'false',
    'try',
    'new',
]);

/** Operators or members in a row. */
const MAX_CHAIN = 400;

const unary = (text: string): UnaryExpr['op'] | undefined =>
    text === '-' || text === '!' || text === '~' ? text : undefined;

/** An expression with the parentheses around it; what is only a name or a literal keeps its own span. */
const widen = (e: Expr, span: Span): Expr =>
    e.kind === 'name' || e.kind === 'int' || e.kind === 'string' || e.kind === 'bool' ? e : { ...e, ...span };

export class ExprParser extends Cursor {
    protected missing(): ErrorExpr {
        return { kind: 'error', start: this.lastEnd, end: this.lastEnd };
    }

    /** `from .. to`, or anything that binds tighter. */
    protected expr(what = 'an expression'): Expr {
        return (
            this.nested(() => {
                const from = this.binary(0, what);
                if (!this.accept('..')) {
                    return from;
                }
                const to = this.binary(0, 'the end of the range');
                return { kind: 'range' as const, from, to, start: from.start, end: Math.max(to.end, this.lastEnd) };
            }) ?? this.missing()
        );
    }

    private binary(level: number, what: string): Expr {
        let left = this.unary(what);
        for (let length = 0; ; length++) {
            if (this.tooLong(length)) {
                return left;
            }
            const t = this.token;
            const found = t.kind === 'punct' && !this.breaks() ? PRECEDENCE.get(t.text) : undefined;
            if (found === undefined || found.level < level) {
                return left;
            }
            this.advance();
            const right = this.nested(() => this.operand(found.level + 1, found.op)) ?? this.missing();
            left = {
                kind: 'binary',
                op: found.op,
                left,
                right,
                start: left.start,
                end: Math.max(right.end, this.lastEnd),
            };
        }
    }

    /** A chain of operators is as deep a tree as it is long. */
    private tooLong(length: number): boolean {
        if (length < MAX_CHAIN) {
            return false;
        }
        this.errorHere('LU0119', 'This expression is too long: split it into several statements.');
        this.skipLine();
        return true;
    }

    /** What stands behind a binary operator: it may begin on the next line, unless that line is a statement of its own. */
    private operand(level: number, op: string): Expr {
        const what = `what comes behind \`${op}\``;
        const t = this.token;
        if (!t.first || this.brackets > 0 || t.kind === 'eof' || this.beginsStatement()) {
            return this.binary(level, what);
        }
        this.joined = this.pos;
        return this.binary(level, what);
    }

    /** True where the next line is a statement of its own, whatever the line before lacks. */
    protected beginsStatement(): boolean {
        const t = this.token;
        const next = this.peek(1);
        if (t.kind === 'punct') {
            return t.text === '}' || t.text === '{';
        }
        if (t.kind !== 'ident' || next.kind === 'eof') {
            return false;
        }
        const sameLine = !next.first;
        return (
            beginsItem(t, next) ||
            (RESERVED.has(t.text) && t.text !== 'true' && t.text !== 'false' && t.text !== 'try' && t.text !== 'new') ||
            (sameLine && next.kind === 'punct' && (ASSIGN_OPS.has(next.text) || next.text === '{')) ||
            (sameLine &&
                (next.kind === 'ident' || next.kind === 'string') &&
                next.text !== 'fails' &&
                next.text !== 'panics' &&
                next.text !== 'may' &&
                next.text !== 'to')
        );
    }

    private unary(what: string): Expr {
        const t = this.token;
        const op = t.kind === 'punct' && !this.breaks() ? unary(t.text) : undefined;
        if (op !== undefined) {
            this.advance();
            const operand = this.nested(() => this.unary(`what comes behind \`${op}\``)) ?? this.missing();
            return { kind: 'unary', op, operand, start: t.start, end: Math.max(operand.end, this.lastEnd) };
        }
        return this.postfix(this.primary(what));
    }

    private postfix(base: Expr): Expr {
        let e = base;
        for (let length = 0; ; length++) {
            if (this.tooLong(length)) {
                return e;
            }
            if (this.is('.')) {
                this.advance();
                const member = this.isIdent() ? this.ident('a member') : this.missingMember();
                e = { kind: 'member', object: e, member, start: e.start, end: Math.max(member.end, this.lastEnd) };
            } else if (this.is('(')) {
                e = this.call(e);
            } else if (this.is('[')) {
                const object = e;
                let index: Expr = this.missing();
                this.bracketed(']', () => {
                    index = this.expr('an index');
                });
                e = { kind: 'index', object, index, start: e.start, end: this.lastEnd };
            } else {
                return e;
            }
        }
    }

    private missingMember(): Ident {
        this.errorHere('LU0117', 'The name of a field or a method is missing behind the `.`.');
        return { kind: 'ident', name: '', start: this.lastEnd, end: this.lastEnd };
    }

    private call(callee: Expr): CallExpr {
        const args = this.args();
        const call: CallExpr = { kind: 'call', callee, args, start: callee.start, end: this.lastEnd };
        if (this.isWord('with') && this.brackets === 0 && this.peek(1).kind === 'ident' && !this.peek(1).first) {
            this.advance();
            const how = this.ident('the way to call');
            return { ...call, with: how, end: how.end };
        }
        return call;
    }

    /** `(a, b, token: 5)` */
    protected args(): Arg[] {
        const args: Arg[] = [];
        this.bracketed(')', () => {
            while (!this.is(')') && !this.atEnd) {
                const before = this.pos;
                args.push(this.arg());
                if (!this.accept(',') && !this.missingComma(')')) {
                    return;
                }
                if (this.pos === before) {
                    return;
                }
            }
        });
        return args;
    }

    /** True, with an error, where an expression begins though a comma was expected. */
    private missingComma(close: string): boolean {
        const t = this.token;
        const value = t.kind === 'int' || t.kind === 'string' || (t.kind === 'ident' && !this.breaks());
        if (!value || this.atEnd || this.brackets === 0) {
            return false;
        }
        this.error('LU0120', { start: this.lastEnd, end: this.lastEnd }, `A \`,\` or \`${close}\` is missing here.`, {
            title: 'Insert `,`',
            at: { start: this.lastEnd, end: this.lastEnd },
            text: ',',
        });
        return true;
    }

    private arg(): Arg {
        const t = this.token;
        if (t.kind === 'ident' && this.peek(1).text === ':' && this.peek(1).kind === 'punct') {
            const name = this.ident('an argument');
            this.advance();
            const value = this.expr(`the value of \`${name.name}\``);
            return { name, value, start: name.start, end: Math.max(value.end, this.lastEnd) };
        }
        const value = this.expr('an argument');
        return { value, start: value.start, end: value.end };
    }

    private primary(what: string): Expr {
        const t = this.token;
        if (!this.atEnd) {
            const span: Span = { start: t.start, end: t.end };
            if (t.kind === 'int') {
                this.advance();
                const value = t.value ?? 0;
                return t.unit === undefined
                    ? { kind: 'int', value, ...span }
                    : { kind: 'int', value, unit: t.unit, ...span };
            }
            if (t.kind === 'string') {
                this.advance();
                return { kind: 'string', value: t.text, ...span };
            }
            if (t.kind === 'ident') {
                return this.word();
            }
            if (t.text === '(' || t.text === '[') {
                return t.text === '(' ? this.paren() : this.list();
            }
        }
        this.errorHere('LU0121', `${capital(what)} is missing here.`);
        return this.missing();
    }

    private paren(): Expr {
        const { start } = this.token;
        let inner: Expr = this.missing();
        this.bracketed(')', () => {
            inner = this.expr('an expression');
        });
        return widen(inner, { start, end: this.lastEnd });
    }

    private list(): Expr {
        const { start } = this.token;
        const items: Expr[] = [];
        this.bracketed(']', () => {
            while (!this.atEnd) {
                const before = this.pos;
                items.push(this.expr('an element'));
                if ((!this.accept(',') && !this.missingComma(']')) || this.pos === before) {
                    return;
                }
            }
        });
        return { kind: 'list', items, start, end: this.lastEnd };
    }

    private word(): Expr {
        const t = this.token;
        const next = this.peek(1);
        const follows = !this.breaks(1) && next.kind !== 'eof';
        switch (t.text) {
            case 'true':
            case 'false':
                this.advance();
                return { kind: 'bool', value: t.text === 'true', start: t.start, end: t.end };
            case 'try': {
                this.advance();
                const call = this.nested(() => this.postfix(this.primary('the call to try'))) ?? this.missing();
                return { kind: 'try', call, start: t.start, end: Math.max(call.end, this.lastEnd) };
            }
            case 'new':
                if (follows && next.kind === 'ident') {
                    return this.construct();
                }
        }
        if (RESERVED.has(t.text)) {
            this.error('LU0122', t, `\`${t.text}\` is a word of the language and cannot be used as a name.`);
            if (t.text !== 'new') {
                return this.missing();
            }
        }
        this.advance();
        return { kind: 'name', name: t.text, start: t.start, end: t.end };
    }

    private construct(): NewExpr {
        const { start } = this.advance();
        const name = this.ident('a file kind');
        const args = this.is('(') ? this.args() : [];
        return { kind: 'new', name, args, start, end: this.lastEnd };
    }
}
