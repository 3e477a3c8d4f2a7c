/** Reads statements without a block. */
import { changeTo, insertAt } from '../check-finding';
import { near } from '../nearest';
import type {
    AssertStmt,
    AssignStmt,
    BootStmt,
    CorruptStmt,
    CostStmt,
    Expr,
    ExprStmt,
    Ident,
    InjectStmt,
    KillStmt,
    ReturnStmt,
    SendStmt,
    SleepStmt,
    StringLit,
} from './ast';
import type { Cursor } from './cursor';
import { parseExpectation } from './expectations';
import { missingExpr, parseExpr, parseProcessRef } from './expressions';
import { acceptWalrus, isStep, parseStep, skipVariableWord } from './foreign';
import { assignOp, STATEMENT_WORDS } from './words';

export function parseBoot(c: Cursor): BootStmt {
    const { start } = c.advance();
    // An image of all memory contains the kernel that is loaded in it.
    const kernel: StringLit = c.isWord('from')
        ? { kind: 'string', value: '', start: c.lastEnd, end: c.lastEnd }
        : c.stringLit('The name of the kernel');
    let s: BootStmt = { kind: 'boot', kernel, start, end: c.lastEnd };
    if (c.acceptWord('from')) {
        if (!c.acceptWord('image')) {
            c.errorHere('LU0137', 'Expected a memory image after `from`: `from image "handover.elf.gz"`.');
        }
        const image = c.stringLit('The path of the image');
        s = { ...s, image, end: c.lastEnd };
    }
    if (c.acceptWord('cmdline')) {
        const cmdline = c.stringLit('The command line');
        return { ...s, cmdline, end: c.lastEnd };
    }
    return s;
}

export function parseSend(c: Cursor): SendStmt {
    const { start } = c.advance();
    const value = parseExpr(c, 'the descriptor to send');
    if (!c.acceptWord('to')) {
        c.errorHere(
            'LU0128',
            'The receiving process is missing: `send vm1 to vmm`.',
            c.isIdent() ? insertAt(c.lastEnd, ' to') : undefined,
        );
    }
    const to = parseProcessRef(c, 'the receiving process');
    const as = c.acceptWord('as') ? c.ident('the variable of the receiver') : undefined;
    const expect = parseExpectation(c);
    const s: SendStmt = { kind: 'send', value, to, start, end: c.lastEnd };
    const named = as ? { ...s, as } : s;
    return expect ? { ...named, expect } : named;
}

export function parseInject(c: Cursor): InjectStmt {
    const { start } = c.advance();
    const what = c.ident('an error (such as EIO), or `no`,');
    if (!c.acceptWord('into')) {
        c.errorHere('LU0129', 'The target is missing: `inject EIO into memfd.freeze`.');
    }
    const point = c.isString() ? c.stringLit('The name of the point') : undefined;
    const target: Ident = point
        ? { kind: 'ident', name: point.value, start: point.start, end: point.end }
        : c.ident('a handler, an FLB or an injection point');
    const callback = !point && c.accept('.') ? c.ident('a callback') : undefined;
    let after: Expr | undefined;
    let times: Expr | undefined;
    let nextKernel = false;
    for (;;) {
        if (c.acceptWord('after')) {
            after = parseExpr(c, 'the number of calls that succeed first');
        } else if (c.acceptWord('times')) {
            times = parseExpr(c, 'the number of calls that fail');
        } else if (c.acceptWord('in')) {
            nextKernel = true;
            if (!c.acceptWord('next') || !c.acceptWord('kernel')) {
                c.errorHere('LU0129', 'Expected `in next kernel`.');
            }
        } else {
            break;
        }
    }
    const s: InjectStmt = { kind: 'inject', what, target, nextKernel, start, end: c.lastEnd };
    return {
        ...s,
        ...(point && { point }),
        ...(callback && { callback }),
        ...(after && { after }),
        ...(times && { times }),
    };
}

export function parseCorrupt(c: Cursor): CorruptStmt {
    const { start } = c.advance();
    const target = parseExpr(c, 'the field to corrupt');
    if (!c.acceptWord('xor')) {
        c.errorHere(
            'LU0130',
            'The bits to flip are missing: `corrupt session("vm-1").files xor 0x01`.',
            insertAt(c.lastEnd, ' xor 0x01'),
        );
        return { kind: 'corrupt', target, xor: missingExpr(c), start, end: c.lastEnd };
    }
    const xor = parseExpr(c, 'the bits to flip');
    return { kind: 'corrupt', target, xor, start, end: c.lastEnd };
}

export function parseKill(c: Cursor): KillStmt {
    const { start } = c.advance();
    const process = parseProcessRef(c, 'the process to kill');
    const after = c.acceptWord('after') ? parseExpr(c, 'the number of system calls') : undefined;
    return { kind: 'kill', process, ...(after && { after }), start, end: c.lastEnd };
}

export function parseCost(c: Cursor): CostStmt {
    const { start } = c.advance();
    const cost = c.ident('a cost');
    const value = parseExpr(c, `the time of \`${cost.name}\``);
    return { kind: 'cost', cost, value, start, end: c.lastEnd };
}

export function parseSleep(c: Cursor): SleepStmt {
    const { start } = c.advance();
    const duration = parseExpr(c, 'the time to sleep');
    return { kind: 'sleep', duration, start, end: c.lastEnd };
}

/** A condition; `=` in it is reported, because `==` was meant. */
export function parseCondition(c: Cursor): Expr {
    const left = parseExpr(c, 'the condition');
    const t = c.token;
    if (!c.is('=')) {
        return left;
    }
    c.error('LU0136', t, '`=` assigns. Compare with `==`.', changeTo(t, '=='));
    c.advance();
    const right = parseExpr(c, 'the right side of the comparison');
    return { kind: 'binary', op: '==', left, right, start: left.start, end: Math.max(right.end, c.lastEnd) };
}

export function parseAssert(c: Cursor): AssertStmt {
    const { start } = c.advance();
    const condition = parseCondition(c);
    if (c.accept(',')) {
        const message = parseExpr(c, 'the message');
        return { kind: 'assert', condition, message, start, end: c.lastEnd };
    }
    return { kind: 'assert', condition, start, end: c.lastEnd };
}

export function parseReturn(c: Cursor): ReturnStmt {
    const t = c.advance();
    if (c.atEnd) {
        return { kind: 'return', start: t.start, end: t.end };
    }
    const value = parseExpr(c, 'the value to return');
    return { kind: 'return', value, start: t.start, end: c.lastEnd };
}

/** An assignment, or an expression for its effect. */
export function parseSimple(c: Cursor): AssignStmt | ExprStmt {
    skipVariableWord(c);
    const target = parseExpr(c, 'a statement');
    if (isStep(c)) {
        return parseStep(c, target);
    }
    acceptWalrus(c);
    const op = assignOp(c.mark);
    if (op !== undefined) {
        c.advance();
        const value = parseExpr(c, 'the value to assign');
        const expect = parseExpectation(c);
        const s = { kind: 'assign' as const, target, op, value, start: target.start, end: c.lastEnd };
        return expect ? { ...s, expect } : s;
    }
    const expect = parseExpectation(c);
    const unknown = expect === undefined && target.kind === 'name' && c.isIdent();
    if (unknown) {
        unknownWord(c, target.name, target.start, target.end);
    }
    const s = {
        kind: 'expr' as const,
        value: unknown ? { ...missingExpr(c), start: target.start, end: target.end } : target,
        start: target.start,
        end: Math.max(target.end, c.lastEnd),
    };
    return expect ? { ...s, expect } : s;
}

/** `sned vm1 to vmm`: a name before a name is a statement whose first word is misspelt. */
function unknownWord(c: Cursor, name: string, start: number, end: number): void {
    const nearest = near(name, STATEMENT_WORDS);
    c.error(
        'LU0125',
        { start, end },
        nearest === undefined
            ? `\`${name}\` does not start a statement. A call needs parentheses, an assignment needs \`=\`.`
            : `\`${name}\` does not start a statement. Did you mean \`${nearest}\`?`,
        nearest === undefined ? undefined : changeTo({ start, end }, nearest),
    );
    c.skipLine();
}
