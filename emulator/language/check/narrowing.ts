/** The kind of a file behind `file.kind == nic`: the fields of that kind can be read where the comparison is true. */
import type { BinaryExpr, Expr } from '../syntax/ast';
import type { Type } from '../types';
import type { CodeContext } from './context';
import type { Var } from './scope';

/** From here on, a condition is true or false. It must have been checked. */
export function assume(c: CodeContext, condition: Expr, holds: boolean): void {
    for (const [v, type] of factsOf(c, condition, holds)) {
        c.flow.narrowed.set(v, type);
    }
}

/** Checks an expression that is evaluated only if a condition is true or false. */
export function assuming<T>(c: CodeContext, condition: Expr, holds: boolean, check: () => T): T {
    const before = new Map(c.flow.narrowed);
    assume(c, condition, holds);
    const result = check();
    c.flow.narrowed = before;
    return result;
}

/** What is known of variables if the expression has this value. */
function factsOf(c: CodeContext, e: Expr, holds: boolean): readonly (readonly [Var, Type])[] {
    if (e.kind === 'unary' && e.op === '!') {
        return factsOf(c, e.operand, !holds);
    }
    if (e.kind !== 'binary') {
        return [];
    }
    if (e.op === (holds ? '&&' : '||')) {
        return [...factsOf(c, e.left, holds), ...factsOf(c, e.right, holds)];
    }
    if (e.op === (holds ? '==' : '!=')) {
        const fact = kindFact(c, e) ?? kindFact(c, { ...e, left: e.right, right: e.left });
        return fact ? [fact] : [];
    }
    return [];
}

/** `file.kind == nic`, where nic is declared in the language. */
function kindFact(c: CodeContext, { left, right }: BinaryExpr): readonly [Var, Type] | undefined {
    if (left.kind !== 'member' || left.member.name !== 'kind' || left.object.kind !== 'name') {
        return undefined;
    }
    const kind = c.program.types.get(right);
    const v = c.variable(left.object.name);
    if (kind?.k !== 'decl' || kind.of !== 'file' || !c.program.fileKind(kind.name) || !v) {
        return undefined;
    }
    const isFile = v.type.k === 'object' && v.type.name === 'file';
    return isFile ? [v, { k: 'kind', name: kind.name }] : undefined;
}
