/**
 * The shapes of the natives, which the emulator provides to `.lus` code: functions, methods, fields, callbacks. The
 * checker and the editor's help read these tables; only the runtime knows the code behind them.
 */
import type { PageGeometry } from '../machine/arch';
import type { Context, Type, Value } from './types';

export interface NativeParam {
    readonly name: string;
    readonly type: Type;
    /** The default; a parameter without one is required. */
    readonly default?: Value;
    /** Takes all further positional arguments, as a list. */
    readonly rest?: boolean;
    /** Takes all arguments, which have names, as a record. */
    readonly named?: boolean;
}

/** A function or method. `params` do not include the receiver of a method. */
export interface FunctionShape {
    readonly name: string;
    readonly params: readonly NativeParam[];
    readonly result: Type;
    /**
     * For results whose type depends on the arguments: `at(T, p)` and `kho.alloc_preserve(T)` return a view of their
     * first argument.
     */
    readonly resultOfArg?: number;
    readonly context: Context;
    /** May fail with an error number. */
    readonly fails: boolean;
    /** A system call: a method that every descriptor has. */
    readonly syscall?: boolean;
    /** Tells observers of the run what the calling code does. The debugger does not stop at such a call. */
    readonly tracepoint?: boolean;
    /** One paragraph in Markdown for hover and completion. */
    readonly doc: string;
}

export interface FieldShape {
    readonly name: string;
    readonly type: Type;
    /** Whether `.lus` code may assign it. Default: false. */
    readonly writable?: boolean;
    readonly doc: string;
}

/** A type of object and its members. */
export interface ObjectShape {
    readonly name: string;
    readonly doc: string;
    readonly fields: ReadonlyMap<string, FieldShape>;
    readonly methods: ReadonlyMap<string, FunctionShape>;
    /** True if the object ends with its kernel. */
    readonly ofKernel: boolean;
    /** For collections: the type of their elements. */
    readonly element?: Type;
}

/** A predeclared name: `KEXEC`, `kho`, `kernel`. */
export interface GlobalShape {
    readonly name: string;
    readonly type: Type;
    readonly context: Context;
    readonly doc: string;
    /** The value of a constant, which may depend on the machine: such a global can be used in a `const`. */
    readonly constant?: (page: PageGeometry) => Value;
}

export interface CallbackShape {
    readonly params: readonly NativeParam[];
    /** The result: a boolean for `can_…`, an integer (0 or −errno), or nothing if the kernel's callback is `void`. */
    readonly result: Type;
    readonly required: boolean;
    readonly doc: string;
}

/** The shapes of all natives. */
export interface NativeShapes {
    readonly functions: ReadonlyMap<string, FunctionShape>;
    readonly objects: ReadonlyMap<string, ObjectShape>;
    readonly globals: ReadonlyMap<string, GlobalShape>;
    /** Methods of a descriptor (system calls) and its fields (`ram.size`). The same for every descriptor. */
    readonly fd: ObjectShape;
    /**
     * The file kinds that need no declaration: `memfd`, `pipe`, `socket`, `eventfd`, `tmpfs`, `directory`, `null`,
     * `liveupdate`, `luo_session`.
     */
    readonly fileKinds: ReadonlyMap<string, string>;
    /** `inject`ion points that are not callbacks: `page_alloc`. */
    readonly injectionPoints: ReadonlyMap<string, string>;
    /** Names of callbacks by declaration, with their parameters and types. */
    readonly callbacks: {
        readonly handler: ReadonlyMap<string, CallbackShape>;
        readonly flb: ReadonlyMap<string, CallbackShape>;
        readonly file: ReadonlyMap<string, CallbackShape>;
    };
}
