/** A native: a shape of the language with the code of the emulator behind it. */
import type { Err } from '../../kernel/release/errno';
import type { Lock } from '../../kernel/lock';
import type { FieldShape, FunctionShape, GlobalShape, NativeShapes, ObjectShape } from '../../language/natives';
import type { Value } from '../../language/types';
import type { Vm } from '../interpreter';

/**
 * A function or method. `call` runs to its end at once: what may call back into `.lus` code is itself written in `.lus`
 * ({@link NativeFunction.code}). A failing call returns an {@link Err}.
 */
export interface NativeFunction extends FunctionShape {
    /** The lock that it holds while it runs: where somebody has it, the caller waits before. */
    readonly takes?: (vm: Vm, args: readonly Value[]) => Lock | undefined;
    /** The receiver, for methods, is `args[0]`. */
    readonly call?: (vm: Vm, args: Value[]) => Value | Err;
    /** Instead of `call`: the function of std that does it, with the same parameters (receiver first). */
    readonly code?: string;
    /** With `code`: looks at the arguments before the kernel is entered. @throws ProgramError, which is then the caller's mistake, where no kernel could make sense of them */
    readonly checks?: (vm: Vm, args: readonly Value[]) => void;
    /** Instead of `call`: the callback of this name of the receiver (a handler, an FLB or an open file). */
    readonly callback?: string;
}

export interface NativeField extends FieldShape {
    readonly get: (vm: Vm, object: object) => Value | Err;
    /** Absent: cannot be assigned. */
    readonly set?: (vm: Vm, object: object, value: Value) => void;
}

export interface ObjectType extends ObjectShape {
    readonly fields: ReadonlyMap<string, NativeField>;
    readonly methods: ReadonlyMap<string, NativeFunction>;
}

export interface NativeGlobal extends GlobalShape {
    readonly get: (vm: Vm) => Value;
}

/** Everything that the emulator provides to `.lus` code. */
export interface Natives extends NativeShapes {
    readonly functions: ReadonlyMap<string, NativeFunction>;
    readonly objects: ReadonlyMap<string, ObjectType>;
    readonly globals: ReadonlyMap<string, NativeGlobal>;
    readonly fd: ObjectType;
}

/** The native field behind a shape. @throws RangeError where the program was checked against shapes that nothing stands behind */
export function nativeField(shape: FieldShape): NativeField {
    if (isField(shape)) {
        return shape;
    }
    throw new RangeError(`nothing stands behind the field ${shape.name}`);
}

function isField(shape: FieldShape): shape is NativeField {
    return 'get' in shape;
}
