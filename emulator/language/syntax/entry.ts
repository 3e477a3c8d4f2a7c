/** What people type into a console or a watch: one expression, or an assignment. */
import type { AssignOp, Expr } from './ast';
import { lex } from './lexer';
import { ExprParser } from './expressions';
import { ProgramError } from '../values';

export interface Entry {
    readonly value: Expr;
    /** What to assign it to, where that is what it says. */
    readonly assign?: { readonly target: Expr; readonly op: AssignOp };
}

const OPS: readonly AssignOp[] = ['=', '+=', '-=', '*=', '/=', '%=', '|=', '&=', '^=', '<<=', '>>='];

class EntryParser extends ExprParser {
    entry(): Entry {
        const first = this.expr();
        const op = OPS.find((o) => this.is(o));
        if (op) {
            this.advance();
        }
        const entry = op
            ? { value: this.expr('the value to assign'), assign: { target: first, op } }
            : { value: first };
        this.finish('expression');
        return entry;
    }
}

/** @throws ProgramError where the text is no expression, with the reason. */
export function parseEntry(text: string): Entry {
    if (text.trim() === '') {
        throw new ProgramError('There is no expression.');
    }
    // newlines mean nothing in an expression of its own
    const parser = new EntryParser('', lex('', text.trim().replace(/\s*\n\s*/g, ' ')));
    const entry = parser.entry();
    const [error] = parser.diagnostics;
    if (error) {
        throw new ProgramError(error.message);
    }
    return entry;
}
