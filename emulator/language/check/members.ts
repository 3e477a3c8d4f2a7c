/** The meaning of `.name` and `[i]` on a value of a type. */
import { capital } from '../../text/text';
import { insertAt } from '../check-finding';
import type { FunctionShape, ObjectShape } from '../natives';
import type { IndexExpr, MemberExpr } from '../syntax/ast';
import { ANY, INT, type Type } from '../types';
import type { CodeContext } from './context';
import { typeOfKindField } from './names';
import { quoted } from './program-builder';
import { describeType, isIntLike, typeOfField } from './types-of';

/** A member that can be called, or a value. */
export type Found = { readonly method: FunctionShape } | { readonly type: Type; readonly writable: boolean };

/** The native table that describes values of this type. */
export function tableOf(c: CodeContext, t: Type): ObjectShape | undefined {
    const { natives } = c.program;
    switch (t.k) {
        case 'fd':
            return natives.fd;
        case 'object':
            return natives.objects.get(t.name);
        case 'kind':
            return natives.objects.get('file');
        // a handler's or an FLB's name stands for the kernel's object of it
        case 'decl':
            return natives.objects.get(t.of) ?? natives.objects.get(`luo_${t.of}`);
        default:
            return natives.objects.get(t.k);
    }
}

/** Reading `a.b`: a method without a call is an error. */
export function memberType(c: CodeContext, e: MemberExpr): Type {
    const found = findMember(c, e);
    if (found && 'method' in found) {
        c.error(
            'LU0308',
            e.member,
            `${quoted(e.member.name)} is a method. Call it: \`${e.member.name}(…)\`.`,
            insertAt(e.member.end, '()'),
        );
        return ANY;
    }
    return found?.type ?? ANY;
}

/** The meaning of a member expression; reports an error and returns undefined if it has none. */
export function findMember(c: CodeContext, e: MemberExpr): Found | undefined {
    const object = c.expr(e.object);
    const { name } = e.member;
    if (name === '') {
        return undefined;
    }
    if (object.k === 'any') {
        c.program.members.set(e, { kind: 'dynamic', name });
        return { type: ANY, writable: true };
    }
    return (
        processMember(c, e, object) ??
        ownMember(c, e, object) ??
        nativeMember(c, e, object) ??
        unknownMember(c, e, object)
    );
}

function processMember(c: CodeContext, e: MemberExpr, object: Type): Found | undefined {
    if (object.k !== 'decl' || object.of !== 'process') {
        return undefined;
    }
    const { name } = e.member;
    if (object.array) {
        c.error('LU0203', e.object, whichOf(object.name), insertAt(e.object.end, '[0]', 'Take the first one'));
        return { type: ANY, writable: true };
    }
    const process = object.name;
    const proc = c.flow.procs.get(process);
    const v = proc?.vars.get(name);
    const gone = (): void =>
        c.error(
            'LU0208',
            e.member,
            `${quoted(name)} belonged to the previous ${quoted(process)}, which ${proc?.lost.get(name) ?? proc?.why ?? ''} ended. Assign it again in a new \`process ${process}\`.`,
        );
    const mean = (type: Type): Found => {
        c.program.members.set(e, { kind: 'process-var', process, name });
        return { type, writable: false };
    };
    if (v) {
        v.reads++;
        if (proc?.status === 'dead') {
            gone();
        }
        return mean(v.type);
    }
    if (proc?.lost.has(name) === true) {
        gone();
        return mean(ANY);
    }
    const known = c.program.fnProcessVars.get(process)?.get(name);
    if (known) {
        return mean(known);
    }
    return c.unit.fn && !tableOf(c, object)?.fields.has(name) && !tableOf(c, object)?.methods.has(name)
        ? mean(ANY)
        : undefined;
}

/** A field of a struct in memory, or of a file kind that is declared in the language. */
function ownMember(c: CodeContext, e: MemberExpr, object: Type): Found | undefined {
    const { name } = e.member;
    if (object.k === 'view') {
        const layout = c.program.layout(object.struct);
        const field = layout?.byName.get(name);
        if (layout && field) {
            c.program.members.set(e, { kind: 'struct-field', layout, name });
            return { type: typeOfField(field.type), writable: true };
        }
    }
    if (object.k === 'kind') {
        const file = c.program.fileKind(object.name);
        const index = file?.fields.findIndex((f) => f.name.name === name) ?? -1;
        if (file && index >= 0) {
            c.program.members.set(e, { kind: 'kind-field', file, index });
            return { type: typeOfKindField(c, object.name, index), writable: true };
        }
    }
    if (object.k === 'record' && (!object.fields || object.fields.has(name))) {
        c.program.members.set(e, { kind: 'dynamic', name });
        return { type: object.fields?.get(name) ?? ANY, writable: true };
    }
    if ((object.k === 'list' || object.k === 'bytes') && (name === 'length' || name === 'size')) {
        c.program.members.set(e, { kind: 'dynamic', name });
        return { type: INT, writable: false };
    }
    return undefined;
}

function nativeMember(c: CodeContext, e: MemberExpr, object: Type): Found | undefined {
    const table = tableOf(c, object);
    const { name } = e.member;
    const field = table?.fields.get(name);
    if (field) {
        c.program.members.set(e, { kind: 'field', field });
        const narrowed =
            name === 'file' && object.k === 'object' && object.name === 'luo_args' ? c.unit.fileType : undefined;
        return { type: narrowed ?? field.type, writable: field.writable === true };
    }
    const method = table?.methods.get(name);
    if (method) {
        c.program.members.set(e, { kind: 'method', method });
        return { method };
    }
    return undefined;
}

function unknownMember(c: CodeContext, e: MemberExpr, object: Type): undefined {
    c.program.members.set(e, { kind: 'dynamic', name: e.member.name });
    const { name } = e.member;
    const what =
        object.k === 'decl'
            ? `The ${object.of === 'file' ? 'file kind' : object.of === 'flb' ? 'FLB' : object.of} ${quoted(object.name)}`
            : capital(describeType(object));
    const message =
        object.k === 'decl' && object.of === 'process'
            ? `${what} has no variable ${quoted(name)} yet.`
            : `${what} has no ${quoted(name)}.`;
    c.unknown('LU0203', e.member, e.member.name, message, memberNames(c, object));
    return undefined;
}

/** The names that may follow the `.` of a value of this type. */
function* memberNames(c: CodeContext, object: Type): Generator<string> {
    const table = tableOf(c, object);
    yield* table?.fields.keys() ?? [];
    yield* table?.methods.keys() ?? [];
    if (object.k === 'view') {
        yield* c.program.layout(object.struct)?.byName.keys() ?? [];
    }
    if (object.k === 'kind') {
        yield* c.program.fileKind(object.name)?.fields.map((f) => f.name.name) ?? [];
    }
    if (object.k === 'record') {
        yield* object.fields?.keys() ?? [];
    }
    if (object.k === 'decl' && object.of === 'process') {
        yield* c.flow.procs.get(object.name)?.vars.keys() ?? [];
    }
}

/** The message for an array of processes where one process is needed. */
export function whichOf(array: string): string {
    return `${quoted(array)} is an array of processes. Select one: ${quoted(`${array}[0]`)}.`;
}

export function indexType(c: CodeContext, e: IndexExpr): Type {
    const object = c.expr(e.object);
    const index = c.expr(e.index);
    if (!isIntLike(index)) {
        c.error('LU0316', e.index, `An index must be an integer, not ${describeType(index)}.`);
    }
    if (object.k === 'decl' && object.array) {
        return { k: 'decl', of: 'process', name: object.name };
    }
    switch (object.k) {
        case 'list':
            return object.of;
        case 'bytes':
            return INT;
        case 'object':
            return tableOf(c, object)?.element ?? ANY;
        case 'any':
            return ANY;
        default:
            c.error('LU0316', e, `${c.text(e.object)} is ${describeType(object)}, which has no elements.`);
            return ANY;
    }
}
