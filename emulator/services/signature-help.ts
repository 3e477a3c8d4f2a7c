/** Signature help: the call around an offset, its parameters and the current one. */
import type { FunctionShape, NativeParam } from '../language/natives';
import type { Program } from '../language/program';
import type { CallExpr, NewExpr } from '../language/syntax/ast';
import { Declarations } from './declarations';
import { describe } from './describe';
import { isKind } from './nodes';
import { annotation, functionText, parameterText, REPLY } from './signatures';
import { situationAt, type Situation, type Source } from './completion/situation';

export interface SignatureHelp {
    /** The call as a declaration. */
    readonly label: string;
    readonly doc: string;
    /** Each one is a part of the label. */
    readonly parameters: readonly string[];
    /** Undefined after the last one. */
    readonly active: number | undefined;
}

export function signatureAt(source: Source, offset: number): SignatureHelp | undefined {
    const s = situationAt(source, offset);
    const call = s?.place?.above.find((n): n is CallExpr | NewExpr => isKind(n, 'call') || isKind(n, 'new'));
    if (!s || !call || !inArguments(s, call)) {
        return undefined;
    }
    const shape = shapeOf(s.program, call);
    return shape && { ...shape, active: activeOf(s, call, shape.names) };
}

interface Shape {
    readonly label: string;
    readonly doc: string;
    readonly parameters: readonly string[];
    readonly names: readonly string[];
}

/** After the opening parenthesis. */
function inArguments({ text, span }: Situation, call: CallExpr | NewExpr): boolean {
    const callee = isKind(call, 'call') ? call.callee.end : call.name.end;
    return text.slice(callee, span.start).includes('(');
}

function shapeOf(program: Program, call: CallExpr | NewExpr): Shape | undefined {
    if (isKind(call, 'new')) {
        const file = program.fileKinds.get(call.name.name);
        const fields = file?.fields ?? [];
        const parameters = fields.map((f) => `${f.name.name}${f.type ? `: ${f.type.name.name}` : ''}`);
        const names = fields.map((f) => f.name.name);
        return file && { label: `new ${file.name.name}(${parameters.join(', ')})`, doc: '', parameters, names };
    }
    const { callee } = call;
    const member = isKind(callee, 'member') ? program.members.get(callee) : undefined;
    const meaning = isKind(callee, 'name') ? program.names.get(callee) : undefined;
    const native = member?.kind === 'method' ? member.method : meaning?.kind === 'native' ? meaning.native : undefined;
    if (native) {
        return ofNative(program, native);
    }
    if (meaning?.kind !== 'fn') {
        return undefined;
    }
    const { decl } = meaning;
    const names = decl.params.map((p) => p.name.name);
    const parameters = decl.params.map((p) => {
        const known = program.names.get(p.name);
        return `${p.name.name}${annotation(known?.kind === 'local' ? known.type : undefined)}`;
    });
    const { doc = '' } = describe(program, { kind: 'declaration', decl });
    return { label: `${decl.name.name}(${parameters.join(', ')})`, doc, parameters, names };
}

function ofNative(program: Program, native: FunctionShape): Shape {
    const params = native.params.filter((p: NativeParam) => p.name !== REPLY);
    const owner = Declarations.of(program).ownerOf(native);
    return {
        label: `${owner === '' || owner === 'fd' ? '' : `${owner}.`}${functionText(native)}`,
        doc: native.doc,
        parameters: params.map(parameterText),
        names: params.map((p) => p.name),
    };
}

/** The parameter of the argument that the cursor is in. */
function activeOf({ span }: Situation, call: CallExpr | NewExpr, names: readonly string[]): number | undefined {
    const index = call.args.findIndex((a) => a.start <= span.start && span.start <= a.end);
    const name = call.args[index]?.name;
    const at = name ? names.indexOf(name.name) : index;
    return at < 0 || at >= names.length ? undefined : at;
}
