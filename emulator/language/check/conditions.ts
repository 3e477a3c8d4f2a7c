/** Conditions are true or false, and no number stands for either. */
import { insertAt } from '../check-finding';
import type { Expr } from '../syntax/ast';
import type { Type } from '../types';
import type { CodeContext } from './context';
import { describeType, isIntLike } from './types-of';

/** Complains where a value is no boolean. */
export function checkCondition(c: CodeContext, e: Expr, type: Type, what: string): void {
    if (type.k === 'bool' || type.k === 'any' || e.kind === 'error') {
        return;
    }
    if (isIntLike(type)) {
        c.error(
            'LU0302',
            e,
            `${what} is true or false, not ${describeType(type)}: compare it, as in \`… != 0\`.`,
            insertAt(e.end, ' != 0', 'Compare with 0'),
        );
    } else {
        c.error('LU0302', e, `${what} is true or false, not ${describeType(type)}.`);
    }
}
