/**
 * The types of the language, and the shape of a native: a function, method or field that the emulator provides to `.lus` code.
 * The checker, the compiler and the editor's help read the same tables.
 */
import type { Err } from '../kernel/errno';
import type { Lock } from '../kernel/lock';
import type { StructLayout } from './layout';
import type { Vm } from '../runtime/interpreter';

/**
 * A value at run time. Integers are numbers, and bigints only beyond ±(2^53−1). Physical addresses and descriptors are
 * integers whose static type says what they are. `undefined` is the value of what returns nothing, `null` an absent object.
 */
export type Value = number | bigint | boolean | string | null | undefined | object;

export type Type =
    | { readonly k: 'any' }
    | { readonly k: 'none' }
    | { readonly k: 'int' }
    | { readonly k: 'bool' }
    | { readonly k: 'string' }
    | { readonly k: 'bytes' }
    /** A physical address; `to` names the struct it is known to point to. */
    | { readonly k: 'phys'; readonly to?: string }
    | { readonly k: 'fd' }
    | { readonly k: 'list'; readonly of: Type }
    /** A struct in emulated memory. */
    | { readonly k: 'view'; readonly struct: string }
    /** An object of the kernel or of the host: 'file', 'folio', 'luo_session', … (see {@link ObjectType}). */
    | { readonly k: 'object'; readonly name: string }
    /** An open file of a kind that a `file` declaration made. */
    | { readonly k: 'kind'; readonly name: string }
    /** A declaration used as a value: a struct in `at(NicState, p)`, a file kind in `file.kind == nic`. */
    | { readonly k: 'decl'; readonly of: 'struct' | 'file' | 'handler' | 'flb' | 'process'; readonly name: string };

export const ANY: Type = { k: 'any' };
export const NONE: Type = { k: 'none' };
export const INT: Type = { k: 'int' };
export const BOOL: Type = { k: 'bool' };
export const STRING: Type = { k: 'string' };
export const BYTES: Type = { k: 'bytes' };
export const PHYS: Type = { k: 'phys' };
export const FD: Type = { k: 'fd' };
export const listOf = (of: Type): Type => ({ k: 'list', of });
export const objectOf = (name: string): Type => ({ k: 'object', name });

/**
 * Where code runs. `scenario`: no process. `user`: in a process; system calls. `kernel`: handlers, FLBs, file kinds, `init`,
 * the shipped kernel code. `any`: everywhere, without effect on the machine.
 */
export type Context = 'scenario' | 'user' | 'kernel' | 'any';

export interface NativeParam {
    readonly name: string;
    readonly type: Type;
    /** Used where the argument is left out; a parameter without one is required. */
    readonly default?: Value;
    /** Takes all further positional arguments, as a list. */
    readonly rest?: boolean;
}

/**
 * A function or method. `call` runs to its end at once: what may call back into `.lus` code is itself written in `.lus`
 * ({@link NativeFunction.code}). A failing call returns an {@link Err}.
 */
export interface NativeFunction {
    readonly name: string;
    readonly params: readonly NativeParam[];
    readonly result: Type;
    /** The result's type where it depends on the arguments: `at(T, p)`, `kho.alloc_preserve(T)` give a view of their first argument. */
    readonly resultOfArg?: number;
    readonly context: Context;
    /** May fail with an error number. */
    readonly fails: boolean;
    /** A system call: a method that every descriptor has. */
    readonly syscall?: boolean;
    /** The lock that it holds while it runs: where somebody has it, the caller waits before. */
    readonly takes?: (vm: Vm, args: readonly Value[]) => Lock | undefined;
    /** One paragraph in Markdown for hover and completion. */
    readonly doc: string;
    /** `params` leave the receiver out. The receiver, for methods, is `args[0]`. */
    readonly call?: (vm: Vm, args: Value[]) => Value | Err;
    /** Instead of `call`: the function of std that does it, with the same parameters (receiver first). */
    readonly code?: string;
    /** With `code`: looks at the arguments before the kernel is entered. @throws ProgramError, which is then the caller's mistake, where no kernel could make sense of them */
    readonly checks?: (vm: Vm, args: readonly Value[]) => void;
    /** Instead of `call`: the callback of this name of the receiver (a handler, an FLB or an open file). */
    readonly callback?: string;
}

export interface NativeField {
    readonly name: string;
    readonly type: Type;
    readonly doc: string;
    readonly get: (vm: Vm, object: object) => Value | Err;
    /** Absent: cannot be assigned. */
    readonly set?: (vm: Vm, object: object, value: Value) => void;
}

/** A kind of object: what `.` finds on it. */
export interface ObjectType {
    readonly name: string;
    readonly doc: string;
    readonly fields: ReadonlyMap<string, NativeField>;
    readonly methods: ReadonlyMap<string, NativeFunction>;
    /** True where the object dies with its kernel. */
    readonly ofKernel: boolean;
    /** What `[i]` and `for` give, for collections. */
    readonly element?: Type;
}

/** A name that is there without being declared: `KEXEC`, `kho`, `kernel`. */
export interface NativeGlobal {
    readonly name: string;
    readonly type: Type;
    readonly context: Context;
    readonly doc: string;
    readonly get: (vm: Vm) => Value;
    /** The value, where it is the same on every machine: such a global can be part of a `const`. */
    readonly constant?: Value;
}

/** Everything that the emulator provides to `.lus` code. */
export interface Natives {
    readonly functions: ReadonlyMap<string, NativeFunction>;
    readonly objects: ReadonlyMap<string, ObjectType>;
    readonly globals: ReadonlyMap<string, NativeGlobal>;
    /** Methods of a descriptor (system calls) and its fields (`ram.size`). The same for every descriptor. */
    readonly fd: ObjectType;
    /** The file kinds that need no declaration: `memfd`, `pipe`, `socket`, `eventfd`, `tmpfs`, `null`, `liveupdate`, `luo_session`. */
    readonly fileKinds: ReadonlyMap<string, string>;
    /** `inject`ion points that are not callbacks: `page_alloc`. */
    readonly injectionPoints: ReadonlyMap<string, string>;
    /** Callback names and parameters of each declaration, with the parameters' types. */
    readonly callbacks: {
        readonly handler: ReadonlyMap<string, CallbackShape>;
        readonly flb: ReadonlyMap<string, CallbackShape>;
        readonly file: ReadonlyMap<string, CallbackShape>;
    };
    /** The kernels that come with the emulator, by name, with a line about each. */
    readonly kernels: ReadonlyMap<string, string>;
}

export interface CallbackShape {
    readonly params: readonly NativeParam[];
    /** What it returns: a boolean for `can_…`, an integer (0 or −errno) else. */
    readonly result: Type;
    readonly required: boolean;
    readonly doc: string;
}

export type { StructLayout };
