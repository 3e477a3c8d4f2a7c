/**
 * The declarations of a checked program and of the standard libraries, by name. A declaration of the program takes
 * precedence.
 */
import { OpenFile } from '../kernel/fs/file';
import type { Library } from '../kernel/release/layers';
import type { StructLayout } from '../language/layout';
import type { Program } from '../language/program';
import type { Callback, FileDecl, FlbDecl, HandlerDecl } from '../language/syntax/ast';
import type { Value } from '../language/types';

/** A declaration, and the program that it is in. */
export interface Declared<D> {
    readonly decl: D;
    readonly program: Program;
}

export class Declarations {
    /** The standard libraries that are in use. */
    private readonly known = new Set<Program>();
    private readonly byLibrary = new Map<Library, Program>();

    constructor(
        readonly program: Program,
        /** The standard library of the default kernel. */
        readonly stdProgram: Program,
        /** The checked standard library of a release. */
        private readonly libraryOf: (library: Library) => Program = () => stdProgram,
    ) {
        this.known.add(stdProgram);
    }

    /** The standard library of a kernel. */
    library(library: Library): Program {
        let found = this.byLibrary.get(library);
        if (!found) {
            found = this.libraryOf(library);
            this.byLibrary.set(library, found);
            this.known.add(found);
        }
        return found;
    }

    /** The standard libraries that are in use. */
    get libraries(): Iterable<Program> {
        return this.known;
    }

    /** The program that a declaration or an `init` block is in. */
    programOf(decl: object): Program {
        for (const library of this.known) {
            if (library.uriOf.has(decl) || library.code.has(decl)) {
                return library;
            }
        }
        return this.program;
    }

    /** The handler with this name: of the program, or of the library. */
    handler(name: string, library: Program = this.stdProgram): Declared<HandlerDecl> | undefined {
        const own = this.program.handlers.get(name);
        if (own && own !== this.stdProgram.handlers.get(name)) {
            return { decl: own, program: this.program };
        }
        const shipped = library.handlers.get(name);
        return shipped && { decl: shipped, program: library };
    }

    /** The struct with this name: of the program, or of the library. */
    struct(name: string, library: Program): StructLayout | undefined {
        const own = this.program.structs.get(name);
        return own && own !== this.stdProgram.structs.get(name) ? own : library.structs.get(name);
    }

    /** The FLB with this name: of the program, or of the library. */
    flb(name: string, library: Program = this.stdProgram): Declared<FlbDecl> | undefined {
        const own = this.program.flbs.get(name);
        if (own && own !== this.stdProgram.flbs.get(name)) {
            return { decl: own, program: this.program };
        }
        const shipped = library.flbs.get(name);
        return shipped && { decl: shipped, program: library };
    }

    fileKind(name: string): Declared<FileDecl> | undefined {
        for (const program of [this.program, this.stdProgram]) {
            const decl = program.fileKinds.get(name);
            if (decl) {
                return { decl, program };
            }
        }
        return undefined;
    }

    /** The file kind with this device path. */
    fileKindAt(path: string): FileDecl | undefined {
        return [...this.program.fileKinds.values()].find((d) => d.path?.value === path);
    }

    /** The index of a field of an open file, if the file has a declared kind with this field. */
    kindFieldOf(v: Value, name: string): { readonly file: OpenFile; readonly index: number } | undefined {
        if (!(v instanceof OpenFile)) {
            return undefined;
        }
        const index = this.fileKind(v.kind)?.decl.fields.findIndex((f) => f.name.name === name) ?? -1;
        return index >= 0 ? { file: v, index } : undefined;
    }
}

/** A callback of a handler, an FLB or a file kind; undefined if it does not have it. */
export function callbackNamed(owner: HandlerDecl | FlbDecl | FileDecl, name: string): Callback | undefined {
    return owner.callbacks.find((c) => c.name.name === name);
}
