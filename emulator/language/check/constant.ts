/** Constants outside of all code: what entries of machines and kernels take. */
import type { Expr } from '../syntax/ast';
import type { CodeContext } from './context';
import { fold } from './fold';
import { describeType } from './types-of';

/** The value of a constant integer below 2^53, with a complaint where it is none. */
export function constant(c: CodeContext, e: Expr, what: string): number | undefined {
    if (e.kind === 'error') {
        return undefined;
    }
    const type = c.expr(e);
    const value = fold(c.program, c.unit.uri, e);
    if (typeof value === 'number') {
        return value;
    }
    if (type.k !== 'any') {
        c.error(
            'LU0312',
            e,
            type.k === 'int'
                ? `${what} is a constant below 2^53: a number as 2GiB, or a \`const\`.`
                : `${what} is a number, not ${describeType(type)}.`,
        );
    }
    return undefined;
}
