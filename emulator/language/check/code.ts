/** Pieces of code: functions, callbacks, scenarios, `init` blocks. */
import type { CallbackShape, NativeParam } from '../natives';
import type { CodeInfo } from '../program';
import type { Block, Callback, Ident, Span } from '../syntax/ast';
import { ANY, NONE, type Type } from '../types';
import { checkStatements } from './blocks';
import { CodeContext, type Checkers, type Unit } from './context';
import { checkExpr } from './expressions';
import { quoted, type FnInfo, type ProgramBuilder } from './program-builder';
import { reportUnread } from './scope';
import { checkStatement } from './statements';
import { assignable } from './types-of';

const CHECKERS: Checkers = { expr: checkExpr, statement: checkStatement, fn: checkFn };

export function newContext(program: ProgramBuilder, unit: Unit): CodeContext {
    return new CodeContext(program, unit, CHECKERS);
}

/** The limit for nested checks of functions; longer chains are checked later, except for circles. */
const MOST_NESTED = 200;

/**
 * Checks a function once; a recursive call sees what is known of it so far. The same holds in a circle of functions
 * that is too long to follow.
 */
export function checkFn(program: ProgramBuilder, info: FnInfo): void {
    if (info.state !== 'new' || program.nestedFns >= MOST_NESTED) {
        return;
    }
    info.state = 'busy';
    program.nestedFns++;
    const { decl, uri } = info;
    const c = newContext(program, { uri, span: decl.body, context: 'any', fn: info, result: ANY });
    declareParams(
        c,
        decl.params.map((p) => p.name),
        info.params.map((type) => ({ type })),
        decl.body,
    );
    for (const e of decl.label) {
        c.expr(e);
    }
    checkCode(c, decl, decl.body, decl);
    info.result = resultOf(c.returned, c.flow.ended === undefined);
    info.state = 'done';
    program.nestedFns--;
}

/** The result type of a function; `any` if its `return` statements have different types. */
function resultOf(returned: readonly Type[], fallsOff: boolean): Type {
    const first = returned[0];
    if (!first) {
        return NONE;
    }
    if (fallsOff && !returned.every((t) => t.k === 'none' || t.k === 'int')) {
        return ANY;
    }
    return returned.every((t) => t.k === first.k && assignable(t, first) && assignable(first, t)) ? first : ANY;
}

/** @param more what else is known about the callback of a file kind or a handler */
export function checkCallback(
    program: ProgramBuilder,
    uri: string,
    decl: Callback,
    shapes: ReadonlyMap<string, CallbackShape>,
    more: Pick<Unit, 'fileKind' | 'fileType'> = {},
): void {
    const shape = shapes.get(decl.name.name);
    const result = shape?.result ?? ANY;
    const c = newContext(program, { uri, span: decl.body, context: 'kernel', result, ...more });
    declareParams(c, decl.params, shape?.params ?? [], decl.body);
    checkCode(c, decl, decl.body, decl);
    if (result.k === 'bool' && c.flow.ended === undefined) {
        c.error(
            'LU0413',
            decl.name,
            `${quoted(decl.name.name)} must return a boolean. End it with \`return true\` or \`return false\`.`,
        );
    }
}

function declareParams(
    c: CodeContext,
    names: readonly Ident[],
    types: readonly Pick<NativeParam, 'type'>[],
    block: Span,
): void {
    names.forEach((p, i) => {
        if (p.name !== '' && names.findIndex((o) => o.name === p.name) < i) {
            c.error('LU0204', p, `There is already a parameter ${quoted(p.name)}. Rename one of them.`);
        }
        c.mean(p, c.vars.declare(p.name, types[i]?.type ?? ANY, p, block.start, true).meaning);
    });
}

/** @param key the declaration by which the program finds the code */
export function checkCode(c: CodeContext, decl: CodeInfo['decl'], block: Block, key: object): void {
    const { program, unit, vars } = c;
    checkStatements(c, block);
    reportUnread(program, unit.uri, vars.all);
    program.code.set(key, { decl, uri: unit.uri, slots: vars.slots, locals: vars.locals });
}
