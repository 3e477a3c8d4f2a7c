/** The result of checking a file and its imports: declarations by name, and the meaning of every name in the code. */
import type {
    Callback,
    ConstDecl,
    Expr,
    FileDecl,
    FlbDecl,
    FnDecl,
    HandlerDecl,
    Ident,
    KernelDecl,
    MachineDecl,
    NameExpr,
    ScenarioDecl,
    SourceFile,
    Span,
    StructDecl,
} from './syntax/ast';
import type { Variant } from './syntax/variants';
import type { CheckFinding } from './check-finding';
import type { StructLayout } from './layout';
import type { PageGeometry } from '../machine/arch';
import type { Type, Value } from './types';
import type { NativeShapes, FieldShape, FunctionShape } from './natives';

/** A variable that lives in a slot of a frame. */
export interface LocalVar {
    readonly kind: 'local';
    readonly name: string;
    readonly type: Type;
    /** Index into the frame's slots; unique within its function, scenario or callback. */
    readonly slot: number;
    readonly declared: Span;
    /** The part of the text in which it is visible. */
    readonly scope: Span;
    /** The innermost loop body that declares it, if any: such a variable is new in every iteration. */
    readonly loop?: Span;
}

export type NameMeaning =
    | LocalVar
    /** A variable of a process, read or written in one of its blocks. */
    | { readonly kind: 'process-var'; readonly process: string; readonly name: string; readonly type: Type }
    /**
     * A field of the file kind whose callback this is (`ring` in `release()`); slot is its index among the kind's
     * fields.
     */
    | { readonly kind: 'kind-field'; readonly file: FileDecl; readonly index: number; readonly type: Type }
    | { readonly kind: 'process'; readonly name: string }
    /** A device of the machine. */
    | { readonly kind: 'device'; readonly name: string }
    | { readonly kind: 'const'; readonly name: string; readonly value: Value; readonly type: Type }
    | { readonly kind: 'fn'; readonly decl: FnDecl }
    | { readonly kind: 'struct'; readonly decl: StructDecl }
    | { readonly kind: 'file'; readonly decl: FileDecl }
    | { readonly kind: 'handler'; readonly decl: HandlerDecl }
    | { readonly kind: 'flb'; readonly decl: FlbDecl }
    /** A file kind that comes with the kernel. */
    | { readonly kind: 'builtin-file'; readonly name: string }
    | { readonly kind: 'native'; readonly native: FunctionShape }
    | { readonly kind: 'global'; readonly name: string };

/** The meaning of the `.name` of a member expression. */
export type MemberMeaning =
    | { readonly kind: 'struct-field'; readonly layout: StructLayout; readonly name: string }
    | { readonly kind: 'field'; readonly field: FieldShape }
    | { readonly kind: 'method'; readonly method: FunctionShape }
    | { readonly kind: 'kind-field'; readonly file: FileDecl; readonly index: number }
    | { readonly kind: 'process-var'; readonly process: string; readonly name: string }
    /** The object's type is known only at run time. */
    | { readonly kind: 'dynamic'; readonly name: string };

/** What the compiler needs to know of a function, callback, scenario or init block. */
export interface CodeInfo {
    readonly decl: FnDecl | Callback | ScenarioDecl | { readonly kind: 'init'; readonly kernel: KernelDecl };
    readonly uri: string;
    /** Number of slots; parameters come first. */
    readonly slots: number;
    readonly locals: readonly LocalVar[];
}

export interface Program {
    /** The URI of the main file. */
    readonly main: string;
    /** The main file, its imports, and the standard library, in order of loading. */
    readonly files: ReadonlyMap<string, SourceFile>;
    readonly diagnostics: readonly CheckFinding[];
    readonly natives: NativeShapes;

    /**
     * The bytes of a file in the folder of a source file, decompressed; left out if there is no host.
     */
    readonly readBytes?: (from: string, path: string) => Uint8Array | undefined;
    readonly machine?: MachineDecl;
    /** Those of the main file; one with a parameter once for each value. */
    readonly scenarios: readonly Variant[];
    readonly fns: ReadonlyMap<string, FnDecl>;
    readonly structs: ReadonlyMap<string, StructLayout>;
    readonly fileKinds: ReadonlyMap<string, FileDecl>;
    readonly handlers: ReadonlyMap<string, HandlerDecl>;
    readonly flbs: ReadonlyMap<string, FlbDecl>;
    readonly kernels: ReadonlyMap<string, KernelDecl>;
    /** All layers of its kernels: it was checked against the standard library with these layers. */
    readonly layers: ReadonlySet<string>;
    /** The page size of the machine that it was checked for. */
    readonly page: PageGeometry;

    /** The values of declared constants. */
    readonly constValues: ReadonlyMap<ConstDecl, { readonly value: Value; readonly type: Type }>;
    /** The values of constant expressions that settings of machines and kernels take. */
    readonly constants: ReadonlyMap<Expr, number>;

    /** The file of a declaration. */
    readonly uriOf: ReadonlyMap<object, string>;
    /** By fn, callback, scenario, or the `init` entry of a kernel. */
    readonly code: ReadonlyMap<object, CodeInfo>;
    /**
     * For name expressions, and for the identifiers that name something (process blocks, `send … to p`, assignment
     * targets, loop variables).
     */
    readonly names: ReadonlyMap<NameExpr | Ident, NameMeaning>;
    readonly members: ReadonlyMap<Expr, MemberMeaning>;
    readonly types: ReadonlyMap<Expr, Type>;
}
