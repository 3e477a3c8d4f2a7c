/** Reads the input of a console or a watch: one expression, or an assignment. */
import { ProgramError } from '../values';
import type { AssignOp, Expr } from './ast';
import { Cursor } from './cursor';
import { parseExpr } from './expressions';
import { lex } from './lexer';
import { assignOp } from './words';

export interface Entry {
    readonly value: Expr;
    /** The target, if it is an assignment. */
    readonly assign?: { readonly target: Expr; readonly op: AssignOp };
}

/** @throws ProgramError if the text is not an expression, with the reason. */
export function parseEntry(text: string): Entry {
    if (text.trim() === '') {
        throw new ProgramError('The expression is empty.');
    }
    // newlines are insignificant in a single expression
    const c = new Cursor('', lex('', text.trim().replace(/\s*\n\s*/g, ' ')));
    const first = parseExpr(c);
    const op = assignOp(c.mark);
    if (op) {
        c.advance();
    }
    const entry: Entry = op
        ? { value: parseExpr(c, 'the value to assign'), assign: { target: first, op } }
        : { value: first };
    c.finish('expression');
    const [error] = c.diagnostics;
    if (error) {
        throw new ProgramError(error.message);
    }
    return entry;
}
