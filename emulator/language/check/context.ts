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
    /** What a `return` gives back; absent at scenario level. */
    readonly result?: Type;
    /** Processes that the scenario starts anywhere. */
    readonly processes?: ReadonlySet<string>;
}

/**
 * The functions that the parts of the checker call without importing them, for they call each other: arguments are
 * expressions and calls are, too; blocks hold statements; a call leads into a function.
 */
export interface Checkers {
    readonly expr: (c: CodeContext, e: Expr) => Type;
    readonly statement: (c: CodeContext, s: Stmt) => void;
    readonly fn: (program: ProgramBuilder, info: FnInfo) => void;
}

/** A call that ends the running kernel: always, or on some ways only. */
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
    /** The process whose block we are in. */
    process: string | undefined;
    /** How many loops are around the current statement, inside the block of its process. */
    loops = 0;
    /** What holds where the block of a process is left early: by `exit`, or with its kernel. */
    escapes: Flow[] = [];
    /** What a call in the current statement does to the kernel. */
    kernelEnd: KernelEnd | undefined;
    /** The call that a `try` or an expectation is about: its failing is no failure of the code around it. */
    tried: Expr | undefined;
    /** It was said already that no kernel runs. */
    warnedOfBoot = false;
    /** The types of what it gives back so far. */
    readonly returned: Type[] = [];

    constructor(
        readonly program: ProgramBuilder,
        readonly unit: Unit,
        private readonly checkers: Checkers,
    ) {
        this.vars = new Variables(unit.span);
        this.context = unit.context;
    }

    /** The type of an expression; what is wrong in it is reported. */
    expr(e: Expr): Type {
        return this.checkers.expr(this, e);
    }

    statement(s: Stmt): void {
        this.checkers.statement(this, s);
    }

    /** Checks a function that is called here, where that has not been done yet. */
    enterFn(info: FnInfo): void {
        this.checkers.fn(this.program, info);
    }

    report(severity: Severity, code: CheckCode, span: Span, message: string, fix?: Fix): void {
        this.program.report(severity, code, this.unit.uri, span, message, fix ? { fix } : undefined);
    }

    error(code: CheckCode, span: Span, message: string, fix?: Fix): void {
        this.report('error', code, span, message, fix);
    }

    /** An error about a name that nothing has, with the nearest of the candidates. */
    unknown(code: CheckCode, span: Span, name: string, message: string, candidates: Iterable<string>): void {
        this.program.unknown(code, this.unit.uri, span, name, message, candidates);
    }

    /** What is written there, in backticks. */
    text(span: Span): string {
        return quoted(this.program.textOf(this.unit.uri, span));
    }

    /** The line that it begins on, from 1. */
    line(span: Span): number {
        return this.program.lineOf(this.unit.uri, span.start);
    }

    /** The first line of it, for what marks a whole block. */
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
     * Complains where `what` cannot be done in the context of this code; a function takes the context of what it does.
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
                    ? ': write it into the block of a process, `p { … }`'
                    : ''
                : needed === 'scenario'
                  ? ': write it outside of the blocks of processes'
                  : ': write it into a handler, an FLB, a file kind or `init`';
        const because = fn && this.process === undefined ? ` (because of ${fn.contextWhy})` : '';
        this.error(
            'LU0401',
            span,
            `${what} works ${CONTEXT_NAMES[needed]} only, and this runs ${CONTEXT_NAMES[this.context]}${because}${hint}.`,
        );
    }

    /** Complains where kernel code says what only scenarios and processes can. */
    notInKernel(span: Span, what: string): void {
        if (this.context === 'kernel') {
            this.error(
                'LU0401',
                span,
                `${what} is said in a scenario or in the block of a process, not in the kernel.`,
            );
        }
    }

    /** True where a name is a variable here, so that no constant of that name is meant. */
    readonly shadowed = (name: string): boolean =>
        this.vars.find(name) !== undefined ||
        (this.process !== undefined && this.processVar(this.process, name) !== undefined);

    processVar(process: string, name: string): Var | undefined {
        return this.flow.procs.get(process)?.vars.get(name);
    }
}
