/** Compiles one function, callback, scenario or init block. */
import type { Block, Callback, Expr, FnDecl, Span } from '../../language/syntax/ast';
import type { Code, Eval, Op } from '../code';
import type { Execution } from '../execution';
import type { Host } from '../host/host';
import type { LineMap } from '../../language/syntax/positions';
import type { CodeInfo, Program } from '../../language/program';
import type { Natives } from '../natives/native';
import { Emitter } from './emitter';
import { compileValue, needsOps } from './expressions';
import { compileBlock } from './statements';

/** What a function needs of the program around it. */
export interface CodeSource {
    /** The code of a declaration; compiled when it is first asked for. */
    codeOf(decl: FnDecl | Callback): Code;
    linesOf(uri: string): LineMap;
    /** What the code acts on. */
    readonly host: Host;
}

/** Where `break` and `continue` go. */
interface Loop {
    readonly break: { pc: number };
    readonly continue: { pc: number };
}

export class FnCompiler {
    readonly emitter: Emitter<Op>;
    readonly loops: Loop[] = [];
    private readonly text: string;
    /** What operations do to who executes them. */
    readonly run: Execution;
    /** What natives and statements of the host act on. */
    readonly host: Host;

    constructor(
        readonly program: Program,
        readonly info: CodeInfo,
        private readonly source: CodeSource,
    ) {
        this.emitter = new Emitter<Op>(info.slots);
        this.host = source.host;
        this.run = source.host.interpreter;
        this.text = program.files.get(info.uri)?.text ?? '';
    }

    get natives(): Natives {
        return this.host.natives;
    }

    /** The code of a function, looked up when it is called: functions may call each other in any order. */
    codeOf(decl: FnDecl): () => Code {
        let code: Code | undefined;
        return () => (code ??= this.source.codeOf(decl));
    }

    value(e: Expr): Eval {
        return compileValue(this, e);
    }

    /**
     * Values in order. Where a later one needs operations of its own, the earlier ones are computed first and kept in slots,
     * so that everything happens from left to right. What was left out is undefined.
     */
    values(exprs: readonly (Expr | undefined)[]): Eval[] {
        let last = -1;
        exprs.forEach((e, i) => {
            if (e && needsOps(this, e)) {
                last = i;
            }
        });
        return exprs.map((e, i): Eval => {
            if (!e) {
                return () => undefined;
            }
            const value = this.value(e);
            if (i >= last || e.kind === 'int' || e.kind === 'string' || e.kind === 'bool') {
                return value;
            }
            const slot = this.emitter.temp();
            this.emitter.emit((f) => {
                f.slots[slot] = value(f);
                return f.pc + 1;
            });
            return (f) => f.slots[slot];
        });
    }

    /** The text of a node in one line, for messages. */
    sourceOf(span: Span): string {
        const line = this.text.slice(span.start, span.end).replace(/\s+/g, ' ');
        return line.length > 100 ? `${line.slice(0, 99)}…` : line;
    }

    finish(body: Block, name: string, kind: Code['kind'], params: readonly string[], label: readonly Expr[]): Code {
        compileBlock(this, body);
        // falling off the end returns 0
        const { emitter, run, source } = this;
        const { uri } = this.info;
        emitter.emit(() => run.ret(kind === 'scenario' || kind === 'init' ? undefined : 0));
        const labels = label.map((e) => this.value(e));
        return {
            name,
            kind,
            uri,
            lines: () => source.linesOf(uri),
            span: body,
            ops: emitter.ops,
            pristine: emitter.ops.slice(),
            statements: emitter.statements,
            statementAt: emitter.statementAt,
            begins: emitter.begins,
            slots: emitter.slots,
            params,
            locals: this.info.locals,
            ...(labels.length > 0 ? { label: labels } : {}),
        };
    }
}
