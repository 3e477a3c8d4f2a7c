/**
 * A checked program made executable: the code of its declarations and of those of kernels, compiled on first use.
 */
import type { Program } from '../language/program';
import type { Callback, Expr, FnDecl, KernelInit } from '../language/syntax/ast';
import type { Variant } from '../language/syntax/variants';
import type { Value } from '../language/types';
import type { Code } from './code';
import type { Declarations } from './declarations';

export interface Executable {
    readonly declarations: Declarations;
    /** The code of a function or callback. */
    codeOf(decl: FnDecl | Callback): Code;
    /** A function of a standard library. @throws RangeError if there is none of this name */
    std(name: string, library: Program): Code;
    scenarioCode(decl: Variant): Code;
    initCode(init: KernelInit): Code;
    /** All code in a file, for breakpoints. */
    codeIn(uri: string): Code[];
    /** The value of an expression outside code, such as a field's initial value. */
    constant(program: Program, uri: string, e: Expr): Value;
}
