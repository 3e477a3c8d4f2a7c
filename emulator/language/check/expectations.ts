/** Expression statements, and the expectations of calls: `fails`, `may fail`, `panics`, `oopses`. */
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
        c.report('warning', 'LU0405', s.value, `${c.text(s.value)} has no effect. Assert it, assign it or remove it.`);
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
        c.error('LU0412', expect, `A call takes either \`try\` or ${word}. Remove one of them.`, drop);
    } else if (value.kind !== 'call') {
        if (value.kind !== 'error') {
            c.error('LU0402', expect, `${word} can only follow a call.`, drop);
        }
    } else if (!fatal && stopsByItself(c, value)) {
        c.error(
            'LU0402',
            expect,
            `A call that fails inside ${c.text(value.callee)} stops the scenario there. Put ${word} after that call.`,
            drop,
        );
    } else if (!canFail(c, value)) {
        c.error('LU0402', expect, `${c.text(value.callee)} cannot fail. Remove the ${word}.`, drop);
    } else if (c.context === 'kernel') {
        c.error('LU0402', expect, `Kernel code has no ${word}. Use \`r = try …\` and check \`r\`.`);
    }
    afterExpected(c, value, expect);
    return type;
}

export function checkErrors(c: CodeContext, expect: Expectation): void {
    for (const e of expect.errors) {
        checkErrno(c, e, true);
    }
}

/** Reports an error if a name is not the name of an error. */
function checkErrno(c: CodeContext, e: Ident, known: boolean): void {
    if (e.name !== '' && !isErrnoName(e.name) && known) {
        c.unknown('LU0214', e, e.name, `There is no error ${quoted(e.name)}.`, Object.keys(ERRNO));
    }
}

/** True if the parser has reported an error in the expression. */
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
