/** Constant expressions, computed with the operations of the interpreter, so that both give the same results. */
import { ERRNO, isErrnoName } from '../../kernel/release/errno';
import type { Expr } from '../syntax/ast';
import { namesIn } from '../syntax/names-in';
import { BOOL, INT, STRING, type Type, type Value } from '../types';
import { binary, ProgramError, unary } from '../values';
import { quoted, type ProgramBuilder } from './program-builder';

/** The value of an error name. */
export const errnoValue = (name: string): number | undefined => (isErrnoName(name) ? ERRNO[name] : undefined);

/**
 * The value of a constant expression; undefined for other expressions. An operation without a result (out of range,
 * division by zero) is reported once, and its value is undefined.
 * @param shadowed true for names that are variables here
 */
export function fold(program: ProgramBuilder, uri: string, e: Expr, shadowed?: (name: string) => boolean): Value {
    switch (e.kind) {
        case 'int':
        case 'string':
        case 'bool':
            return e.value;
        case 'name':
            if (shadowed?.(e.name) === true) {
                return undefined;
            }
            return program.consts.has(e.name)
                ? constantValue(program, e.name)
                : (program.natives.globals.get(e.name)?.constant?.(program.page) ?? errnoValue(e.name));
        case 'unary': {
            const operand = fold(program, uri, e.operand, shadowed);
            return operand === undefined ? undefined : compute(program, uri, e, () => unary(e.op, operand));
        }
        case 'binary': {
            const left = fold(program, uri, e.left, shadowed);
            const right = left === undefined ? undefined : fold(program, uri, e.right, shadowed);
            return right === undefined ? undefined : compute(program, uri, e, () => binary(e.op, left, right));
        }
        default:
            return undefined;
    }
}

function compute(program: ProgramBuilder, uri: string, e: Expr, run: () => Value): Value {
    try {
        return run();
    } catch (problem) {
        if (!(problem instanceof ProgramError)) {
            throw problem;
        }
        if (!program.withoutValue.has(e)) {
            program.withoutValue.add(e);
            program.report(
                'error',
                'LU0311',
                uri,
                e,
                `${quoted(program.textOf(uri, e))} has no value: ${problem.message}.`,
            );
        }
        return undefined;
    }
}

/** The value of a `const`, computed when it is first needed. */
export function constantValue(program: ProgramBuilder, name: string): Value {
    const info = program.consts.get(name);
    if (!info || info.state === 'done') {
        return info?.value;
    }
    if (info.state === 'busy') {
        program.report('error', 'LU0312', info.uri, info.decl.value, `${quoted(name)} depends on itself.`);
        info.state = 'done';
        return undefined;
    }
    info.state = 'busy';
    const before = program.diagnostics.length;
    const value = fold(program, info.uri, info.decl.value);
    info.state = 'done';
    info.value = value;
    const said = program.diagnostics.length > before || needsMissing(program, info.decl.value);
    if (value === undefined && !said && info.decl.value.kind !== 'error') {
        program.report(
            'error',
            'LU0312',
            info.uri,
            info.decl.value,
            'A constant consists only of numbers, strings, true, false, other constants and operators.',
        );
    }
    info.type = typeOfValue(value) ?? info.type;
    return value;
}

/** Whether an expression needs a constant that has no value, which was reported there. */
function needsMissing(program: ProgramBuilder, e: Expr): boolean {
    return [...namesIn(e)].some((name) => {
        const info = program.consts.get(name);
        return info?.state === 'done' && info.value === undefined;
    });
}

function typeOfValue(v: Value): Type | undefined {
    switch (typeof v) {
        case 'number':
        case 'bigint':
            return INT;
        case 'boolean':
            return BOOL;
        case 'string':
            return STRING;
        default:
            return undefined;
    }
}
