/** What a name in an expression means. */
import type { NameExpr } from '../syntax/ast';
import { ANY, INT, listOf, objectOf, type Type } from '../types';
import { Body } from './context';
import { errnoValue } from './fold';
import type { Var } from './scope';
import { missingLayer } from './layer-rules';
import { quoted } from './program-builder';
import { insertAt } from '../check-finding';

export class NameChecker extends Body {
    /** The type of a name that is read; the declared things included. */
    protected name(e: NameExpr): Type {
        return this.variable(e) ?? this.declared(e) ?? this.unknownName(e);
    }

    private variable(e: NameExpr): Type | undefined {
        const local = this.process === undefined ? this.vars.find(e.name) : this.vars.find(e.name, true);
        if (local) {
            return this.readVar(e, local);
        }
        if (this.process !== undefined) {
            const v = this.processVar(this.process, e.name);
            if (v) {
                return this.readVar(e, v);
            }
            const outer = this.vars.find(e.name);
            if (outer) {
                return this.readVar(e, outer);
            }
            return this.lostVar(e, this.process);
        }
        return this.kindField(e);
    }

    private readVar(e: NameExpr, v: Var): Type {
        v.reads++;
        this.mean(e, v.meaning);
        if (this.flow.isGone(v)) {
            this.error(
                'LU0208',
                e,
                `${quoted(e.name)} belongs to the kernel that ${this.flow.kernelWhy} ended: get it anew from the kernel that runs now.`,
            );
        }
        return v.type;
    }

    /** A variable that a process of this name had before, or will have later. */
    private lostVar(e: NameExpr, process: string): Type | undefined {
        const proc = this.flow.procs.get(process);
        const why = proc?.lost.get(e.name);
        if (why !== undefined) {
            this.mean(e, { kind: 'process-var', process, name: e.name, type: ANY });
            this.error(
                'LU0208',
                e,
                `${quoted(e.name)} was a variable of the ${quoted(process)} that ${why} ended: assign it anew in this one.`,
            );
            return ANY;
        }
        const known = this.world.fnProcessVars.get(process)?.get(e.name);
        if (known && proc?.open !== false) {
            this.mean(e, { kind: 'process-var', process, name: e.name, type: known });
            return known;
        }
        if (proc?.open === true && this.unit.fn) {
            this.mean(e, { kind: 'process-var', process, name: e.name, type: ANY });
            return ANY;
        }
        return undefined;
    }

    /** The field of this name of the file kind whose callback this is. */
    protected kindField(e: NameExpr): Type | undefined {
        const file = this.unit.fileKind;
        const index = file?.fields.findIndex((f) => f.name.name === e.name) ?? -1;
        if (!file || index < 0) {
            return undefined;
        }
        const type = this.typeOfKindField(file.name.name, index);
        this.mean(e, { kind: 'kind-field', file, index, type });
        return type;
    }

    /** The type of a field of a file kind: as declared, else that of its initial value, else any. */
    protected typeOfKindField(kind: string, index: number): Type {
        const f = this.world.fileKind(kind)?.fields[index];
        if (f?.type) {
            const known = this.world.kindFieldTypes.get(f);
            if (known) {
                return known;
            }
            const type: Type = f.type.length ? listOf(ANY) : this.typeFrom(f.type);
            this.world.kindFieldTypes.set(f, type);
            return type;
        }
        const init = f?.init;
        return init === undefined ? ANY : (this.world.types.get(init) ?? ANY);
    }

    private declared(e: NameExpr): Type | undefined {
        const { world } = this;
        const { name } = e;
        const constant = world.consts.get(name);
        if (constant) {
            const value = this.folder.constant(name);
            this.mean(e, { kind: 'const', name, value, type: constant.type });
            return constant.type;
        }
        if (
            this.unit.processes?.has(name) === true ||
            (this.unit.fn && this.unit.fn.context !== 'kernel' && world.processNames.has(name))
        ) {
            this.mean(e, { kind: 'process', name });
            return { k: 'decl', of: 'process', name };
        }
        if (world.devices.has(name)) {
            this.mean(e, { kind: 'device', name });
            return objectOf('device');
        }
        const global = world.natives.globals.get(name);
        if (global) {
            this.mean(
                e,
                global.constant === undefined
                    ? { kind: 'global', name }
                    : { kind: 'const', name, value: global.constant, type: global.type },
            );
            this.require(global.context, e, quoted(name));
            return global.type;
        }
        return this.declaration(e) ?? this.errorName(e);
    }

    private declaration(e: NameExpr): Type | undefined {
        const { world } = this;
        const { name } = e;
        const struct = world.structDecl(name);
        if (struct) {
            this.mean(e, { kind: 'struct', decl: struct });
            return { k: 'decl', of: 'struct', name };
        }
        const file = world.fileKind(name);
        if (file) {
            this.mean(e, { kind: 'file', decl: file });
            return { k: 'decl', of: 'file', name };
        }
        if (world.natives.fileKinds.has(name)) {
            this.mean(e, { kind: 'builtin-file', name });
            return { k: 'decl', of: 'file', name };
        }
        const handler = world.handler(name);
        if (handler) {
            this.mean(e, { kind: 'handler', decl: handler });
            return { k: 'decl', of: 'handler', name };
        }
        const flb = world.flb(name);
        if (flb) {
            this.mean(e, { kind: 'flb', decl: flb });
            return { k: 'decl', of: 'flb', name };
        }
        return undefined;
    }

    private errorName(e: NameExpr): Type | undefined {
        const value = errnoValue(e.name);
        if (value === undefined) {
            return undefined;
        }
        this.mean(e, { kind: 'const', name: e.name, value, type: INT });
        return INT;
    }

    private unknownName(e: NameExpr): Type {
        const { name } = e;
        const fn = this.world.fns.get(name) ?? this.world.natives.functions.get(name);
        if (fn) {
            this.mean(e, 'decl' in fn ? { kind: 'fn', decl: fn.decl } : { kind: 'native', native: fn });
            this.error('LU0308', e, `${quoted(name)} is a function: call it, \`${name}(…)\`.`, insertAt(e.end, '()'));
            return ANY;
        }
        const hidden = this.vars.all.findLast((v) => v.name === name);
        if (hidden && hidden.process === undefined && this.process === undefined) {
            hidden.reads++;
            this.error(
                'LU0207',
                e,
                `${quoted(name)} lives only in the block where line ${this.line(hidden.span)} declares it: assign it before that block to use it here.`,
            );
            return ANY;
        }
        const elsewhere = this.vars.all.find(
            (v) => v.name === name && v.process !== undefined && v.process !== this.process,
        );
        if (elsewhere?.process !== undefined) {
            elsewhere.reads++;
            this.error(
                'LU0207',
                e,
                `${quoted(name)} is a variable of the process ${quoted(elsewhere.process)}: read it as \`${elsewhere.process}.${name}\`.`,
                {
                    title: `Change to \`${elsewhere.process}.${name}\``,
                    edits: [{ span: { start: e.start, end: e.end }, text: `${elsewhere.process}.${name}` }],
                },
            );
            return ANY;
        }
        this.world.unknown(
            'LU0201',
            this.unit.uri,
            e,
            name,
            `Nothing is called ${quoted(name)} here.${missingLayer(name)}`,
            this.readable(),
        );
        return ANY;
    }
}
