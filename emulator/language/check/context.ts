/**
 * The state of checking one piece of code: a function, callback, scenario or `init` block, or an expression outside of
 * all code. Every function of the checker takes it and finds the program, the variables, the flow and the way to report
 * in it.
 */
import type { CheckCode } from '../check-codes';
import { spanOf, type Fix, type Severity } from '../check-finding';
import type { NameMeaning } from '../program';
import type { Expr, FileDecl, Ident, NameExpr, Span, Stmt } from '../syntax/ast';
import type { Context, Type } from '../types';
import { Flow } from './flow';
import { quoted, type FnInfo, type ProgramBuilder } from './program-builder';
import { Variables, type Var } from './scope';

/** What kind of code is checked. */
export interface Unit {
    readonly uri: string;
    readonly span: Span;
    /** `any`: a function, whose context follows from what it does. */
    readonly context: Context;
    readonly fn?: FnInfo;
    /** The file kind whose callback this is: its fields are names. */
    readonly fileKind?: FileDecl;
    /** The type of `args.file` in the callbacks of a handler. */
    readonly fileType?: Type;
    /** The type that `return` must have; absent at scenario level. */
    readonly result?: Type;
    /** Processes that the scenario starts anywhere. */
    readonly processes?: ReadonlySet<string>;
}

/**
 * The functions that the parts of the checker call without importing them, because they are mutually recursive:
 * arguments are expressions and so are calls; blocks contain statements; a call leads into a function.
 */
export interface Checkers {
    readonly expr: (c: CodeContext, e: Expr) => Type;
    readonly statement: (c: CodeContext, s: Stmt) => void;
    readonly fn: (program: ProgramBuilder, info: FnInfo) => void;
}

/** A call that ends the running kernel: always, or on some paths only. */
export interface KernelEnd {
    readonly call: Expr;
    readonly certain: boolean;
}

const CONTEXT_NAMES: Record<Context, string> = {
    any: 'anywhere',
    scenario: 'at scenario level',
    user: 'in a process',
    kernel: 'in the kernel',
};

export class CodeContext {
    readonly vars: Variables;
    flow = new Flow();
    /** Where the current statement runs. */
    context: Context;
    /** The process in whose block the statement is. */
    process: string | undefined;
    /** How many loops are around the current statement, inside the block of its process. */
    loops = 0;
    /** The starts of the loops around the current statement, including those around the block of its process. */
    readonly loopStarts: number[] = [];
    /** Reads of a variable of the scenario in the block of a process. */
    readonly outerReads: { readonly process: string; readonly at: NameExpr }[] = [];
    /** The flow at the places where a process block ends early: by `exit`, or with its kernel. */
    escapes: Flow[] = [];
    /** What a call in the current statement does to the kernel. */
    kernelEnd: KernelEnd | undefined;
    /** The call of a `try` or an expectation: if it fails, the code around it does not fail. */
    tried: Expr | undefined;

    /** Whether the error that no kernel is running was already reported. */
    warnedOfBoot = false;
    /** The types of its `return` statements so far. */

    readonly returned: Type[] = [];

    constructor(
        readonly program: ProgramBuilder,
        readonly unit: Unit,
        private readonly checkers: Checkers,
    ) {
        this.vars = new Variables(unit.span);
        this.context = unit.context;
    }

    /** The type of an expression; errors in it are reported. */
    expr(e: Expr): Type {
        return this.checkers.expr(this, e);
    }

    statement(s: Stmt): void {
        this.checkers.statement(this, s);
    }

    /** Checks a function that is called here, unless it is checked already. */
    enterFn(info: FnInfo): void {
        this.checkers.fn(this.program, info);
    }

    report(severity: Severity, code: CheckCode, span: Span, message: string, fix?: Fix): void {
        this.program.report(severity, code, this.unit.uri, span, message, fix ? { fix } : undefined);
    }

    error(code: CheckCode, span: Span, message: string, fix?: Fix): void {
        this.report('error', code, span, message, fix);
    }

    /** An error about an unknown name, with the nearest of the candidates. */
    unknown(code: CheckCode, span: Span, name: string, message: string, candidates: Iterable<string>): void {
        this.program.unknown(code, this.unit.uri, span, name, message, candidates);
    }

    /** The source text, in backticks. */
    text(span: Span): string {
        return quoted(this.program.textOf(this.unit.uri, span));
    }

    /** Its first line, from 1. */
    line(span: Span): number {
        return this.program.lineOf(this.unit.uri, span.start);
    }

    /** Its first line as a span, for findings about a whole block. */
    head(span: Span): Span {
        const lf = this.program.files.get(this.unit.uri)?.text.indexOf('\n', span.start) ?? -1;
        return lf < 0 ? spanOf(span) : { start: span.start, end: Math.min(lf, span.end) };
    }

    typed(e: Expr, type: Type): Type {
        this.program.types.set(e, type);
        return type;
    }

    mean(name: NameExpr | Ident, meaning: NameMeaning): void {
        this.program.names.set(name, meaning);
    }

    /**
     * Reports an error if `what` cannot be used in the context of this code. A function takes the context of what it
     * uses.
     */
    require(needed: Context, span: Span, what: string): void {
        const { fn } = this.unit;
        if (needed === 'any' || this.context === needed) {
            return;
        }
        if (fn && this.context === 'any') {
            this.context = needed;
            if (this.process === undefined) {
                fn.context = needed;
                fn.contextWhy = `${what} on line ${this.line(span)}`;
            }
            return;
        }
        const hint =
            needed === 'user'
                ? this.context === 'scenario'
                    ? ' Put it into a process block: `p { … }`.'
                    : ''
                : needed === 'scenario'
                  ? ' Move it out of the process block.'
                  : ' Put it into a handler, an FLB, a file kind or `init`.';
        const because = fn && this.process === undefined ? ` (because of ${fn.contextWhy})` : '';
        this.error(
            'LU0401',
            span,
            `${what} can be used only ${CONTEXT_NAMES[needed]}, but this code runs ${CONTEXT_NAMES[this.context]}${because}.${hint}`,
        );
    }

    /** Reports an error if kernel code uses a statement of scenarios and processes. */
    notInKernel(span: Span, what: string): void {
        if (this.context === 'kernel') {
            this.error(
                'LU0401',
                span,
                `${what} cannot be used in kernel code, only in a scenario or in a process block.`,
            );
        }
    }

    /** True if a name is a variable here and hides a constant of that name. */
    readonly shadowed = (name: string): boolean => this.variable(name) !== undefined;

    /** The variable with this name: one of the code, or of the process in whose block the statement is. */
    variable(name: string): Var | undefined {
        const own =
            this.process === undefined
                ? undefined
                : (this.vars.find(name, true) ?? this.processVar(this.process, name));
        return own ?? this.vars.find(name);
    }

    /** Whether a process is an array of them. */
    isArray(process: string): boolean {
        return this.flow.procs.get(process)?.array ?? this.program.processArrays.has(process);
    }

    processVar(process: string, name: string): Var | undefined {
        return this.flow.procs.get(process)?.vars.get(name);
    }
}
