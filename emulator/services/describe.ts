/** The description of a subject: its kind, type, place, one line of code, and its documentation. */
import { descriptionOf } from '../kernel/release/descriptions';
import { percentDecoded } from '../text/text';
import { CATALOGUE, isDiagnosisCode } from '../findings/catalogue';
import { FLAWS } from '../kernel/release/flaws';
import { layerNamed, titleOf } from '../kernel/release/layers';
import { simpleType, typeOfField } from '../language/check/types-of';
import type { SourceFile, Span } from '../language/syntax/ast';
import type { Program } from '../language/program';
import type { Type } from '../language/types';
import { format } from '../language/values';
import { COSTS, settableCost } from '../machine/costs';
import { commentOf } from './comments';
import { Declarations } from './declarations';
import type { Location } from './processes';
import { pageOfSubject } from './subject-pages';
import { settingNamed, wordOf } from './setting-tables';
import { annotation, callbackText, functionText, parameterText, typeText } from './signatures';
import { keyOf, nameOf, type CallbackOwner, type Declared, type ShippedKind, type Subject } from './subjects';
import type { Declaration, SymbolInfo, SymbolKind } from './symbol';

export function describe(program: Program, subject: Subject): SymbolInfo {
    return { key: keyOf(program, subject), ...about(program, subject), page: pageOfSubject(subject) };
}

type About = Omit<SymbolInfo, 'key' | 'page'>;

function about(program: Program, s: Subject): About {
    switch (s.kind) {
        case 'local': {
            const { name, type, declared } = s.variable;
            const declaration = { uri: s.uri, span: declared, whole: declared };
            return { kind: 'variable', name, type, signature: `${name}${annotation(type)}`, declaration };
        }
        case 'process': {
            const place = Declarations.of(program).firstOf(s.scope, s.name);
            return { kind: 'process', name: s.name, signature: `process ${s.name}`, declaration: onItsOwn(place) };
        }
        case 'process variable': {
            const { process, name, type } = s;
            const place = Declarations.of(program).firstOf(s.scope, process, name);
            const signature = `${process}.${name}${annotation(type)}`;
            return { kind: 'process variable', name, type, signature, declaration: onItsOwn(place) };
        }
        case 'struct field':
            return structField(program, s.struct, s.name);
        case 'file field':
            return fileField(program, s);
        case 'declaration':
            return declared(program, s.decl);
        case 'callback':
            return callback(program, s.owner, s.name);
        case 'native': {
            const { native, owner } = s;
            const signature = `${owner === '' ? '' : `${owner}.`}${functionText(native)}`;
            const doc = `${native.doc}${native.fails ? ' *Can fail.*' : ''}`;
            const kind = owner === '' ? 'function' : 'method';
            return { kind, name: native.name, type: native.result, signature, doc };
        }
        case 'field': {
            const { name, type, doc } = s.field;
            return { kind: 'field', name, type, signature: `${s.owner}.${name}${annotation(type)}`, doc };
        }
        case 'parameter': {
            const { name, type } = s.param;
            return { kind: 'parameter', name, type, signature: parameterText(s.param), doc: functionText(s.native) };
        }
        case 'global': {
            const { name, type, doc, constant } = s.global;
            if (constant === undefined) {
                return { kind: 'global', name, type, signature: `${name}${annotation(type)}`, doc };
            }
            const value = constant(program.page);
            return { kind: 'constant', name, type, value, signature: `${name} = ${format(value, type)}`, doc };
        }
        case 'device': {
            const found = Declarations.of(program).device(s.name);
            const [name] = found?.decl.args ?? [];
            return {
                kind: 'device',
                name: s.name,
                type: { k: 'object', name: 'device' },
                signature: found ? headOf(program.files.get(found.uri), found.decl) : `device ${s.name}`,
                doc: found && docOf(program, found.uri, found.decl),
                declaration: found && name && { uri: found.uri, span: spanOf(name), whole: spanOf(found.decl) },
            };
        }
        case 'setting': {
            const { of, name, word } = s;
            const setting = settingNamed(of, name);
            return word === undefined
                ? { kind: 'setting', name, signature: setting?.examples[0] ?? name, doc: setting?.doc }
                : { kind: 'setting', name: word, signature: `${name} ${word}`, doc: wordOf(of, name, word) };
        }
        case 'shipped':
            return shipped(program, s.of, s.name);
        case 'file': {
            const name = percentDecoded(s.uri.slice(s.uri.lastIndexOf('/') + 1));
            const start = { start: 0, end: 0 };
            const declaration = { uri: s.uri, span: start, whole: start };
            return { kind: 'file', name, signature: `import "${name}"`, declaration };
        }
    }
}

function spanOf({ start, end }: Span): Span {
    return { start, end };
}

function onItsOwn(place: Location | undefined): Declaration | undefined {
    return place && { uri: place.uri, span: spanOf(place.span), whole: spanOf(place.span) };
}

function docOf(program: Program, uri: string, declaration: Span): string | undefined {
    const file = program.files.get(uri);
    return file && commentOf(file, declaration);
}

/** A declaration up to its block, in one line. */
function headOf(file: SourceFile | undefined, declaration: Span): string {
    const text = file?.text.slice(declaration.start, declaration.end) ?? '';
    const [head = ''] = /^(?:"(?:[^"\\\n]|\\.)*"|[^"{])*/.exec(text) ?? [];
    return head.replace(/\s+/g, ' ').trim();
}

const KINDS = {
    const: 'constant',
    file: 'file kind',
    flb: 'FLB',
    fn: 'function',
    handler: 'handler',
    kernel: 'kernel',
    scenario: 'scenario',
    struct: 'struct',
} as const satisfies Readonly<Record<Declared['kind'], SymbolKind>>;

function declared(program: Program, decl: Declared): About {
    const uri = program.uriOf.get(decl) ?? '';
    const file = program.files.get(uri);
    const value = decl.kind === 'const' ? program.constValues.get(decl) : undefined;
    return {
        kind: KINDS[decl.kind],
        name: nameOf(decl),
        signature:
            value === undefined ? headOf(file, decl) : `const ${nameOf(decl)} = ${format(value.value, value.type)}`,
        doc: docOf(program, uri, decl),
        type: value?.type,
        value: value?.value,
        declaration: { uri, span: spanOf(decl.name), whole: spanOf(decl) },
    };
}

function structField(program: Program, struct: string, name: string): About {
    const layout = program.structs.get(struct);
    const field = layout?.byName.get(name);
    const found = Declarations.of(program).struct(struct);
    const decl = found?.decl.fields.find((f) => f.name.name === name);
    const type = field && typeOfField(field.type);
    const offset = field ? `, at offset ${field.offset}` : '';
    return {
        kind: 'field',
        name,
        type,
        signature: `${struct}.${name}${decl && found ? `: ${textOf(program, found.uri, decl.type)}` : annotation(type)}${offset}`,
        doc: decl && found && docOf(program, found.uri, decl),
        declaration: decl && found && { uri: found.uri, span: spanOf(decl.name), whole: spanOf(decl) },
    };
}

function textOf(program: Program, uri: string, span: Span): string {
    return (program.files.get(uri)?.text.slice(span.start, span.end) ?? '').replace(/\s+/g, ' ');
}

function fileField(program: Program, { file, name }: Extract<Subject, { kind: 'file field' }>): About {
    const uri = program.uriOf.get(file) ?? '';
    const field = file.fields.find((f) => f.name.name === name);
    const type = field?.type ? simpleType(field.type.name.name) : field?.init && program.types.get(field.init);
    const written = field ? textOf(program, uri, field) : name;
    return {
        kind: 'field',
        name,
        type,
        signature: `${file.name.name}.${written}`,
        doc: field && docOf(program, uri, field),
        declaration: field && { uri, span: spanOf(field.name), whole: spanOf(field) },
    };
}

function callback(program: Program, owner: CallbackOwner, name: string): About {
    const uri = program.uriOf.get(owner) ?? '';
    const shape = program.natives.callbacks[owner.kind].get(name);
    const decl = owner.callbacks.find((c) => c.name.name === name);
    const params = decl ? { params: decl.params.map((p) => ({ name: p.name, type: { k: 'any' } as const })) } : shape;
    return {
        kind: 'callback',
        name,
        type: shape?.result,
        signature: `${owner.name.name}.${params ? callbackText(name, params) : name}`,
        doc: [decl && docOf(program, uri, decl), shape?.doc].filter((d) => d !== undefined).join('\n\n'),
        declaration: decl && { uri, span: spanOf(decl.name), whole: spanOf(decl) },
    };
}

function shipped(program: Program, kind: ShippedKind, name: string): About {
    const plain = (signature: string, doc?: string, type?: Type): About => ({ kind, name, signature, doc, type });
    const { natives } = program;
    switch (kind) {
        case 'finding':
            return isDiagnosisCode(name)
                ? plain(`${name}: ${CATALOGUE[name].title}`, CATALOGUE[name].advice)
                : plain(name);
        case 'kernel':
            return plain(`kernel "${name}"`, descriptionOf(name)?.summary);
        case 'file kind':
            return plain(`file ${name}`, natives.fileKinds.get(name));
        case 'type': {
            const type = simpleType(name);
            const signature = type && typeText(type) !== name ? `${name} (${typeText(type)})` : name;
            return plain(signature, natives.objects.get(name)?.doc, type);
        }
        case 'layer': {
            const layer = layerNamed(name);
            return plain(`layers ${layer ? titleOf(layer) : name}`, layer?.summary);
        }
        case 'flaw':
            return plain(`flaws ${name}`, FLAWS.get(name));
        case 'cost': {
            const cost = settableCost(name);
            const { ns, per, what } = cost ? COSTS[cost] : { ns: 0, per: '', what: undefined };
            return plain(`cost ${name} ${ns}ns${per === '' ? '' : ` a ${per}`}`, what);
        }
        case 'injection point':
            return plain(`inject … into ${name}`, natives.injectionPoints.get(name));
    }
}
