/**
 * Functions that build the tables of natives: functions, system calls, callbacks, members of objects, globals. A native
 * gets a {@link NativeContext}; one that needs more of the host declares its parameter as a {@link Host}.
 */
import type { Process } from '../../kernel/fs/process';
import { Err } from '../../kernel/release/errno';
import type { NativeParam } from '../../language/natives';
import { INT, NONE, type Context, type Type, type Value } from '../../language/types';
import type { JournaledRecord } from '../../machine/journal';
import type { Host } from '../host/host';
import { expect, fdArg, isExactly, type Class } from './arguments';
import type { NativeContext, NativeField, NativeFunction, NativeGlobal, ObjectType } from './native';
import type { CallbackName } from '../purpose';

/** For natives without a result: discards the result of the function that they call. */
export function nothing(_result: unknown): undefined {
    return undefined;
}

/** For natives without a result that fail with the error of the kernel's function. */
export function done(result: 0 | Err): undefined | Err {
    return result === 0 ? undefined : result;
}

/**
 * A table of natives by name.
 * @throws RangeError if a name occurs twice: the later one would silently replace the earlier one
 */
export function table<T extends { readonly name: string }>(items: Iterable<T>): Map<string, T> {
    const byName = new Map<string, T>();
    for (const item of items) {
        enter(byName, item, '');
    }
    return byName;
}

function enter<T extends { readonly name: string }>(byName: Map<string, T>, item: T, of: string): void {
    if (byName.has(item.name)) {
        throw new RangeError(`the native ${of}${item.name} is defined twice`);
    }
    byName.set(item.name, item);
}

export function param(name: string, t: Type, fallback?: Value): NativeParam {
    return fallback === undefined ? { name, type: t } : { name, type: t, default: fallback };
}

/** Properties of a function besides its name, its parameters and its code. */
export interface FunctionOptions<C = NativeContext> {
    /** Where it may be called. Default: in the kernel. */
    readonly context?: Context;
    /** Default: no result. */
    readonly result?: Type;
    readonly resultOfArg?: number;
    readonly fails?: boolean;
    readonly syscall?: boolean;
    readonly takes?: NativeFunction<C>['takes'];
    readonly long?: boolean;
    readonly checks?: NativeFunction<C>['checks'];
    readonly noReturn?: boolean;
    readonly told?: NativeFunction<C>['told'];
}

/** A process makes a system call, which may fail. */
export const SYSCALL = { context: 'user', syscall: true, fails: true } as const;

/** A function that runs without interruption. */
export function fn<C = NativeContext>(
    name: string,
    params: readonly NativeParam[],
    options: FunctionOptions<C>,
    doc: string,
    call: (context: C, args: Value[]) => Value | Err,
): NativeFunction<C> {
    return { ...shape(name, params, options, doc), call };
}

/** A function of the standard library. */
export function code<C = NativeContext>(
    name: string,
    params: readonly NativeParam[],
    options: FunctionOptions<C>,
    doc: string,
    std: string,
): NativeFunction<C> {
    return { ...shape(name, params, { fails: true, ...options }, doc), code: std };
}

/** A callback of the receiver. */
export function callback(
    name: CallbackName,
    params: readonly NativeParam[],
    options: FunctionOptions,
    doc: string,
): NativeFunction<NativeContext> {
    return { ...shape(name, params, { fails: true, ...options }, doc), callback: name };
}

/** A method of a descriptor. `call` gets the descriptor and then the arguments. */
export function fdMethod(
    name: string,
    params: readonly NativeParam[],
    options: FunctionOptions,
    doc: string,
    call: (context: NativeContext, fd: number, args: readonly Value[]) => Value | Err,
): NativeFunction<NativeContext> {
    return fn(name, params, options, doc, (context, args) => call(context, fdArg(args[0]), args.slice(1)));
}

/** A field of a descriptor. */
export function fdField(
    name: string,
    type: Type,
    doc: string,
    get: (context: NativeContext, fd: number) => Value | Err,
): NativeField<NativeContext> {
    // a descriptor is passed as a Number object, because values with members are objects
    return { name, type, doc, get: (context, fd) => get(context, fdArg(fd)) };
}

/**
 * System calls that need a certain kind of file: `find` returns its object, or the error of the call.
 */
export function fdMethodOn<T extends object>(find: (process: Process, fd: number) => T | Err) {
    return (
        name: string,
        params: readonly NativeParam[],
        options: FunctionOptions,
        doc: string,
        call: (object: T, args: readonly Value[], context: NativeContext) => Value | Err,
    ): NativeFunction<NativeContext> =>
        fdMethod(name, params, { ...SYSCALL, ...options }, doc, (context, fd, args) => {
            const object = find(context.process, fd);
            return object instanceof Err ? object : call(object, args, context);
        });
}

function shape<C>(
    name: string,
    params: readonly NativeParam[],
    { result, context, fails, syscall, resultOfArg, takes, long, checks, noReturn, told }: FunctionOptions<C>,
    doc: string,
): Omit<NativeFunction<C>, 'call' | 'code' | 'callback'> {
    return {
        name,
        params,
        result: result ?? NONE,
        context: context ?? 'kernel',
        fails: fails ?? false,
        doc,
        ...(syscall ? { syscall } : {}),
        ...(resultOfArg === undefined ? {} : { resultOfArg }),
        ...(takes ? { takes } : {}),
        ...(long ? { long } : {}),
        ...(checks ? { checks } : {}),
        ...(noReturn ? { noReturn } : {}),
        ...(told ? { told } : {}),
    };
}

/** A predefined name. */
export function global<C = NativeContext>(
    name: string,
    type: Type,
    context: Context,
    doc: string,
    get: (context: C) => Value,
): NativeGlobal<C> {
    return { name, type, context, doc, get };
}

/** A global with a fixed integer. */
export function constant(name: string, value: number, doc: string): NativeGlobal<NativeContext> {
    return { name, type: INT, context: 'any', doc, get: () => value, constant: () => value };
}

const NO_ARGS: Value[] = [];

type Getter<T, C> = (object: T, context: C) => Value | Err;
type Setter<T, C> = (object: T, value: Value, context: C) => void;
type Method<T, C> = (object: T, args: Value[], context: C) => Value | Err;

/** The members of a class of objects. */
export class Members<T extends object> {
    readonly fields = new Map<string, NativeField>();
    readonly methods = new Map<string, NativeFunction>();
    /** The receiver of a member. @throws ProgramError if it is not of the class */
    private readonly self: (o: unknown) => T;

    constructor(
        readonly cls: Class<T>,
        readonly name: string,
        readonly doc: string,
        /** Whether the objects end with their kernel. */
        readonly ofKernel = true,
        /** The type of the elements, for collections. */
        readonly element?: Type,
    ) {
        const what = `a ${name}`;
        this.self = (o) => (isExactly(cls, o) ? o : expect(cls, o, what));
    }

    field(name: string, type: Type, doc: string, get: Getter<T, NativeContext>, set?: Setter<T, NativeContext>): this;
    field(name: string, type: Type, doc: string, get: Getter<T, Host>, set?: Setter<T, Host>): this;
    field(name: string, type: Type, doc: string, get: Getter<T, Host>, set?: Setter<T, Host>): this {
        const { self } = this;
        enter(
            this.fields,
            {
                name,
                type,
                doc,
                get: (host, o) => get(self(o), host),
                on: { kind: 'get', cls: this.cls, code: get },
                ...(set
                    ? { writable: true, set: (host: Host, o: object, value: Value) => set(self(o), value, host) }
                    : {}),
            },
            `${this.name}.`,
        );
        return this;
    }

    /**
     * A property of a record of the object that kernel code assigns: the change is journaled.
     * @param read converts a value to the type of the property. @throws ProgramError if that is not possible
     */
    journaledIn<R extends JournaledRecord, K extends keyof R & string>(
        record: (object: T) => R,
        name: string,
        property: K,
        type: Type,
        doc: string,
        read: (value: Value, what: string) => R[K],
    ): this {
        return this.field(
            name,
            type,
            doc,
            (object) => record(object)[property] as Value,
            (object, value, { machine }) => {
                machine.journal.edit(record(object))[property] = read(value, name);
            },
        );
    }

    method(
        name: string,
        params: readonly NativeParam[],
        options: FunctionOptions,
        doc: string,
        call: Method<T, NativeContext>,
    ): this;
    method(
        name: string,
        params: readonly NativeParam[],
        options: FunctionOptions<Host>,
        doc: string,
        call: Method<T, Host>,
    ): this;
    method(
        name: string,
        params: readonly NativeParam[],
        options: FunctionOptions<Host>,
        doc: string,
        call: Method<T, Host>,
    ): this {
        const { self } = this;
        // methods with few parameters are called a million times: no slice() there
        const byArity: readonly NonNullable<NativeFunction['call']>[] = [
            (host, args) => call(self(args[0]), NO_ARGS, host),
            (host, args) => call(self(args[0]), [args[1]], host),
            (host, args) => call(self(args[0]), [args[1], args[2]], host),
        ];
        const work =
            byArity[params.length] ?? ((host: Host, args: Value[]) => call(self(args[0]), args.slice(1), host));
        return this.add({
            ...fn(name, params, options, doc, work),
            on: { kind: 'call', cls: this.cls, code: call },
        });
    }

    /** Methods without code in the emulator: callbacks, and functions of the standard library. */
    add(...functions: readonly NativeFunction[]): this {
        for (const f of functions) {
            enter(this.methods, f, `${this.name}.`);
        }
        return this;
    }

    /** More members of the same objects, defined in another file. */
    and(...others: readonly Members<T>[]): Members<T> {
        const all = new Members(this.cls, this.name, this.doc, this.ofKernel, this.element);
        for (const { fields, methods } of [this, ...others]) {
            for (const field of fields.values()) {
                enter(all.fields, field, `${this.name}.`);
            }
            all.add(...methods.values());
        }
        return all;
    }

    get type(): ObjectType {
        const { name, doc, fields, methods, ofKernel, element } = this;
        return { name, doc, fields, methods, ofKernel, ...(element ? { element } : {}) };
    }
}

/** The members of a class of records. */
export class RecordMembers<T extends JournaledRecord> extends Members<T> {
    /** A property of the record itself that kernel code assigns. See {@link journaledIn}. */
    journaled<K extends keyof T & string>(
        name: string,
        property: K,
        type: Type,
        doc: string,
        read: (value: Value, what: string) => T[K],
    ): this {
        return this.journaledIn((record) => record, name, property, type, doc, read);
    }
}
