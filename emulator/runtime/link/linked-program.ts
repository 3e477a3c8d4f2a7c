/** The code of a checked program for a host: created from its form on first use. */
import type { Program } from '../../language/program';
import type { Callback, Expr, FnDecl, KernelInit } from '../../language/syntax/ast';
import type { Variant } from '../../language/syntax/variants';
import type { Value } from '../../language/types';
import { type Code, Frame, codeOutsideFiles } from '../code';
import { type Coded, codedIn, constantForm, formOf } from '../compile/forms';
import type { Declarations } from '../declarations';
import type { Executable } from '../executable';
import type { CodeForm } from '../form/form';
import { type Generation, HOT, HotCode } from '../generate/hot-code';
import type { Host } from '../host/host';
import { librariesOf } from '../host/kernels';
import type { Natives } from '../natives/native';
import { KERNEL_NATIVES } from '../natives/tracepoints';
import { recording } from '../touching/natives';
import { recordingOperation } from '../touching/operations';
import { linkExpression } from './expressions';
import { Linkage } from './linkage';
import { linkOperation } from './operations';
import { LinkedOutside } from './outside';

/** A checked program, and its code that is not compiled from the language: the lines of a recording. */
export interface RunnableProgram extends Program {
    readonly made?: ReadonlyMap<object, (host: Host) => Code>;
}

export class LinkedProgram implements Executable {
    readonly declarations: Declarations;
    private readonly codes = new Map<object, Code>();
    private readonly hot = new Map<Code, HotCode>();
    private readonly generation: Generation;
    private readonly kernelNatives: Natives;

    /** @param hotAfter how many rounds of a loop closures execute before code is generated for it; Infinity: all */
    constructor(
        private readonly program: RunnableProgram,
        private readonly host: Host,
        hotAfter = HOT,
    ) {
        this.declarations = host.declarations;
        this.kernelNatives = host.touches ? recording(KERNEL_NATIVES, host.touches) : KERNEL_NATIVES;
        this.generation = { run: host.interpreter, hotAfter, permitted: hotAfter < Infinity };
    }

    std(name: string, library: Program): Code {
        const decl = library.fns.get(name);
        if (!decl) {
            throw new RangeError(`${library.main} has no function ${name}`);
        }
        return this.codeOf(decl);
    }

    codeOf(decl: FnDecl | Callback): Code {
        return this.linked(decl);
    }

    scenarioCode(decl: Variant): Code {
        return this.linked(decl.of?.decl ?? decl);
    }

    initCode(init: KernelInit): Code {
        return this.linked(init);
    }

    codeIn(uri: string): Code[] {
        for (const library of librariesOf(this.program)) {
            // releases may share a file of the kernel, but each has its own code for it
            if (library.some((name) => uri === `lus-std:/${name}.lus`)) {
                this.declarations.library(library);
            }
        }
        return [this.program, ...this.declarations.libraries].flatMap((program) =>
            codedIn(program, uri).map((decl) => this.linked(decl)),
        );
    }

    constant(program: Program, uri: string, e: Expr): Value {
        const value = linkExpression(this.linkage(program, uri), constantForm(program, uri, e));
        return value(Frame.of(codeOutsideFiles([], 0), 'kernel', 0));
    }

    private linked(decl: Coded): Code {
        let code = this.codes.get(decl);
        if (!code) {
            const program = this.declarations.programOf(decl);
            code = this.program.made?.get(decl)?.(this.host) ?? this.link(program, formOf(program, decl));
            this.codes.set(decl, code);
        }
        return code;
    }

    private link(program: Program, form: CodeForm): Code {
        const l = this.linkage(program, form.uri);
        const { touches } = this.host;
        const ops = form.operations.map((o) =>
            touches ? recordingOperation(touches, this.host, o, linkOperation(l, o)) : linkOperation(l, o),
        );
        if (form.kind === 'fn') {
            // the operation at which a function continues whose call accepts its failure
            ops.push((f) => (f.failing ? l.run.giveUp(f.failing) : l.run.ret(undefined)));
        }
        // field by field: objects from a spread have no fixed shape, and every operation reads this one
        const code: Code = {
            name: form.name,
            kind: form.kind,
            uri: form.uri,
            span: form.span,
            ops,
            pristine: ops.slice(),
            traps: new Map(),
            statements: form.statements,
            statementAt: form.statementAt,
            begins: form.begins,
            finallyAt: form.finallyAt,
            slots: form.slots,
            params: form.params,
            locals: form.locals,
            label: form.label.map((e) => linkExpression(l, e)),
            hot: null,
        };
        const functions = (name: string): HotCode | undefined => this.hot.get(this.std(name, program));
        const hot = new HotCode(code, form, this.generation, new LinkedOutside(l), functions);
        this.hot.set(code, hot);
        code.hot = hot;
        return code;
    }

    private linkage(program: Program, uri: string): Linkage {
        const natives = program === this.program ? this.host.natives : this.kernelNatives;
        return new Linkage(program, uri, this.host, natives, (name) => this.std(name, program));
    }
}
