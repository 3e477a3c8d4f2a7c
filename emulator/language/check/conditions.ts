/** Conditions are booleans; a number is not a condition. */
import { insertAt } from '../check-finding';
import type { Expr } from '../syntax/ast';
import type { Type } from '../types';
import type { CodeContext } from './context';
import { describeType, isIntLike } from './types-of';

/** Reports an error if a value is not a boolean. */
export function checkCondition(c: CodeContext, e: Expr, type: Type, what: string): void {
    if (type.k === 'bool' || type.k === 'any' || e.kind === 'error') {
        return;
    }
    if (isIntLike(type)) {
        c.error(
            'LU0302',
            e,
            `${what} must be true or false, not ${describeType(type)}. Compare it, as in \`… != 0\`.`,
            insertAt(e.end, ' != 0', 'Compare with 0'),
        );
    } else {
        c.error('LU0302', e, `${what} must be true or false, not ${describeType(type)}.`);
    }
}
