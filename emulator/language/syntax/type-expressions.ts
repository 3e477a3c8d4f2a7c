/** Reads the types of fields and parameters: `u64:52`, `phys NicState`, `bytes[48]`. */
import type { Expr, TypeExpr } from './ast';
import type { Cursor } from './cursor';
import { parseExpr } from './expressions';

export function parseType(c: Cursor): TypeExpr {
    const name = c.ident('a type');
    const target = name.name === 'phys' && c.isIdent() ? c.ident('a struct') : undefined;
    const bits = c.accept(':') ? parseExpr(c, 'the number of bits') : undefined;
    let length: Expr | undefined;
    if (c.is('[')) {
        c.bracketed(']', () => {
            length = parseExpr(c, 'the length');
        });
    }
    const t: TypeExpr = { kind: 'type', name, start: name.start, end: c.lastEnd };
    return { ...t, ...(target && { target }), ...(bits && { bits }), ...(length && { length }) };
}
