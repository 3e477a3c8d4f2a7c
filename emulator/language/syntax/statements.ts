/** Statements and blocks. */
import type {
    AssignOp,
    Block,
    BootStmt,
    CorruptStmt,
    Expectation,
    Expr,
    ForStmt,
    Ident,
    IfStmt,
    InjectStmt,
    ProcessStmt,
    SendStmt,
    Stmt,
    StringLit,
} from './ast';
import { near } from '../nearest';
import { ExprParser, RESERVED } from './expressions';
import { ASSIGN_OPS } from './structure';

/** Words that begin a statement when what follows fits; else they are ordinary names. */
const STATEMENT_WORDS = [
    'boot',
    'process',
    'send',
    'exit',
    'kill',
    'inject',
    'at',
    'corrupt',
    'assert',
    'if',
    'while',
    'for',
    'return',
    'break',
    'continue',
    'undo',
    'sleep',
    'cost',
    'concurrently',
];

const assignOp = (text: string): AssignOp | undefined => {
    switch (text) {
        case '=':
        case '+=':
        case '-=':
        case '*=':
        case '/=':
        case '%=':
        case '|=':
        case '&=':
        case '^=':
        case '<<=':
        case '>>=':
            return text;
        default:
            return undefined;
    }
};

export class StmtParser extends ExprParser {
    /**
     * `{ … }`; where the brace is missing, an empty block with an error.
     * @param sideBySide whether blocks in it may stand next to each other on one line: `luod { … }  vmm { … }`
     */
    protected block(what: string, sideBySide = false): Block {
        if (!this.is('{')) {
            if (this.token.kind === 'punct' && this.token.text === '{' && this.token.first) {
                this.error('LU0123', this.token, `The \`{\` of this ${what} belongs on the line before.`);
            } else {
                this.errorHere('LU0123', `The \`{\` of this ${what} is missing here.`, insertBrace(this.lastEnd));
                return this.emptyBlock();
            }
        }
        const statements: Stmt[] = [];
        const span = this.braced(what, () => {
            const s = this.statement();
            if (s !== undefined) {
                statements.push(s);
            }
            const nextBlock = sideBySide && s !== undefined && 'body' in s && this.isIdent();
            if (!nextBlock) {
                this.finish('statement');
            }
        });
        return { kind: 'block', statements, ...span };
    }

    private statement(): Stmt | undefined {
        const t = this.token;
        if (t.kind !== 'ident') {
            if (t.kind === 'punct' && t.text === '{') {
                this.error('LU0124', t, 'A block needs a name or a condition before its `{`.');
                this.skipOne();
                return undefined;
            }
            this.joined = this.pos;
            return this.simple();
        }
        this.joined = this.pos;
        return this.keyword() ?? this.simple();
    }

    /** Skips a whole block. */
    private skipOne(): void {
        this.joined = this.pos;
        this.skipLine();
    }

    private keyword(): Stmt | undefined {
        const t = this.token;
        const next = this.peek(1);
        const same = next.kind !== 'eof' && !this.breaks(1);
        const assigned =
            same && next.kind === 'punct' && (ASSIGN_OPS.has(next.text) || next.text === '.' || next.text === '[');
        if (assigned && !RESERVED.has(t.text)) {
            return undefined;
        }
        const ident = same && next.kind === 'ident';
        const over = !same || next.text === ';' || next.text === '}';
        switch (t.text) {
            case 'assert':
                return this.assert();
            case 'if':
                return this.if();
            case 'while':
                return this.while();
            case 'for':
                return this.for();
            case 'return':
                return this.return();
            case 'break':
            case 'continue':
                this.advance();
                return { kind: t.text, start: t.start, end: t.end };
            case 'undo': {
                this.advance();
                const body = this.block('undo block');
                return { kind: 'undo', body, start: t.start, end: this.lastEnd };
            }
            case 'boot':
                return (same && next.kind === 'string') || over || ident ? this.boot() : undefined;
            case 'process':
                return ident || over ? this.process() : undefined;
            case 'send':
                return ident || (same && next.kind === 'int') ? this.send() : undefined;
            case 'exit':
                if (over || ident) {
                    this.advance();
                    return { kind: 'exit', start: t.start, end: t.end };
                }
                return undefined;
            case 'kill': {
                if (!ident && !over) {
                    return undefined;
                }
                this.advance();
                const process = this.ident('the process to kill');
                const after = this.acceptWord('after') ? this.expr('how many system calls it still makes') : undefined;
                return { kind: 'kill', process, ...(after && { after }), start: t.start, end: this.lastEnd };
            }
            case 'inject':
                return ident || over ? this.inject() : undefined;
            case 'at':
                if (ident) {
                    this.advance();
                    const event = this.ident('the moment');
                    const body = this.block('`at` block');
                    return { kind: 'at', event, body, start: t.start, end: this.lastEnd };
                }
                return undefined;
            case 'corrupt':
                return ident ? this.corrupt() : undefined;
            case 'cost': {
                if (!ident) {
                    return undefined;
                }
                this.advance();
                const cost = this.ident('a cost');
                const value = this.expr(`what \`${cost.name}\` takes`);
                return { kind: 'cost', cost, value, start: t.start, end: this.lastEnd };
            }
            case 'concurrently': {
                if (next.kind !== 'punct' || next.text !== '{') {
                    return undefined;
                }
                this.advance();
                const body = this.block('`concurrently` block', true);
                return { kind: 'concurrently', body, start: t.start, end: this.lastEnd };
            }
            case 'sleep': {
                if (!same || (next.kind === 'punct' && next.text !== '(')) {
                    return undefined;
                }
                this.advance();
                const duration = this.expr('how long to sleep');
                return { kind: 'sleep', duration, start: t.start, end: this.lastEnd };
            }
            default:
                if (same && next.kind === 'punct' && next.text === '{' && !RESERVED.has(t.text)) {
                    const process = this.ident('a process');
                    const body = this.block(`block of \`${process.name}\``);
                    return { kind: 'in', process, body, start: t.start, end: this.lastEnd };
                }
                return undefined;
        }
    }

    private simple(): Stmt {
        const target = this.expr('a statement');
        const op = this.token.kind === 'punct' && !this.breaks() ? assignOp(this.token.text) : undefined;
        if (op !== undefined) {
            this.advance();
            const value = this.expr('the value to assign');
            const expect = this.expectation();
            const s = { kind: 'assign' as const, target, op, value, start: target.start, end: this.lastEnd };
            return expect ? { ...s, expect } : s;
        }
        const expect = this.expectation();
        if (expect === undefined && target.kind === 'name' && this.isIdent()) {
            this.unknownWord(target.name, target.start, target.end);
        }
        const s = {
            kind: 'expr' as const,
            value: target,
            start: target.start,
            end: Math.max(target.end, this.lastEnd),
        };
        return expect ? { ...s, expect } : s;
    }

    /** `sned vm1 to vmm`: a name before a name is a statement whose first word is misspelt. */
    private unknownWord(name: string, start: number, end: number): void {
        const nearest = near(name, STATEMENT_WORDS);
        this.error(
            'LU0125',
            { start, end },
            nearest === undefined
                ? `No statement begins with \`${name}\`: a call needs parentheses, an assignment a \`=\`.`
                : `No statement begins with \`${name}\`: did you mean \`${nearest}\`?`,
            nearest === undefined
                ? undefined
                : { title: `Change to \`${nearest}\``, at: { start, end }, text: nearest },
        );
        this.skipLine();
    }

    /** `fails EBUSY`, `may fail EIO, EBUSY` */
    private expectation(): Expectation | undefined {
        const t = this.token;
        if (this.isWord('fails')) {
            this.advance();
            const errors = this.names('an error (as EBUSY)');
            return { kind: 'fails', errors, start: t.start, end: this.lastEnd };
        }
        if (this.isWord('panics')) {
            this.advance();
            const message = this.isString() ? this.stringLit('What the panic says') : undefined;
            return { kind: 'panics', errors: [], ...(message ? { message } : {}), start: t.start, end: this.lastEnd };
        }
        if (this.isWord('may')) {
            this.advance();
            if (!this.acceptWord('fail')) {
                const wrong = this.isWord('fails');
                this.errorHere(
                    'LU0126',
                    'It reads `may fail` and then the errors.',
                    wrong
                        ? { title: 'Change to `fail`', at: this.token, text: 'fail' }
                        : { title: 'Insert `fail`', at: { start: t.end, end: t.end }, text: ' fail' },
                );
                if (wrong) {
                    this.advance();
                }
            }
            const errors = this.names('an error (as EBUSY)');
            return { kind: 'may', errors, start: t.start, end: this.lastEnd };
        }
        return undefined;
    }

    /** `a, b`: at least one. */
    protected names(what: string): Ident[] {
        const names = [this.ident(what)];
        while (this.accept(',')) {
            names.push(this.ident(what));
        }
        return names;
    }

    private boot(): BootStmt {
        const { start } = this.advance();
        // An image of all memory says itself which kernel is loaded in it.
        const kernel: StringLit = this.isWord('from')
            ? { kind: 'string', value: '', start: this.lastEnd, end: this.lastEnd }
            : this.stringLit('The name of the kernel');
        let s: BootStmt = { kind: 'boot', kernel, start, end: this.lastEnd };
        if (this.acceptWord('from')) {
            if (!this.acceptWord('image')) {
                this.errorHere(
                    'LU0105',
                    'Behind `from` stands the memory image that the kernel takes over: `from image "handover.elf.gz"`.',
                );
            }
            const image = this.stringLit('The path of the image');
            s = { ...s, image, end: this.lastEnd };
        }
        if (this.acceptWord('cmdline')) {
            const cmdline = this.stringLit('The command line');
            return { ...s, cmdline, end: this.lastEnd };
        }
        return s;
    }

    private process(): ProcessStmt {
        const { start } = this.advance();
        const names = this.names('a process');
        if (!this.is('{')) {
            return { kind: 'process', names, start, end: this.lastEnd };
        }
        const body = this.block('process');
        const second = names[1];
        if (second !== undefined) {
            this.error(
                'LU0127',
                second,
                'Only one process can be started with a block: start the others with a `process` of their own.',
            );
        }
        return { kind: 'process', names, body, start, end: this.lastEnd };
    }

    private send(): SendStmt {
        const { start } = this.advance();
        const value = this.expr('the descriptor to send');
        if (!this.acceptWord('to')) {
            this.errorHere(
                'LU0128',
                'Say which process gets it: `send vm1 to vmm`.',
                this.isIdent()
                    ? { title: 'Insert `to`', at: { start: this.lastEnd, end: this.lastEnd }, text: ' to' }
                    : undefined,
            );
        }
        const to = this.ident('the process that gets it');
        const as = this.acceptWord('as') ? this.ident('the variable it gets there') : undefined;
        const expect = this.expectation();
        const s: SendStmt = { kind: 'send', value, to, start, end: this.lastEnd };
        const named = as ? { ...s, as } : s;
        return expect ? { ...named, expect } : named;
    }

    private inject(): InjectStmt {
        const { start } = this.advance();
        const what = this.ident('an error (as EIO), or `no`,');
        if (!this.acceptWord('into')) {
            this.errorHere('LU0129', 'Say into what: `inject EIO into memfd.freeze`.');
        }
        const point = this.isString() ? this.stringLit('The name of the point') : undefined;
        const target: Ident = point
            ? { kind: 'ident', name: point.value, start: point.start, end: point.end }
            : this.ident('a handler, an FLB or an injection point');
        const callback = !point && this.accept('.') ? this.ident('a callback') : undefined;
        let after: Expr | undefined;
        let times: Expr | undefined;
        let nextKernel = false;
        for (;;) {
            if (this.acceptWord('after')) {
                after = this.expr('how many calls succeed before');
            } else if (this.acceptWord('times')) {
                times = this.expr('how many calls fail');
            } else if (this.acceptWord('in')) {
                nextKernel = true;
                if (!this.acceptWord('next') || !this.acceptWord('kernel')) {
                    this.errorHere('LU0129', 'It reads `in next kernel`.');
                }
            } else {
                break;
            }
        }
        const s: InjectStmt = { kind: 'inject', what, target, nextKernel, start, end: this.lastEnd };
        return {
            ...s,
            ...(point && { point }),
            ...(callback && { callback }),
            ...(after && { after }),
            ...(times && { times }),
        };
    }

    private corrupt(): CorruptStmt {
        const { start } = this.advance();
        const target = this.expr('what to corrupt');
        if (!this.acceptWord('xor')) {
            this.errorHere('LU0130', 'Say how: `corrupt session("vm-1").files xor 0x01`.', {
                title: 'Insert `xor 0x01`',
                at: { start: this.lastEnd, end: this.lastEnd },
                text: ' xor 0x01',
            });
            return { kind: 'corrupt', target, xor: this.missing(), start, end: this.lastEnd };
        }
        const xor = this.expr('the bits to flip');
        return { kind: 'corrupt', target, xor, start, end: this.lastEnd };
    }

    /** A condition; one that assigns was meant to compare. */
    private condition(): Expr {
        const left = this.expr('the condition');
        const t = this.token;
        if (!this.is('=')) {
            return left;
        }
        this.error('LU0136', t, '`=` assigns: compare with `==`.', { title: 'Change to `==`', at: t, text: '==' });
        this.advance();
        const right = this.expr('what to compare with');
        return { kind: 'binary', op: '==', left, right, start: left.start, end: Math.max(right.end, this.lastEnd) };
    }

    private assert(): Stmt {
        const { start } = this.advance();
        const condition = this.condition();
        if (this.accept(',')) {
            const message = this.expr('the message');
            return { kind: 'assert', condition, message, start, end: this.lastEnd };
        }
        return { kind: 'assert', condition, start, end: this.lastEnd };
    }

    private if(): IfStmt {
        const { start } = this.advance();
        const condition = this.condition();
        const then = this.block('`if`');
        const s: IfStmt = { kind: 'if', condition, then, start, end: this.lastEnd };
        if (this.token.kind !== 'ident' || this.token.text !== 'else') {
            return s;
        }
        this.joined = this.pos;
        this.advance();
        const otherwise = this.isWord('if') ? this.nested(() => this.if()) : this.block('`else`');
        return otherwise ? { ...s, otherwise, end: this.lastEnd } : s;
    }

    private while(): Stmt {
        const { start } = this.advance();
        const condition = this.condition();
        const body = this.block('`while`');
        return { kind: 'while', condition, body, start, end: this.lastEnd };
    }

    private for(): ForStmt {
        const { start } = this.advance();
        const variable = this.ident('the variable of the loop');
        if (!this.acceptWord('in')) {
            this.errorHere('LU0131', 'Say what to go through: `for f in files { }`, `for i in 0..4 { }`.');
        }
        const iterable = this.expr('what to go through');
        const body = this.block('`for`');
        return { kind: 'for', variable, iterable, body, start, end: this.lastEnd };
    }

    private return(): Stmt {
        const t = this.advance();
        if (this.atEnd) {
            return { kind: 'return', start: t.start, end: t.end };
        }
        const value = this.expr('the value to return');
        return { kind: 'return', value, start: t.start, end: this.lastEnd };
    }
}

const insertBrace = (offset: number): { title: string; at: { start: number; end: number }; text: string } => ({
    title: 'Insert `{ }`',
    at: { start: offset, end: offset },
    text: ' { }',
});
