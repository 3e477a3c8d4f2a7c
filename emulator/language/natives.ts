/**
 * The shape of what the emulator provides to `.lus` code: functions, methods, fields, callbacks. The checker and the
 * editor's help read these tables; what stands behind a shape is known to the runtime alone.
 */
import type { PageGeometry } from '../machine/arch';
import type { Context, Type, Value } from './types';

export interface NativeParam {
    readonly name: string;
    readonly type: Type;
    /** Used where the argument is left out; a parameter without one is required. */
    readonly default?: Value;
    /** Takes all further positional arguments, as a list. */
    readonly rest?: boolean;
}

/** A function or method. `params` leave the receiver of a method out. */
export interface FunctionShape {
    readonly name: string;
    readonly params: readonly NativeParam[];
    readonly result: Type;
    /**
     * The result's type where it depends on the arguments: `at(T, p)`, `kho.alloc_preserve(T)` give a view of their
     * first argument.
     */
    readonly resultOfArg?: number;
    readonly context: Context;
    /** May fail with an error number. */
    readonly fails: boolean;
    /** A system call: a method that every descriptor has. */
    readonly syscall?: boolean;
    /** Tells observers of the run what the code that calls it does. A statement of it is no place to stop. */
    readonly tracepoint?: boolean;
    /** One paragraph in Markdown for hover and completion. */
    readonly doc: string;
}

export interface FieldShape {
    readonly name: string;
    readonly type: Type;
    /** Whether `.lus` code may assign it; left out: it may not. */
    readonly writable?: boolean;
    readonly doc: string;
}

/** A kind of object: what `.` finds on it. */
export interface ObjectShape {
    readonly name: string;
    readonly doc: string;
    readonly fields: ReadonlyMap<string, FieldShape>;
    readonly methods: ReadonlyMap<string, FunctionShape>;
    /** True where the object dies with its kernel. */
    readonly ofKernel: boolean;
    /** What `[i]` and `for` give, for collections. */
    readonly element?: Type;
}

/** A name that is there without being declared: `KEXEC`, `kho`, `kernel`. */
export interface GlobalShape {
    readonly name: string;
    readonly type: Type;
    readonly context: Context;
    readonly doc: string;
    /** The value, where the machine says it, or it is the same on every one: such a global can be part of a `const`. */
    readonly constant?: (page: PageGeometry) => Value;
}

export interface CallbackShape {
    readonly params: readonly NativeParam[];
    /** What it returns: a boolean for `can_…`, an integer (0 or −errno), or nothing where the kernel's is `void`. */
    readonly result: Type;
    readonly required: boolean;
    readonly doc: string;
}

/** The shapes of everything that the emulator provides to `.lus` code. */
export interface NativeShapes {
    readonly functions: ReadonlyMap<string, FunctionShape>;
    readonly objects: ReadonlyMap<string, ObjectShape>;
    readonly globals: ReadonlyMap<string, GlobalShape>;
    /** Methods of a descriptor (system calls) and its fields (`ram.size`). The same for every descriptor. */
    readonly fd: ObjectShape;
    /**
     * The file kinds that need no declaration: `memfd`, `pipe`, `socket`, `eventfd`, `tmpfs`, `null`, `liveupdate`,
     * `luo_session`.
     */
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
    /** A line about a kernel that comes with the emulator, or is a version of one; undefined: there is none. */
    readonly kernelNamed: (name: string) => string | undefined;
}
