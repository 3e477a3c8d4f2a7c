/** Statements that are one expression, and what they expect of their call: `fails`, `may fail`, `panics`, `oopses`. */
import { replaceWith } from '../check-finding';
import { ERRNO, isErrnoName } from '../../kernel/release/errno';
import type { Expectation, Expr, ExprStmt, Ident, Span } from '../syntax/ast';
import type { Type } from '../types';
import { canFail, stopsByItself } from './calls';
import type { CodeContext } from './context';
import { afterExpected } from './kernel-end';
import { quoted } from './program-builder';

export function checkExprStmt(c: CodeContext, s: ExprStmt): void {
    withExpectation(c, s.value, s.expect, s);
    const { kind } = s.value;
    if (kind !== 'call' && kind !== 'try' && !isBroken(s.value)) {
        c.report('warning', 'LU0405', s.value, `${c.text(s.value)} has no effect: assert it, assign it or remove it.`);
    }
}

/** The type of a statement's value, with its `fails` or `may fail` checked. */
export function withExpectation(c: CodeContext, value: Expr, expect: Expectation | undefined, s: Span): Type {
    if (!expect) {
        return c.expr(value);
    }
    checkErrors(c, expect);
    const fatal = expect.kind === 'panics' || expect.kind === 'oopses';
    c.tried = fatal ? undefined : value;
    const type = c.expr(value);
    c.tried = undefined;
    const word = { fails: '`fails`', may: '`may fail`', panics: '`panics`', oopses: '`oopses`' }[expect.kind];
    const drop = replaceWith(`Remove ${word}`, { start: value.end, end: s.end }, '');
    if (value.kind === 'try') {
        c.error('LU0412', expect, `A call is either tried or ${word}: remove one of the two.`, drop);
    } else if (value.kind !== 'call') {
        if (value.kind !== 'error') {
            c.error('LU0402', expect, `${word} stands behind a call only.`, drop);
        }
    } else if (!fatal && stopsByItself(c, value)) {
        c.error(
            'LU0402',
            expect,
            `A call that fails in ${c.text(value.callee)} stops the scenario there: put ${word} behind that call.`,
            drop,
        );
    } else if (!canFail(c, value)) {
        c.error('LU0402', expect, `${c.text(value.callee)} cannot fail: remove the ${word}.`, drop);
    } else if (c.context === 'kernel') {
        c.error('LU0402', expect, `Kernel code has no ${word}: use \`r = try …\` and look at \`r\`.`);
    }
    afterExpected(c, value, expect);
    return type;
}

export function checkErrors(c: CodeContext, expect: Expectation): void {
    for (const e of expect.errors) {
        checkErrno(c, e, true);
    }
}

/** Complains where a name is no error name. */
function checkErrno(c: CodeContext, e: Ident, known: boolean): void {
    if (e.name !== '' && !isErrnoName(e.name) && known) {
        c.unknown('LU0214', e, e.name, `No error is called ${quoted(e.name)}.`, Object.keys(ERRNO));
    }
}

/** True where the parser has complained about the expression already. */
function isBroken(e: Expr): boolean {
    switch (e.kind) {
        case 'error':
            return true;
        case 'member':
            return e.member.name === '' || isBroken(e.object);
        case 'index':
            return isBroken(e.object) || isBroken(e.index);
        case 'unary':
            return isBroken(e.operand);
        case 'binary':
            return isBroken(e.left) || isBroken(e.right);
        case 'list':
            return e.items.some(isBroken);
        default:
            return false;
    }
}
