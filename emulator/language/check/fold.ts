/** Constant expressions, computed with the operations of the interpreter, so that both agree on every bit. */
import { ERRNO, isErrnoName } from '../../kernel/release/errno';
import type { Expr } from '../syntax/ast';
import { BOOL, INT, STRING, type Type, type Value } from '../types';
import { binary, ProgramError, unary } from '../values';
import { quoted, type World } from './program-builder';

/** The value of an error name. */
export const errnoValue = (name: string): number | undefined => (isErrnoName(name) ? ERRNO[name] : undefined);

/**
 * Values of constant expressions. `undefined` is "not constant". An operation that has no result (out of range, division by zero)
 * is an error that names the expression, reported once.
 */
export class Folder {
    private readonly failed = new Set<Expr>();

    constructor(private readonly world: World) {}

    /** The value, where all its parts are constant. `shadowed`: names that mean a variable here. */
    value(uri: string, e: Expr, shadowed?: (name: string) => boolean): Value {
        switch (e.kind) {
            case 'int':
            case 'string':
            case 'bool':
                return e.value;
            case 'name': {
                if (shadowed?.(e.name) === true) {
                    return undefined;
                }
                const constant = this.world.consts.get(e.name);
                if (constant) {
                    return this.constant(constant.decl.name.name);
                }
                return this.world.natives.globals.get(e.name)?.constant ?? errnoValue(e.name);
            }
            case 'unary': {
                const operand = this.value(uri, e.operand, shadowed);
                return operand === undefined ? undefined : this.compute(uri, e, () => unary(e.op, operand));
            }
            case 'binary': {
                const left = this.value(uri, e.left, shadowed);
                const right = left === undefined ? undefined : this.value(uri, e.right, shadowed);
                return right === undefined ? undefined : this.compute(uri, e, () => binary(e.op, left, right));
            }
            default:
                return undefined;
        }
    }

    private compute(uri: string, e: Expr, run: () => Value): Value {
        try {
            return run();
        } catch (problem) {
            if (!(problem instanceof ProgramError)) {
                throw problem;
            }
            if (!this.failed.has(e)) {
                this.failed.add(e);
                this.world.report(
                    'error',
                    'LU0311',
                    uri,
                    e,
                    `${quoted(this.world.textOf(uri, e))} has no value: ${problem.message}.`,
                );
            }
            return undefined;
        }
    }

    /** The value of a `const`, worked out when it is first asked for. */
    constant(name: string): Value {
        const info = this.world.consts.get(name);
        if (!info || info.state === 'done') {
            return info?.value;
        }
        if (info.state === 'busy') {
            this.world.report(
                'error',
                'LU0312',
                info.uri,
                info.decl.value,
                `The value of ${quoted(name)} needs the value of ${quoted(name)}.`,
            );
            info.state = 'done';
            return undefined;
        }
        info.state = 'busy';
        const before = this.world.diagnostics.length;
        const value = this.value(info.uri, info.decl.value);
        info.state = 'done';
        info.value = value;
        if (value === undefined && this.world.diagnostics.length === before && info.decl.value.kind !== 'error') {
            this.world.report(
                'error',
                'LU0312',
                info.uri,
                info.decl.value,
                'A constant is made of numbers, strings, true, false, other constants and operators only.',
            );
        }
        info.type = typeOfValue(value) ?? info.type;
        return value;
    }
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
