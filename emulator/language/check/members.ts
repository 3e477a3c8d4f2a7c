/** What `.name` and `[i]` mean on a value of a type. */
import type { Expr, IndexExpr, MemberExpr } from '../syntax/ast';
import { ANY, INT, type Type } from '../types';
import type { FunctionShape, ObjectShape } from '../natives';
import { NameChecker } from './names';
import { describeType, isIntLike, typeOfField } from './types-of';
import { quoted } from './program-builder';
import { capital } from '../../text/text';
import { insertAt } from '../check-finding';

/** A member that can be called, or a value. */
export type Found = { readonly method: FunctionShape } | { readonly type: Type; readonly writable: boolean };

export abstract class MemberChecker extends NameChecker {
    abstract expr(e: Expr): Type;

    /** The native table that describes values of this type. */
    protected tableOf(t: Type): ObjectShape | undefined {
        const { natives } = this.world;
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

    /** `a.b` that is read: a method without a call is an error. */
    protected member(e: MemberExpr): Type {
        const found = this.find(e);
        if (found && 'method' in found) {
            this.error(
                'LU0308',
                e.member,
                `${quoted(e.member.name)} is a method: call it, \`${e.member.name}(…)\`.`,
                insertAt(e.member.end, '()'),
            );
            return ANY;
        }
        return found?.type ?? ANY;
    }

    /** What a member expression means; complains and gives undefined where it means nothing. */
    protected find(e: MemberExpr): Found | undefined {
        const object = this.expr(e.object);
        const { name } = e.member;
        if (name === '') {
            return undefined;
        }
        if (object.k === 'any') {
            this.world.members.set(e, { kind: 'dynamic', name });
            return { type: ANY, writable: true };
        }
        return (
            this.processMember(e, object) ??
            this.ownMember(e, object) ??
            this.nativeMember(e, object) ??
            this.unknownMember(e, object)
        );
    }

    private processMember(e: MemberExpr, object: Type): Found | undefined {
        if (object.k !== 'decl' || object.of !== 'process') {
            return undefined;
        }
        const { name } = e.member;
        const process = object.name;
        const proc = this.flow.procs.get(process);
        const v = proc?.vars.get(name);
        const gone = (): void =>
            this.error(
                'LU0208',
                e.member,
                `${quoted(name)} was a variable of the ${quoted(process)} that ${proc?.lost.get(name) ?? proc?.why ?? ''} ended: assign it anew in a new \`process ${process}\`.`,
            );
        const mean = (type: Type): Found => {
            this.world.members.set(e, { kind: 'process-var', process, name });
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
        const known = this.world.fnProcessVars.get(process)?.get(name);
        if (known) {
            return mean(known);
        }
        return this.unit.fn && !this.tableOf(object)?.fields.has(name) && !this.tableOf(object)?.methods.has(name)
            ? mean(ANY)
            : undefined;
    }

    /** A field of a struct in memory, or of a file kind that is declared in the language. */
    private ownMember(e: MemberExpr, object: Type): Found | undefined {
        const { name } = e.member;
        if (object.k === 'view') {
            const layout = this.world.layout(object.struct);
            const field = layout?.byName.get(name);
            if (layout && field) {
                this.world.members.set(e, { kind: 'struct-field', layout, name });
                return { type: typeOfField(field.type), writable: true };
            }
        }
        if (object.k === 'kind') {
            const file = this.world.fileKind(object.name);
            const index = file?.fields.findIndex((f) => f.name.name === name) ?? -1;
            if (file && index >= 0) {
                this.world.members.set(e, { kind: 'kind-field', file, index });
                return { type: this.typeOfKindField(object.name, index), writable: true };
            }
        }
        if ((object.k === 'list' || object.k === 'bytes') && (name === 'length' || name === 'size')) {
            this.world.members.set(e, { kind: 'dynamic', name });
            return { type: INT, writable: false };
        }
        return undefined;
    }

    private nativeMember(e: MemberExpr, object: Type): Found | undefined {
        const table = this.tableOf(object);
        const { name } = e.member;
        const field = table?.fields.get(name);
        if (field) {
            this.world.members.set(e, { kind: 'field', field });
            const narrowed =
                name === 'file' && object.k === 'object' && object.name === 'luo_args' ? this.unit.fileType : undefined;
            return { type: narrowed ?? field.type, writable: field.writable === true };
        }
        const method = table?.methods.get(name);
        if (method) {
            this.world.members.set(e, { kind: 'method', method });
            return { method };
        }
        return undefined;
    }

    private unknownMember(e: MemberExpr, object: Type): undefined {
        this.world.members.set(e, { kind: 'dynamic', name: e.member.name });
        const { name } = e.member;
        const what =
            object.k === 'decl'
                ? `The ${object.of === 'file' ? 'file kind' : object.of === 'flb' ? 'FLB' : object.of} ${quoted(object.name)}`
                : capital(describeType(object));
        const message =
            object.k === 'decl' && object.of === 'process'
                ? `${what} has no variable ${quoted(name)} yet.`
                : `${what} has no ${quoted(name)}.`;
        this.world.unknown('LU0203', this.unit.uri, e.member, e.member.name, message, this.memberNames(object));
        return undefined;
    }

    /** What can stand behind the `.` of a value of this type. */
    *memberNames(object: Type): Generator<string> {
        const table = this.tableOf(object);
        yield* table?.fields.keys() ?? [];
        yield* table?.methods.keys() ?? [];
        if (object.k === 'view') {
            yield* this.world.layout(object.struct)?.byName.keys() ?? [];
        }
        if (object.k === 'kind') {
            yield* this.world.fileKind(object.name)?.fields.map((f) => f.name.name) ?? [];
        }
        if (object.k === 'decl' && object.of === 'process') {
            yield* this.flow.procs.get(object.name)?.vars.keys() ?? [];
        }
    }

    protected index(e: IndexExpr): Type {
        const object = this.expr(e.object);
        const index = this.expr(e.index);
        if (!isIntLike(index)) {
            this.error('LU0316', e.index, `An index is an integer, not ${describeType(index)}.`);
        }
        switch (object.k) {
            case 'list':
                return object.of;
            case 'bytes':
                return INT;
            case 'object':
                return this.tableOf(object)?.element ?? ANY;
            case 'any':
                return ANY;
            default:
                this.error('LU0316', e, `${this.text(e.object)} is ${describeType(object)}, which has no elements.`);
                return ANY;
        }
    }
}
