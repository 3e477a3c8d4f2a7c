/** A checked program made executable: its code, compiled when it is first needed, and its declarations by name. */
import type { Library } from '../kernel/release/layers';
import { OpenFile } from '../kernel/fs/file';
import type {
    Callback,
    Expr,
    FileDecl,
    FlbDecl,
    FnDecl,
    HandlerDecl,
    KernelDecl,
    KernelInit,
    ScenarioDecl,
} from '../language/syntax/ast';
import type { Code, Eval } from './code';
import { FnCompiler } from './compile/function';
import { librariesOf } from './host/kernels';
import type { StructLayout } from '../language/layout';
import type { Program } from '../language/program';
import { LineMap } from '../language/syntax/positions';
import type { Value } from '../language/types';
import type { Natives, ObjectType } from './natives/native';

/** Callbacks by name, and what else a declaration with callbacks has. */
interface Declared<D> {
    readonly decl: D;
    readonly program: Program;
}

/** A checked program, and code of it that is not compiled from the language: the lines of a recording. */
export interface RunnableProgram extends Program {
    readonly made?: ReadonlyMap<object, Code>;
}

export class Executable {
    private readonly codes = new Map<object, Code>();
    private readonly lines = new Map<string, LineMap>();
    /** The standard libraries that have been asked for. */
    private readonly libraries = new Set<Program>();
    private readonly byLibrary = new Map<Library, Program>();

    constructor(
        readonly program: RunnableProgram,
        readonly stdProgram: Program,
        readonly natives: Natives,
        /** The object type of an object, by its class. */
        readonly objectTypeOf: (o: object) => ObjectType | undefined,
        /** The checked standard library of a release. `stdProgram` is that of the default one. */
        private readonly libraryOf: (library: Library) => Program = () => stdProgram,
    ) {
        this.libraries.add(stdProgram);
    }

    /** The standard library of a kernel. */
    library(library: Library): Program {
        let found = this.byLibrary.get(library);
        if (!found) {
            found = this.libraryOf(library);
            this.byLibrary.set(library, found);
            this.libraries.add(found);
        }
        return found;
    }

    // ------------------------------------------------------------ code

    /** A function of a standard library. */
    std(name: string, library: Program = this.stdProgram): Code {
        const decl = library.fns.get(name);
        if (!decl) {
            throw new RangeError(`the standard library has no function ${name}`);
        }
        return this.codeOf(decl);
    }

    /** The code of a function or callback. */
    codeOf(decl: FnDecl | Callback): Code {
        return this.memo(decl, (program) => {
            const info = program.code.get(decl);
            if (!info) {
                throw new RangeError(`${decl.name.name} was not checked`);
            }
            const c = new FnCompiler(program, info, this);
            const params = decl.kind === 'fn' ? decl.params.map((p) => p.name.name) : decl.params.map((p) => p.name);
            if (decl.kind === 'fn') {
                return c.finish(decl.body, decl.name.name, 'fn', params, decl.label);
            }
            const owner = this.ownerOf(program, decl);
            return c.finish(
                decl.body,
                `${owner?.name.name ?? ''}.${decl.name.name}`,
                owner?.kind ?? 'handler',
                params,
                [],
            );
        });
    }

    scenarioCode(decl: ScenarioDecl): Code {
        return this.memo(decl, (program) => {
            const info = program.code.get(decl);
            if (!info) {
                throw new RangeError(`scenario ${decl.name.value} was not checked`);
            }
            return (
                this.program.made?.get(decl) ??
                new FnCompiler(program, info, this).finish(
                    decl.body,
                    `scenario "${decl.name.value}"`,
                    'scenario',
                    [],
                    [],
                )
            );
        });
    }

    initCode(init: KernelInit, kernel: KernelDecl): Code {
        return this.memo(init, (program) => {
            const info = program.code.get(init);
            if (!info) {
                throw new RangeError(`init of kernel ${kernel.name.value} was not checked`);
            }
            return new FnCompiler(program, info, this).finish(
                init.body,
                `init of "${kernel.name.value}"`,
                'init',
                [],
                [],
            );
        });
    }

    private memo(decl: object, make: (program: Program) => Code): Code {
        let code = this.codes.get(decl);
        if (!code) {
            code = make(this.programOf(decl));
            this.codes.set(decl, code);
        }
        return code;
    }

    private programOf(decl: object): Program {
        for (const library of this.libraries) {
            if (library.uriOf.has(decl) || library.code.has(decl)) {
                return library;
            }
        }
        return this.program;
    }

    private ownerOf(program: Program, callback: Callback): HandlerDecl | FlbDecl | FileDecl | undefined {
        const all = [...program.handlers.values(), ...program.flbs.values(), ...program.fileKinds.values()];
        return all.find((d) => d.callbacks.includes(callback));
    }

    /** All code that a file holds, for breakpoints. */
    codeIn(uri: string): Code[] {
        const out: Code[] = [];
        for (const library of librariesOf(this)) {
            // a file of the kernel's own may be shared by releases, each with code of its own
            if (library.some((name) => uri === `lus-std:/${name}.lus`)) {
                this.library(library);
            }
        }
        for (const program of [this.program, ...this.libraries]) {
            for (const [decl, info] of program.code) {
                if (info.uri !== uri) {
                    continue;
                }
                switch (info.decl.kind) {
                    case 'scenario':
                        out.push(this.scenarioCode(info.decl));
                        break;
                    case 'init': {
                        const init = info.decl.kernel.entries.find((e): e is KernelInit => e === decl);
                        if (init) {
                            out.push(this.initCode(init, info.decl.kernel));
                        }
                        break;
                    }
                    default:
                        out.push(this.codeOf(info.decl));
                }
            }
        }
        return out;
    }

    /** The lines of a file of the program or of the standard library. */
    linesOf(uri: string): LineMap {
        let lines = this.lines.get(uri);
        if (!lines) {
            lines = new LineMap(this.program.files.get(uri)?.text ?? '');
            this.lines.set(uri, lines);
        }
        return lines;
    }

    // ------------------------------------------------------------ declarations

    /** A handler of the program, or the shipped one that a library has under this name. */
    handler(name: string, library: Program = this.stdProgram): Declared<HandlerDecl> | undefined {
        const own = this.program.handlers.get(name);
        if (own && own !== this.stdProgram.handlers.get(name)) {
            return { decl: own, program: this.program };
        }
        const shipped = library.handlers.get(name);
        return shipped && { decl: shipped, program: library };
    }

    /** A struct of the program, or the one that a library has under this name. */
    struct(name: string, library: Program): StructLayout | undefined {
        const own = this.program.structs.get(name);
        return own && own !== this.stdProgram.structs.get(name) ? own : library.structs.get(name);
    }

    /** An FLB of the program, or the shipped one that a library has under this name. */
    flb(name: string, library: Program = this.stdProgram): Declared<FlbDecl> | undefined {
        const own = this.program.flbs.get(name);
        if (own && own !== this.stdProgram.flbs.get(name)) {
            return { decl: own, program: this.program };
        }
        const shipped = library.flbs.get(name);
        return shipped && { decl: shipped, program: library };
    }

    fileKind(name: string): Declared<FileDecl> | undefined {
        return this.find((p) => p.fileKinds, name);
    }

    /** The file kind that lies at a device path. */
    fileKindAt(path: string): FileDecl | undefined {
        return [...this.program.fileKinds.values()].find((d) => d.path?.value === path);
    }

    private find<D>(table: (p: Program) => ReadonlyMap<string, D>, name: string): Declared<D> | undefined {
        for (const program of [this.program, this.stdProgram]) {
            const decl = table(program).get(name);
            if (decl) {
                return { decl, program };
            }
        }
        return undefined;
    }

    /** The code of a callback of a handler, an FLB or a file kind; undefined where it does not have it. */
    callbackOf(owner: HandlerDecl | FlbDecl | FileDecl, name: string): Code | undefined {
        const callback = owner.callbacks.find((c) => c.name.name === name);
        return callback && this.codeOf(callback);
    }

    /** The index of a field among those of an open file's kind, if that kind was declared and has it. */
    kindFieldOf(v: Value, name: string): { readonly file: OpenFile; readonly index: number } | undefined {
        if (!(v instanceof OpenFile)) {
            return undefined;
        }
        const index = this.fileKind(v.kind)?.decl.fields.findIndex((f) => f.name.name === name) ?? -1;
        return index >= 0 ? { file: v, index } : undefined;
    }

    /** A constant expression of a declaration, such as a field's first value. */
    constant(program: Program, uri: string, e: Expr): Eval {
        const info = { decl: { kind: 'init' as const, kernel: NO_KERNEL }, uri, slots: 0, locals: [] };
        return new FnCompiler(program, info, this).value(e);
    }
}

const NO_KERNEL: KernelDecl = {
    kind: 'kernel',
    name: { kind: 'string', value: '', start: 0, end: 0 },
    entries: [],
    start: 0,
    end: 0,
};
