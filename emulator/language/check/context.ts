/** The state of checking one piece of code, and what its expressions and statements share: names, contexts, complaints. */
import type { Expr, FileDecl, Ident, NameExpr, Span, TypeExpr } from '../syntax/ast';
import type { NameMeaning } from '../program';
import { ANY, objectOf, type Context, type Type } from '../types';
import { Flow } from './flow';
import type { Folder } from './fold';
import { Variables, type Var } from './scope';
import { SIMPLE_TYPES, simpleType } from './types-of';
import { quoted, type FnInfo, type World } from './program-builder';
import type { Fix, Severity } from '../check-finding';

/** What kind of code a body is. */
export interface Unit {
    readonly uri: string;
    readonly span: Span;
    /** `any`: a function, whose context follows from what it does. */
    readonly context: Context;
    readonly fn?: FnInfo;
    /** The file kind whose callback this is: its fields are names. */
    readonly fileKind?: FileDecl;
    /** The type of `args.file` in the callbacks of a handler. */
    readonly fileType?: Type;
    /** What a `return` gives back; absent at scenario level. */
    readonly result?: Type;
    /** Processes that the scenario starts anywhere. */
    readonly processes?: ReadonlySet<string>;
}

/** What checks a function on demand, when it is first called. */
export type CheckFn = (info: FnInfo) => void;

const CONTEXT_NAMES: Record<Context, string> = {
    any: 'anywhere',
    scenario: 'at scenario level',
    user: 'in a process',
    kernel: 'in the kernel',
};

export class Body {
    readonly vars: Variables;
    flow = new Flow();
    /** Where the current statement runs. */
    protected context: Context;
    /** The process whose block we are in. */
    protected process: string | undefined;

    constructor(
        protected readonly world: World,
        protected readonly folder: Folder,
        protected readonly unit: Unit,
        protected readonly checkFn: CheckFn,
    ) {
        this.vars = new Variables(unit.span);
        this.context = unit.context;
    }

    protected report(severity: Severity, code: string, span: Span, message: string, fix?: Fix): void {
        this.world.report(severity, code, this.unit.uri, span, message, fix ? { fix } : undefined);
    }

    protected error(code: string, span: Span, message: string, fix?: Fix): void {
        this.report('error', code, span, message, fix);
    }

    protected text(span: Span): string {
        return quoted(this.world.textOf(this.unit.uri, span));
    }

    protected line(span: Span): number {
        return this.world.lineOf(this.unit.uri, span.start);
    }

    protected typed(e: Expr, type: Type): Type {
        this.world.types.set(e, type);
        return type;
    }

    protected mean(name: NameExpr | Ident, meaning: NameMeaning): void {
        this.world.names.set(name, meaning);
    }

    /** Complains where `what` cannot be done in the context of this code; a function takes the context of what it does. */
    protected require(needed: Context, span: Span, what: string): void {
        const { fn } = this.unit;
        if (needed === 'any' || this.context === needed) {
            return;
        }
        if (fn && this.context === 'any') {
            this.context = needed;
            if (this.process === undefined) {
                fn.context = needed;
                fn.contextWhy = `${what} on line ${this.line(span)}`;
            }
            return;
        }
        const hint =
            needed === 'user'
                ? this.context === 'scenario'
                    ? ': write it into the block of a process, `p { … }`'
                    : ''
                : needed === 'scenario'
                  ? ': write it outside of the blocks of processes'
                  : ': write it into a handler, an FLB, a file kind or `init`';
        const because = fn && this.process === undefined ? ` (because of ${fn.contextWhy})` : '';
        this.error(
            'LU0401',
            span,
            `${what} works ${CONTEXT_NAMES[needed]} only, and this runs ${CONTEXT_NAMES[this.context]}${because}${hint}.`,
        );
    }

    /** True where a name is a variable here, so that no constant of that name is meant. */
    protected readonly shadowed = (name: string): boolean =>
        this.vars.find(name) !== undefined ||
        (this.process !== undefined && this.processVar(this.process, name) !== undefined);

    protected processVar(process: string, name: string): Var | undefined {
        return this.flow.procs.get(process)?.vars.get(name);
    }

    /** Names that can be read here, for suggestions. */
    protected *readable(): Generator<string> {
        const { world } = this;
        yield* this.vars.visible();
        if (this.process !== undefined) {
            yield* this.flow.procs.get(this.process)?.vars.keys() ?? [];
        }
        yield* this.unit.fileKind?.fields.map((f) => f.name.name) ?? [];
        yield* this.unit.processes ?? [];
        yield* world.consts.keys();
        yield* world.devices.keys();
        yield* world.natives.globals.keys();
        yield* world.structDecls.keys();
        yield* world.declared('fileKinds');
        yield* world.declared('handlers');
        yield* world.declared('flbs');
    }

    /** True where values of the type refer to something that dies with its kernel. */
    protected diesWithKernel(t: Type): boolean {
        switch (t.k) {
            case 'object':
                return this.world.natives.objects.get(t.name)?.ofKernel === true;
            case 'list':
                return this.diesWithKernel(t.of);
            case 'view':
            case 'kind':
            case 'fd':
                return true;
            default:
                return false;
        }
    }

    /** The type that a parameter or a field of a file kind is declared with. */
    protected typeFrom(t: TypeExpr): Type {
        return typeNamed(this.world, this.unit.uri, t);
    }
}

/** The type that a parameter's or a file kind's field's annotation names. */
export function typeNamed(world: World, uri: string, t: TypeExpr): Type {
    const { name } = t.name;
    if (name === 'phys' && t.target) {
        return { k: 'phys', to: t.target.name };
    }
    const simple = simpleType(name);
    if (simple) {
        return simple;
    }
    const struct = world.structDecl(name);
    if (struct) {
        world.names.set(t.name, { kind: 'struct', decl: struct });
    }
    if (world.layout(name)) {
        return { k: 'view', struct: name };
    }
    const file = world.fileKind(name);
    if (file) {
        world.names.set(t.name, { kind: 'file', decl: file });
        return { k: 'kind', name };
    }
    if (world.natives.objects.has(name)) {
        return objectOf(name);
    }
    if (name !== '') {
        world.unknown('LU0211', uri, t.name, name, `There is no type ${quoted(name)}.`, [
            ...SIMPLE_TYPES,
            ...world.structDecls.keys(),
            ...world.fileKinds.keys(),
            ...world.natives.objects.keys(),
        ]);
    }
    return ANY;
}
