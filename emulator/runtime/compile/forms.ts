/** The forms of a program's code, made once for all of its runs. */
import type { CodeInfo, Program } from '../../language/program';
import type {
    Block,
    Callback,
    Expr,
    FileDecl,
    FlbDecl,
    FnDecl,
    HandlerDecl,
    KernelInit,
    ScenarioDecl,
} from '../../language/syntax/ast';
import type { CodeForm, CodeShape, Expression } from '../form/form';
import { Compiler } from './compiler';
import { compileValue } from './expressions';
import { compileBlock } from './statements';

/** A declaration with code: a function, a callback, a scenario, or the `init` block of a kernel. */
export type Coded = FnDecl | Callback | ScenarioDecl | KernelInit;

const CALLBACK_KINDS: ReadonlySet<CodeShape['kind']> = new Set(['handler', 'flb', 'file']);

const made = new WeakMap<Program, Map<object, CodeForm>>();

/** The form of a declaration's code. @throws RangeError if the program was not checked with it */
export function formOf(program: Program, decl: Coded): CodeForm {
    let forms = made.get(program);
    if (!forms) {
        forms = new Map();
        made.set(program, forms);
    }
    let form = forms.get(decl);
    if (!form) {
        form = compile(program, decl);
        forms.set(decl, form);
    }
    return form;
}

/** The declarations with code in a file of a program. */
export function codedIn(program: Program, uri: string): Coded[] {
    return [...program.code].flatMap(([decl, info]): Coded[] => {
        if (info.uri !== uri) {
            return [];
        }
        if (info.decl.kind !== 'init') {
            return [info.decl];
        }
        return info.decl.kernel.entries.filter((e): e is KernelInit => e === decl);
    });
}

/** The tree of an expression outside of all code, such as a field's first value. */
export function constantForm(program: Program, uri: string, e: Expr): Expression {
    const info: CodeInfo = { decl: NOWHERE, uri, slots: 0, locals: [] };
    return compileValue(new Compiler(program, info), e);
}

function compile(program: Program, decl: Coded): CodeForm {
    const info = program.code.get(decl);
    if (!info) {
        throw new RangeError('this code was not checked');
    }
    switch (decl.kind) {
        case 'fn': {
            const params = decl.params.map((p) => p.name.name);
            return finish(program, info, decl.body, { name: decl.name.name, kind: 'fn', params }, decl.label);
        }
        case 'callback': {
            const owner = ownerOf(program, decl);
            return finish(program, info, decl.body, {
                name: `${owner?.name.name ?? ''}.${decl.name.name}`,
                kind: owner?.kind ?? 'handler',
                params: decl.params.map((p) => p.name),
            });
        }
        case 'scenario':
            return finish(program, info, decl.body, {
                name: `scenario "${decl.name.value}"`,
                kind: 'scenario',
                params: decl.param ? [decl.param.variable.name] : [],
            });
        case 'init': {
            const kernel = info.decl.kind === 'init' ? info.decl.kernel.name.value : '';
            return finish(program, info, decl.body, { name: `init of "${kernel}"`, kind: 'init', params: [] });
        }
    }
}

function finish(
    program: Program,
    info: CodeInfo,
    body: Block,
    named: Pick<CodeShape, 'name' | 'kind' | 'params'>,
    label: readonly Expr[] = [],
): CodeForm {
    const c = new Compiler(program, info);
    const { emitter } = c;
    compileBlock(c, body);
    if (emitter.statements.length === 0 && CALLBACK_KINDS.has(named.kind)) {
        // an empty callback is called nevertheless: its closing brace is a place to stop
        emitter.statement({ start: body.end - 1, end: body.end });
    }
    // falling off the end returns 0
    emitter.emit({ op: 'end', value: named.kind === 'scenario' || named.kind === 'init' ? undefined : 0 });
    const labels = label.map((e) => compileValue(c, e));
    return {
        name: named.name,
        kind: named.kind,
        params: named.params,
        uri: info.uri,
        span: { start: body.start, end: body.end },
        operations: emitter.operations(),
        statements: emitter.statements,
        statementAt: emitter.statementAt,
        begins: emitter.begins,
        slots: emitter.slots,
        locals: info.locals,
        label: labels,
    };
}

function ownerOf(program: Program, callback: Callback): HandlerDecl | FlbDecl | FileDecl | undefined {
    const all = [...program.handlers.values(), ...program.flbs.values(), ...program.fileKinds.values()];
    return all.find((d) => d.callbacks.includes(callback));
}

const NOWHERE: CodeInfo['decl'] = {
    kind: 'init',
    kernel: { kind: 'kernel', name: { kind: 'string', value: '', start: 0, end: 0 }, entries: [], start: 0, end: 0 },
};
