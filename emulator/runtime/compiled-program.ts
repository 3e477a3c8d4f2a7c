/** The code of a checked program, compiled for the host that it acts on. */
import type { Program } from '../language/program';
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
import type { Value } from '../language/types';
import { type Code, Frame } from './code';
import { type CodeSource, FnCompiler } from './compile/function';
import type { Declarations } from './declarations';
import type { Executable } from './executable';
import type { Host } from './host/host';
import { librariesOf } from './host/kernels';

/** A checked program, and code of it that is not compiled from the language: the lines of a recording. */
export interface RunnableProgram extends Program {
    readonly made?: ReadonlyMap<object, (host: Host) => Code>;
}

export class CompiledProgram implements Executable {
    private readonly codes = new Map<object, Code>();
    private readonly source: CodeSource;
    readonly declarations: Declarations;

    constructor(
        private readonly program: RunnableProgram,
        private readonly host: Host,
    ) {
        this.declarations = host.declarations;
        this.source = { host, codeOf: (decl) => this.codeOf(decl), linesOf: (uri) => this.declarations.linesOf(uri) };
    }

    std(name: string, library: Program): Code {
        const decl = library.fns.get(name);
        if (!decl) {
            throw new RangeError(`the standard library has no function ${name}`);
        }
        return this.codeOf(decl);
    }

    codeOf(decl: FnDecl | Callback): Code {
        return this.memo(decl, (program) => {
            const info = program.code.get(decl);
            if (!info) {
                throw new RangeError(`${decl.name.name} was not checked`);
            }
            const c = new FnCompiler(program, info, this.source);
            const params = decl.kind === 'fn' ? decl.params.map((p) => p.name.name) : decl.params.map((p) => p.name);
            if (decl.kind === 'fn') {
                return c.finish(decl.body, decl.name.name, 'fn', params, decl.label);
            }
            const owner = ownerOf(program, decl);
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
                this.program.made?.get(decl)?.(this.host) ??
                new FnCompiler(program, info, this.source).finish(
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
            return new FnCompiler(program, info, this.source).finish(
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
            code = make(this.declarations.programOf(decl));
            this.codes.set(decl, code);
        }
        return code;
    }

    codeIn(uri: string): Code[] {
        const out: Code[] = [];
        for (const library of librariesOf(this.program)) {
            // a file of the kernel's own may be shared by releases, each with code of its own
            if (library.some((name) => uri === `lus-std:/${name}.lus`)) {
                this.declarations.library(library);
            }
        }
        for (const program of [this.program, ...this.declarations.libraries]) {
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

    constant(program: Program, uri: string, e: Expr): Value {
        const info = { decl: { kind: 'init' as const, kernel: NO_KERNEL }, uri, slots: 0, locals: [] };
        const c = new FnCompiler(program, info, this.source);
        const value = c.value(e);
        return value(Frame.of(c.finish(NO_KERNEL_BODY, 'constant', 'init', [], []), 'kernel'));
    }
}

function ownerOf(program: Program, callback: Callback): HandlerDecl | FlbDecl | FileDecl | undefined {
    const all = [...program.handlers.values(), ...program.flbs.values(), ...program.fileKinds.values()];
    return all.find((d) => d.callbacks.includes(callback));
}

const NO_KERNEL: KernelDecl = {
    kind: 'kernel',
    name: { kind: 'string', value: '', start: 0, end: 0 },
    entries: [],
    start: 0,
    end: 0,
};
const NO_KERNEL_BODY = { kind: 'block' as const, statements: [], start: 0, end: 0 };
