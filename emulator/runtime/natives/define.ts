/** Small helpers with which the tables of natives are written. */
import type { Err } from '../../kernel/release/errno';
import { NONE, type Context, type Type, type Value } from '../../language/types';
import type { NativeParam } from '../../language/natives';
import type { NativeField, NativeFunction, ObjectType } from './native';
import { format, ProgramError } from '../../language/values';
import type { Host } from '../host/host';
import type { NativeHost } from './native-host';

/** For natives that give nothing. */
export function nothing(_done: unknown): undefined {
    return undefined;
}

/** A class of objects. */
export type Class<T> = abstract new (...args: never[]) => T;

/** @throws ProgramError where `v` is not of the class: a program passed something else. */
export function expect<T>(cls: Class<T>, v: unknown, what: string): T {
    if (v instanceof cls) {
        return v;
    }
    throw new ProgramError(`this must be ${what}, not ${format(v as Value)}`);
}

export function param(name: string, t: Type, fallback?: Value): NativeParam {
    return fallback === undefined ? { name, type: t } : { name, type: t, default: fallback };
}

export interface FunctionOptions {
    readonly context?: Context;
    readonly result?: Type;
    readonly resultOfArg?: number;
    readonly fails?: boolean;
    readonly syscall?: boolean;
}

/** A function that runs to its end at once. */
export function fn(
    name: string,
    params: readonly NativeParam[],
    options: FunctionOptions,
    doc: string,
    call: (host: NativeHost, args: Value[]) => Value | Err,
): NativeFunction;
/** One that does more to the host than natives may. */
export function fn(
    name: string,
    params: readonly NativeParam[],
    options: FunctionOptions,
    doc: string,
    call: (host: Host, args: Value[]) => Value | Err,
): NativeFunction;
export function fn(
    name: string,
    params: readonly NativeParam[],
    options: FunctionOptions,
    doc: string,
    call: (host: Host, args: Value[]) => Value | Err,
): NativeFunction {
    return { ...base(name, params, options, doc), call };
}

/** A function of the standard library. */
export function code(
    name: string,
    params: readonly NativeParam[],
    options: FunctionOptions,
    doc: string,
    std: string,
): NativeFunction {
    return { ...base(name, params, { fails: true, ...options }, doc), code: std };
}

/** A callback of the receiver. */
export function callback(
    name: string,
    params: readonly NativeParam[],
    options: FunctionOptions,
    doc: string,
): NativeFunction {
    return { ...base(name, params, { fails: true, ...options }, doc), callback: name };
}

function base(
    name: string,
    params: readonly NativeParam[],
    o: FunctionOptions,
    doc: string,
): Omit<NativeFunction, 'call' | 'code' | 'callback'> {
    return {
        name,
        params,
        result: o.result ?? NONE,
        context: o.context ?? 'kernel',
        fails: o.fails ?? false,
        doc,
        ...(o.syscall ? { syscall: true } : {}),
        ...(o.resultOfArg === undefined ? {} : { resultOfArg: o.resultOfArg }),
    };
}

const NO_ARGS: Value[] = [];

/** The members of a class of objects. */
export class Members<T extends object> {
    readonly fields = new Map<string, NativeField>();
    readonly methods = new Map<string, NativeFunction>();

    constructor(
        private readonly cls: Class<T>,
        readonly name: string,
        readonly doc: string,
        readonly ofKernel = true,
    ) {}

    field(
        name: string,
        t: Type,
        doc: string,
        get: (o: T, host: NativeHost) => Value | Err,
        set?: (o: T, value: Value, host: NativeHost) => void,
    ): this;
    /** One that does more to the host than natives may. */
    field(
        name: string,
        t: Type,
        doc: string,
        get: (o: T, host: Host) => Value | Err,
        set?: (o: T, value: Value, host: Host) => void,
    ): this;
    field(
        name: string,
        t: Type,
        doc: string,
        get: (o: T, host: Host) => Value | Err,
        set?: (o: T, value: Value, host: Host) => void,
    ): this {
        const self = (o: object): T => expect(this.cls, o, `a ${this.name}`);
        this.fields.set(name, {
            name,
            type: t,
            doc,
            get: (host, o) => get(self(o), host),
            ...(set ? { writable: true, set: (host: Host, o: object, value: Value) => set(self(o), value, host) } : {}),
        });
        return this;
    }

    method(
        name: string,
        params: readonly NativeParam[],
        options: FunctionOptions,
        doc: string,
        call: (o: T, args: Value[], host: NativeHost) => Value | Err,
    ): this;
    /** One that does more to the host than natives may. */
    method(
        name: string,
        params: readonly NativeParam[],
        options: FunctionOptions,
        doc: string,
        call: (o: T, args: Value[], host: Host) => Value | Err,
    ): this;
    method(
        name: string,
        params: readonly NativeParam[],
        options: FunctionOptions,
        doc: string,
        call: (o: T, args: Value[], host: Host) => Value | Err,
    ): this {
        const what = `a ${this.name}`;
        const self = (args: readonly Value[]): T => expect(this.cls, args[0], what);
        // methods with few parameters are called a million times: no slice() there
        const byArity: readonly NonNullable<NativeFunction['call']>[] = [
            (host, args) => call(self(args), NO_ARGS, host),
            (host, args) => call(self(args), [args[1]], host),
            (host, args) => call(self(args), [args[1], args[2]], host),
        ];
        this.methods.set(
            name,
            fn(
                name,
                params,
                options,
                doc,
                byArity[params.length] ?? ((host, args) => call(self(args), args.slice(1), host)),
            ),
        );
        return this;
    }

    add(...functions: readonly NativeFunction[]): this {
        for (const f of functions) {
            this.methods.set(f.name, f);
        }
        return this;
    }

    get type(): ObjectType {
        return { name: this.name, doc: this.doc, fields: this.fields, methods: this.methods, ofKernel: this.ofKernel };
    }

    get class(): Class<T> {
        return this.cls;
    }
}
