/** A native: a shape of the language with the code of the emulator behind it. */
import type { Process } from '../../kernel/fs/process';
import type { Kernel } from '../../kernel/kernel';
import type { LogLine } from '../../kernel/klog';
import type { Lock } from '../../kernel/lock';
import type { Err } from '../../kernel/release/errno';
import type { FieldShape, FunctionShape, GlobalShape, NativeShapes, ObjectShape } from '../../language/natives';
import type { Value } from '../../language/types';
import type { Seq } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import type { Vm } from '../interpreter';
import type { CallbackName, SystemCall } from '../purpose';

/** What most natives need of the interpreter: the host, as the code that runs meets it. */
export interface NativeContext {
    readonly machine: Machine;
    /** The kernel that runs. @throws ProgramError where none does */
    readonly running: Kernel;
    /** The process that makes the system call. @throws ProgramError outside of processes */
    readonly process: Process;
    /** A new list value. */
    list(items: readonly Value[]): Seq<Value>;
    /** A line of the kernel log; one of the level `log` is the scenario's own. */
    log(level: LogLine['level'], text: string): void;
}

/**
 * A function or method. `call` runs to its end at once: what may call back into `.lus` code is itself written in `.lus`
 * ({@link NativeFunction.code}). A failing call returns an {@link Err}.
 */
export interface NativeFunction<Context = Vm> extends FunctionShape {
    /** The lock that it holds while it runs: where somebody has it, the caller waits before. */
    readonly takes?: (context: Context, args: readonly Value[]) => Lock | undefined;
    /** It takes so long that other processes get on meanwhile. */
    readonly long?: boolean;
    /** The receiver, for methods, is `args[0]`. */
    readonly call?: (context: Context, args: Value[]) => Value | Err;
    /** Instead of `call`: the function of std that does it, with the same parameters (receiver first). */
    readonly code?: string;
    /**
     * With `code`: looks at the arguments before the kernel is entered.
     * @throws ProgramError, which is then the caller's mistake, where no kernel could make sense of them
     */
    readonly checks?: (context: Context, args: readonly Value[]) => void;
    /** Instead of `call`: the callback of this name of the receiver (a handler, an FLB or an open file). */
    readonly callback?: CallbackName;
    /** With `code`, of a system call: what observers are told of a call with these arguments, besides its name. */
    readonly told?: (context: Context, args: readonly Value[]) => SystemCall;
}

export interface NativeField<Context = Vm> extends FieldShape {
    readonly get: (context: Context, object: object) => Value | Err;
    /** Absent: cannot be assigned. */
    readonly set?: (context: Context, object: object, value: Value) => void;
}

export interface ObjectType extends ObjectShape {
    readonly fields: ReadonlyMap<string, NativeField>;
    readonly methods: ReadonlyMap<string, NativeFunction>;
}

export interface NativeGlobal<Context = Vm> extends GlobalShape {
    readonly get: (context: Context) => Value;
}

/** Everything that the emulator provides to `.lus` code. */
export interface Natives extends NativeShapes {
    readonly functions: ReadonlyMap<string, NativeFunction>;
    readonly objects: ReadonlyMap<string, ObjectType>;
    readonly globals: ReadonlyMap<string, NativeGlobal>;
    readonly fd: ObjectType;
}

/**
 * The native field behind a shape.
 * @throws RangeError where the program was checked against shapes that nothing stands behind
 */
export function nativeField(shape: FieldShape): NativeField {
    if (isField(shape)) {
        return shape;
    }
    throw new RangeError(`nothing stands behind the field ${shape.name}`);
}

function isField(shape: FieldShape): shape is NativeField {
    return 'get' in shape;
}
