/** Creates the closures that evaluate expressions without interruption. */
import type { Value } from '../../language/types';
import { add, asBool, asInt, binary, equal, type Named, ProgramError, unary } from '../../language/values';
import type { Eval, Frame } from '../code';
import type { Expression, Literal, ProcessName, Slot } from '../form/form';
import { flbNamed, handlerNamed, newFileOfKind } from '../host/callbacks';
import { nameInArray, processVar, varOf } from '../host/processes';
import { memberReader, readIndex, readNative } from '../members';
import { View } from '../view';
import type { Linkage } from './linkage';

type Of<K extends Expression['k']> = Extract<Expression, { readonly k: K }>;

export function linkExpression(l: Linkage, e: Expression): Eval {
    const { host } = l;
    switch (e.k) {
        case 'literal': {
            const { value } = e;
            return () => value;
        }
        case 'slot': {
            const { slot } = e;
            return (f) => f.slots[slot];
        }
        case 'variable': {
            const { process, index, name } = e;
            if (!index) {
                return () => processVar(host, process, name);
            }
            const one = linkProcess(l, { name: process, index });
            return (f) => varOf(host, one(f), name);
        }
        case 'own-field': {
            const { index } = e;
            return (f) => f.self?.fields[index] as Value;
        }
        case 'process':
        case 'struct':
        case 'handler':
        case 'flb':
        case 'device':
        case 'global':
            return linkName(l, e);
        case 'struct-field':
            return linkStructField(l, e);
        case 'native-field': {
            const field = l.field(e.field);
            const object = linkExpression(l, e.object);
            return (f) => readNative(host, field, object(f));
        }
        case 'member': {
            const read = memberReader(host, e.name);
            const object = l.reading(linkExpression(l, e.object));
            return (f) => read(object(f));
        }
        case 'element': {
            const object = l.reading(linkExpression(l, e.object));
            const index = linkExpression(l, e.index);
            return (f) => readIndex(object(f), index(f));
        }
        case 'native':
            return linkNative(l, e);
        case 'unary':
            return linkUnary(l, e);
        case 'binary':
            return linkBinary(l, e);
        case 'logical': {
            const decided = e.operator === '||';
            const left = linkExpression(l, e.left);
            const right = linkExpression(l, e.right);
            const what = `a side of ${e.operator}`;
            return (f) => (asBool(left(f), what) === decided ? decided : asBool(right(f), what));
        }
        case 'list': {
            const items = e.items.map((i) => linkExpression(l, i));
            return (f) => host.list(items.map((i) => i(f)));
        }
        case 'record': {
            const fields = e.fields.map(({ name, value }) => ({ name, value: linkExpression(l, value) }));
            return (f) => host.record(fields.map(({ name, value }) => [name, value(f)] as const));
        }
        case 'new': {
            const { kind } = e;
            const fields = e.fields.map(({ name, value }) => ({ name, value: linkExpression(l, value) }));
            return (f) => newFileOfKind(host, kind, new Map(fields.map(({ name, value }) => [name, value(f)])));
        }
    }
}

/** The name of a process. */
export function linkProcess(l: Linkage, { name, index }: ProcessName): (f: Frame) => string {
    if (!index) {
        return () => name;
    }
    const value = linkExpression(l, index);
    return (f) => nameInArray(name, value(f));
}

function linkName(l: Linkage, e: Of<'process' | 'struct' | 'handler' | 'flb' | 'device' | 'global'>): Eval {
    const { host } = l;
    const { name } = e;
    switch (e.k) {
        case 'process': {
            const one = linkProcess(l, e);
            return (f) => host.processNamed(one(f)) ?? null;
        }
        case 'struct': {
            const layout = l.layout(name);
            return () => layout;
        }
        case 'handler':
            return () => handlerNamed(host, name);
        case 'flb':
            return () => flbNamed(host, name);
        case 'device':
            return () => host.machine.pci.device(name) ?? null;
        case 'global': {
            const global = host.natives.globals.get(name);
            if (!global) {
                throw new RangeError(`there is no global ${name}`);
            }
            return () => global.get(host);
        }
    }
}

function linkStructField(l: Linkage, e: Of<'struct-field'>): Eval {
    const name = e.field;
    const layout = l.layout(e.struct);
    const field = layout?.byName.get(name);
    if (!layout || !field) {
        throw new RangeError(`there is no field ${e.struct}.${name}`);
    }
    const object = l.reading(linkExpression(l, e.object));
    return (f) => {
        const v = object(f);
        if (v instanceof View) {
            // a struct of the kernel may have another layout in the running release
            return v.read(v.layout === layout ? field : v.field(name));
        }
        throw new ProgramError(`this is not a ${layout.name}`);
    };
}

function linkNative(l: Linkage, e: Of<'native'>): Eval {
    const { host } = l;
    const { call } = l.native(e.native);
    if (!call) {
        throw new RangeError(`native ${e.native} has no code`);
    }
    const evals = e.args.map((a) => linkExpression(l, a));
    const [a] = evals;
    if (evals.length === 1 && a) {
        return (f) => call(host, [a(f)]);
    }
    return (f) =>
        call(
            host,
            evals.map((x) => x(f)),
        );
}

function linkUnary(l: Linkage, e: Of<'unary'>): Eval {
    const operand = linkExpression(l, e.operand);
    const { operator } = e;
    return operator === '!' ? (f) => !asBool(operand(f), 'the operand of !') : (f) => unary(operator, operand(f));
}

/** A constant on the right side is read without a call, and so is a variable on the left side. */
function linkBinary(l: Linkage, e: Of<'binary'>): Eval {
    const { operator, span, left, right } = e;
    const named = span && ((): string => l.textOf(span));
    if (right.k !== 'literal') {
        return onTwo(operator, linkExpression(l, left), linkExpression(l, right), named);
    }
    return left.k === 'slot'
        ? onSlot(operator, left.slot, right.value, named)
        : onConstant(operator, linkExpression(l, left), right.value, named);
}

type Operator = Of<'binary'>['operator'];

function onTwo(operator: Operator, left: Eval, right: Eval, named: Named | undefined): Eval {
    switch (operator) {
        case '+':
            return (f) => add(left(f), right(f), named);
        case '==':
            return (f) => equal(left(f), right(f));
        case '<':
            return (f) => less(left(f), right(f));
        case '*':
            return (f) => times(left(f), right(f), named);
        default:
            return (f) => binary(operator, left(f), right(f), named);
    }
}

function onConstant(operator: Operator, left: Eval, b: Literal, named: Named | undefined): Eval {
    switch (operator) {
        case '+':
            return (f) => add(left(f), b, named);
        case '==':
            return (f) => equal(left(f), b);
        case '<':
            return (f) => less(left(f), b);
        default:
            return (f) => binary(operator, left(f), b, named);
    }
}

function onSlot(operator: Operator, slot: Slot, b: Literal, named: Named | undefined): Eval {
    switch (operator) {
        case '+':
            return (f) => add(f.slots[slot], b, named);
        case '==':
            return (f) => equal(f.slots[slot], b);
        case '<':
            return (f) => less(f.slots[slot], b);
        default:
            return (f) => binary(operator, f.slots[slot], b, named);
    }
}

function less(a: Value, b: Value): boolean {
    return typeof a === 'number' && typeof b === 'number'
        ? a < b
        : asInt(a, 'the left side of <') < asInt(b, 'the right side of <');
}

function times(a: Value, b: Value, named: Named | undefined): Value {
    const r = typeof a === 'number' && typeof b === 'number' ? a * b : NaN;
    return Number.isSafeInteger(r) && r !== 0 ? r : binary('*', a, b, named);
}
