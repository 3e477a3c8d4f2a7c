/**
 * The interface from generated code to code outside of it: natives, fields of objects, and memory. Generated code calls
 * the same functions as the closures, and sets the position of the run before each call: so the function sees the same
 * state as in closures, and can fail or stop the run.
 */
import type { LayoutField, StructLayout } from '../../language/layout';
import type { Value } from '../../language/types';
import { JournaledList } from '../../machine/journal';
import type { Err } from '../../kernel/release/errno';
import type { Frame } from '../code';
import type { Expression, Operation, Slot } from '../form/form';
import { classOf, isIndexed } from '../members';
import type { NativeField, NativeFunction, NativeGlobal } from '../natives/native';
import { ArrayView } from '../view';

type Of<K extends Operation['op']> = Extract<Operation, { readonly op: K }>;
type Call = Of<'native'> | Of<'method'>;

/** Looks up functions outside of generated code by the names that operations use. */
export interface Outside {
    /** The host that natives act on. */
    readonly host: unknown;
    native(name: string): NativeFunction;
    field(name: string): NativeField;
    global(name: string): NativeGlobal | undefined;
    structField(struct: string, field: string): FieldOf | undefined;
    methodOf(value: Value, name: string): NativeFunction | undefined;
    /** Returns a function that handles a failure of this call, and returns where the code continues. */
    failure(call: Call): (frame: Frame, error: Err, next: number) => number;
}

/** A field, and the layout of its struct. */
export interface FieldOf {
    readonly layout: StructLayout;
    readonly field: LayoutField;
}

/** A native, the code to call, and the class that the receiver must have; `cls` is undefined for a function. */
export interface Callee {
    readonly native: NativeFunction;
    readonly code: unknown;
    readonly cls: unknown;
}

/** The kind of collection that an element is read from. */
export type Collection =
    | { readonly k: 'list' }
    /** An array in memory. */
    | { readonly k: 'array' }
    /** A collection of this class of the kernel. */
    | { readonly k: 'indexed'; readonly cls: unknown };

export const LIST: Collection = { k: 'list' };

/** What a generator of code knows: the functions outside, and the present values of the slots of the running frame. */
export class Seen {
    constructor(
        readonly outside: Outside,
        private readonly slots: readonly Value[],
    ) {}

    /** The kind of a collection, according to the present value of its slot. */
    collection(e: Expression): Collection {
        const value = e.k === 'slot' ? this.slots[e.slot] : undefined;
        if (value instanceof ArrayView) {
            return { k: 'array' };
        }
        return typeof value === 'object' && value !== null && !(value instanceof JournaledList) && isIndexed(value)
            ? { k: 'indexed', cls: classOf(value) }
            : LIST;
    }

    collectionIn(slot: Slot): Collection {
        return this.collection({ k: 'slot', slot });
    }

    /** The native that an operation calls; undefined if closures call it. */
    callee(o: Call): Callee | undefined {
        if (o.policy.k !== 'plain' && o.policy.k !== 'try') {
            return undefined;
        }
        if (o.op === 'native') {
            return calleeOf(this.outside.native(o.native), o.native.includes('.'));
        }
        const { receiver, args } = o;
        const value = receiver.k === 'slot' ? this.slots[receiver.slot] : undefined;
        const method = typeof value === 'object' && value !== null ? this.outside.methodOf(value, o.method) : undefined;
        const callee = method && calleeOf(method, true);
        const inPlace =
            args.length === method?.params.length &&
            !method.params.some((p) => p.rest) &&
            args.every((a) => a.name === undefined);
        return inPlace && callee?.cls === classOf(value) ? callee : undefined;
    }
}

function calleeOf(native: NativeFunction, method: boolean): Callee | undefined {
    const { call, on, takes, long, syscall } = native;
    if (!call || takes || long || syscall) {
        return undefined;
    }
    if (!method) {
        return { native, code: call, cls: undefined };
    }
    return on && { native, code: on.code, cls: on.cls };
}

/** Whether a field of a struct is a number in memory. */
export function isNumeric({ field }: FieldOf): boolean {
    return ['int', 'phys', 'bits'].includes(field.type.k);
}
