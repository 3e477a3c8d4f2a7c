/**
 * A native: a shape of the language with its code in the emulator. `H` is the host that this code acts on.
 */
import type { Err } from '../kernel/release/errno';
import type { Lock } from '../kernel/lock';
import type { FieldShape, FunctionShape, GlobalShape, NativeShapes, ObjectShape } from '../language/natives';
import type { Value } from '../language/types';
import type { CallbackName, SystemCall } from './purpose';

/**
 * The code of a member for objects of one class. Generated code calls it after a check of the class: a `get` with the
 * object and the host, a `call` with the object, the arguments and the host.
 */
export interface OnClass<K extends 'call' | 'get'> {
    readonly kind: K;
    readonly cls: unknown;
    readonly code: unknown;
}

/**
 * A function or method. `call` runs without interruption: a native that calls back into `.lus` code is itself written
 * in `.lus` ({@link NativeFunctionOn.code}). A failing call returns an {@link Err}.
 */
export interface NativeFunctionOn<H> extends FunctionShape {
    /** The lock that it holds while it runs; the caller waits for it first. */
    readonly takes?: (host: H, args: readonly Value[]) => Lock | undefined;
    /** It takes so long that other processes continue in the meantime. */
    readonly long?: boolean;
    /** The receiver, for methods, is `args[0]`. */
    readonly call?: (host: H, args: Value[]) => Value | Err;
    /** The same as `call`, for receivers of one class. */
    readonly on?: OnClass<'call'>;
    /** Instead of `call`: the function of std that does it, with the same parameters (receiver first). */
    readonly code?: string;
    /**
     * With `code`: checks the arguments before the kernel is entered.
     * @throws ProgramError as an error of the caller, if no kernel could accept them
     */
    readonly checks?: (host: H, args: readonly Value[]) => void;
    /** With `code`: it does not return on success, so the expectation is recorded before the call. */
    readonly noReturn?: boolean;
    /** Instead of `call`: the callback of this name of the receiver (a handler, an FLB or an open file). */
    readonly callback?: CallbackName;
    /** With `code`, of a system call: what observers are told of a call with these arguments, besides its name. */
    readonly told?: (host: H, args: readonly Value[]) => SystemCall;
}

export interface NativeFieldOn<H> extends FieldShape {
    readonly get: (host: H, object: object) => Value | Err;
    /** The same as `get`, for objects of one class. */
    readonly on?: OnClass<'get'>;
    /** Absent: cannot be assigned. */
    readonly set?: (host: H, object: object, value: Value) => void;
}

export interface ObjectTypeOn<H> extends ObjectShape {
    readonly fields: ReadonlyMap<string, NativeFieldOn<H>>;
    readonly methods: ReadonlyMap<string, NativeFunctionOn<H>>;
}

export interface NativeGlobalOn<H> extends GlobalShape {
    readonly get: (host: H) => Value;
}

/** All natives. */
export interface NativesOn<H> extends NativeShapes {
    readonly functions: ReadonlyMap<string, NativeFunctionOn<H>>;
    readonly objects: ReadonlyMap<string, ObjectTypeOn<H>>;
    readonly globals: ReadonlyMap<string, NativeGlobalOn<H>>;
    readonly fd: ObjectTypeOn<H>;
    /** The type of an object that `.lus` code can hold; undefined for plain values. */
    readonly typeOf: (o: object) => ObjectTypeOn<H> | undefined;
}
