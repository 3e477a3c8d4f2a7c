/** The input for the closures of one piece of code: its program, and the host that it acts on. */
import type { StructLayout } from '../../language/layout';
import { KHO_VMALLOC } from '../../language/layouts';
import type { Program } from '../../language/program';
import type { Span } from '../../language/syntax/ast';
import type { Value } from '../../language/types';
import type { Code, Eval } from '../code';
import type { Execution } from '../execution';
import { memberPath } from '../form/native-names';
import type { Host } from '../host/host';
import type { NativeField, NativeFunction, Natives } from '../natives/native';
import { readOf, writeOf } from '../touching/values';

/** Longer texts are truncated in messages. */
const LONGEST = 100;

export class Linkage {
    /** The interpreter, as far as operations use it. */
    readonly run: Execution;
    private readonly text: string;

    constructor(
        readonly program: Program,
        readonly uri: string,
        /** The host for natives and statements. */
        readonly host: Host,
        /** The natives that the program was checked with. */
        private readonly natives: Natives,
        /**
         * The code of a function; it is linked at the first call, because functions can be mutually recursive.
         */
        private readonly codeOfFn: (name: string) => Code,
    ) {
        this.run = host.interpreter;
        this.text = program.files.get(uri)?.text ?? '';
    }

    /** An object whose contents are read. */
    reading(object: Eval): Eval {
        const { touches } = this.host;
        return touches ? observed(object, (v) => readOf(touches, v)) : object;
    }

    /** An object whose contents are assigned. */
    writing(object: Eval): Eval {
        const { touches } = this.host;
        return touches ? observed(object, (v) => writeOf(touches, v)) : object;
    }

    fn(name: string): () => Code {
        let code: Code | undefined;
        return () => (code ??= this.codeOfFn(name));
    }

    /** The text of a node in one line, for messages. */
    textOf(span: Span): string {
        const line = this.text.slice(span.start, span.end).replace(/\s+/g, ' ');
        return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
    }

    /** The layout of a struct of the program, or of the built-in one. */
    layout(name: string): StructLayout | undefined {
        return this.program.structs.get(name) ?? (name === KHO_VMALLOC.name ? KHO_VMALLOC : undefined);
    }

    /** @throws RangeError if the host has no such native: the program was checked with others */
    native(name: string): NativeFunction {
        const { natives } = this;
        const path = memberPath(name);
        const native = path
            ? (path.type === natives.fd.name ? natives.fd : natives.objects.get(path.type))?.methods.get(path.member)
            : natives.functions.get(name);
        if (!native) {
            throw new RangeError(`there is no native ${name}`);
        }
        return native;
    }

    /** @throws RangeError if the host has no such field: the program was checked with others */
    field(name: string): NativeField {
        const { natives } = this;
        const path = memberPath(name);
        const type = path?.type === natives.fd.name ? natives.fd : natives.objects.get(path?.type ?? '');
        const field = type?.fields.get(path?.member ?? '');
        if (!field) {
            throw new RangeError(`there is no field ${name}`);
        }
        return field;
    }
}

function observed(object: Eval, hear: (v: Value) => void): Eval {
    return (f) => {
        const v = object(f);
        hear(v);
        return v;
    };
}
