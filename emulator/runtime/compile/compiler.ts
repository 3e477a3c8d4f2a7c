/** The state of compiling one function, callback, scenario or init block. */
import type { CodeInfo, Program } from '../../language/program';
import type { Value } from '../../language/types';
import { Emitter, type Label } from '../form/emitter';
import type { Literal, Operation } from '../form/form';

/** The targets of `break` and `continue`. */
interface Loop {
    readonly break: Label;
    readonly continue: Label;
}

export class Compiler {
    readonly emitter: Emitter<Operation>;
    readonly loops: Loop[] = [];
    /** Whether there is a `finally` block so far. */
    hasFinally = false;

    constructor(
        readonly program: Program,
        readonly info: CodeInfo,
    ) {
        this.emitter = new Emitter(info.slots);
    }
}

/** A value that is known before the run. @throws RangeError if it is an object */
export function literal(value: Value): { readonly k: 'literal'; readonly value: Literal } {
    if (typeof value === 'object' && value !== null) {
        throw new RangeError('a constant is a number, a string, true or false');
    }
    return { k: 'literal', value };
}
