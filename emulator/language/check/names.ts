/** The meaning of a name in an expression. */
import { changeTo, insertAt } from '../check-finding';
import { FOREIGN_NAMES } from '../syntax/foreign';
import type { NameExpr } from '../syntax/ast';
import { ANY, INT, listOf, objectOf, type Type } from '../types';
import type { CodeContext } from './context';
import { constantValue, errnoValue } from './fold';
import { missingLayer } from './layer-rules';
import { typeNamed } from './named-types';
import { quoted } from './program-builder';
import type { Var } from './scope';

/** The type of a name that is read, declarations included. */
export function nameType(c: CodeContext, e: NameExpr): Type {
    return variableType(c, e) ?? declaredType(c, e) ?? unknownName(c, e);
}

function variableType(c: CodeContext, e: NameExpr): Type | undefined {
    const local = c.process === undefined ? c.vars.find(e.name) : c.vars.find(e.name, true);
    if (local) {
        return readVariable(c, e, local);
    }
    if (c.process !== undefined) {
        const v = c.processVar(c.process, e.name);
        if (v) {
            return readVariable(c, e, v);
        }
        const outer = c.vars.find(e.name);
        if (outer) {
            c.outerReads.push({ process: c.process, at: e });
            return readVariable(c, e, outer);
        }
        return lostVar(c, e, c.process);
    }
    return kindField(c, e);
}

function readVariable(c: CodeContext, e: NameExpr, v: Var): Type {
    v.reads++;
    c.mean(e, v.meaning);
    if (c.flow.isGone(v)) {
        c.error(
            'LU0208',
            e,
            `${quoted(e.name)} belongs to the previous kernel, which ${c.flow.kernelWhy} ended. Get it again from the running kernel.`,
        );
    }
    return c.flow.narrowed.get(v) ?? v.type;
}

/** A variable that a process of this name had before, or will have later. */
function lostVar(c: CodeContext, e: NameExpr, process: string): Type | undefined {
    const proc = c.flow.procs.get(process);
    const why = proc?.lost.get(e.name);
    if (why !== undefined) {
        c.mean(e, { kind: 'process-var', process, name: e.name, type: ANY });
        c.error(
            'LU0208',
            e,
            `${quoted(e.name)} belonged to the previous ${quoted(process)}, which ${why} ended. Assign it again.`,
        );
        return ANY;
    }
    const known = c.program.fnProcessVars.get(process)?.get(e.name);
    if (known && proc?.open !== false) {
        c.mean(e, { kind: 'process-var', process, name: e.name, type: known });
        return known;
    }
    if (proc?.open === true && c.unit.fn) {
        c.mean(e, { kind: 'process-var', process, name: e.name, type: ANY });
        return ANY;
    }
    return undefined;
}

/** The field of this name of the file kind whose callback this is. */
export function kindField(c: CodeContext, e: NameExpr): Type | undefined {
    const file = c.unit.fileKind;
    const index = file?.fields.findIndex((f) => f.name.name === e.name) ?? -1;
    if (!file || index < 0) {
        return undefined;
    }
    const type = typeOfKindField(c, file.name.name, index);
    c.mean(e, { kind: 'kind-field', file, index, type });
    return type;
}

/** The type of a field of a file kind: as declared, else that of its initial value, else any. */
export function typeOfKindField(c: CodeContext, kind: string, index: number): Type {
    const f = c.program.fileKind(kind)?.fields[index];
    if (f?.type) {
        const known = c.program.kindFieldTypes.get(f);
        if (known) {
            return known;
        }
        const type: Type = f.type.length ? listOf(ANY) : typeNamed(c.program, c.unit.uri, f.type);
        c.program.kindFieldTypes.set(f, type);
        return type;
    }
    const init = f?.init;
    return init === undefined ? ANY : (c.program.types.get(init) ?? ANY);
}

function declaredType(c: CodeContext, e: NameExpr): Type | undefined {
    const { program } = c;
    const { name } = e;
    const constant = program.consts.get(name);
    if (constant) {
        const value = constantValue(c.program, name);
        c.mean(e, { kind: 'const', name, value, type: constant.type });
        return constant.type;
    }
    if (
        c.unit.processes?.has(name) === true ||
        c.flow.procs.has(name) ||
        (c.unit.fn && c.unit.fn.context !== 'kernel' && program.processNames.has(name))
    ) {
        c.mean(e, { kind: 'process', name });
        return c.isArray(name) ? { k: 'decl', of: 'process', name, array: true } : { k: 'decl', of: 'process', name };
    }
    if (program.devices.has(name)) {
        c.mean(e, { kind: 'device', name });
        return objectOf('device');
    }
    const global = program.natives.globals.get(name);
    if (global) {
        c.mean(
            e,
            global.constant === undefined
                ? { kind: 'global', name }
                : { kind: 'const', name, value: global.constant(program.page), type: global.type },
        );
        c.require(global.context, e, quoted(name));
        return global.type;
    }
    return declarationType(c, e) ?? errorName(c, e);
}

function declarationType(c: CodeContext, e: NameExpr): Type | undefined {
    const { program } = c;
    const { name } = e;
    const struct = program.structDecl(name);
    if (struct) {
        c.mean(e, { kind: 'struct', decl: struct });
        return { k: 'decl', of: 'struct', name };
    }
    const file = program.fileKind(name);
    if (file) {
        c.mean(e, { kind: 'file', decl: file });
        return { k: 'decl', of: 'file', name };
    }
    if (program.natives.fileKinds.has(name)) {
        c.mean(e, { kind: 'builtin-file', name });
        return { k: 'decl', of: 'file', name };
    }
    const handler = program.handler(name);
    if (handler) {
        c.mean(e, { kind: 'handler', decl: handler });
        return { k: 'decl', of: 'handler', name };
    }
    const flb = program.flb(name);
    if (flb) {
        c.mean(e, { kind: 'flb', decl: flb });
        return { k: 'decl', of: 'flb', name };
    }
    return undefined;
}

function errorName(c: CodeContext, e: NameExpr): Type | undefined {
    const value = errnoValue(e.name);
    if (value === undefined) {
        return undefined;
    }
    c.mean(e, { kind: 'const', name: e.name, value, type: INT });
    return INT;
}

function unknownName(c: CodeContext, e: NameExpr): Type {
    const { name } = e;
    const fn = c.program.fns.get(name) ?? c.program.natives.functions.get(name);
    if (fn) {
        c.mean(e, 'decl' in fn ? { kind: 'fn', decl: fn.decl } : { kind: 'native', native: fn });
        c.error('LU0308', e, `${quoted(name)} is a function. Call it: \`${name}(…)\`.`, insertAt(e.end, '()'));
        return ANY;
    }
    const hidden = c.vars.all.findLast((v) => v.name === name);
    if (hidden && hidden.process === undefined && c.process === undefined) {
        hidden.reads++;
        c.error(
            'LU0207',
            e,
            `${quoted(name)} is local to the block in which line ${c.line(hidden.span)} assigns it. Assign it before that block to use it here.`,
        );
        return ANY;
    }
    const elsewhere = c.vars.all.find((v) => v.name === name && v.process !== undefined && v.process !== c.process);
    if (elsewhere?.process !== undefined) {
        elsewhere.reads++;
        c.error(
            'LU0207',
            e,
            `${quoted(name)} is a variable of the process ${quoted(elsewhere.process)}. Read it as \`${elsewhere.process}.${name}\`.`,
            changeTo(e, `${elsewhere.process}.${name}`),
        );
        return ANY;
    }
    const ours = FOREIGN_NAMES.get(name);
    if (ours !== undefined) {
        c.error('LU0138', e, `Write ${quoted(ours)}.`, changeTo(e, ours));
        return ANY;
    }
    c.unknown('LU0201', e, name, `${quoted(name)} is not defined.${missingLayer(name)}`, readableNames(c));
    return ANY;
}

/** Names that can be read here, for suggestions. */
export function* readableNames(c: CodeContext): Generator<string> {
    const { program } = c;
    yield* c.vars.visible();
    if (c.process !== undefined) {
        yield* c.flow.procs.get(c.process)?.vars.keys() ?? [];
    }
    yield* c.unit.fileKind?.fields.map((f) => f.name.name) ?? [];
    yield* c.unit.processes ?? [];
    yield* program.consts.keys();
    yield* program.devices.keys();
    yield* program.natives.globals.keys();
    yield* program.structDecls.keys();
    yield* program.declared('fileKinds');
    yield* program.declared('handlers');
    yield* program.declared('flbs');
}
