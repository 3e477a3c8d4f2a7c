/**
 * The structure that the handle of a handler or FLB points to. The kernel only has a number; the type of the structure
 * is found in the callbacks: `at(T, args.serialized_data)`, or the structure that preserve() allocates.
 */
import type { Declarations } from '../runtime/declarations';
import { FlbArgs, LuoArgs, LuoFile, LuoFlb } from '../kernel/luo/state';
import type { StructLayout } from '../language/layout';
import { KHO_VMALLOC } from '../language/layouts';
import type { Program } from '../language/program';
import type { Callback, CallExpr, Expr, FlbDecl, HandlerDecl } from '../language/syntax/ast';
import type { Type } from '../language/types';
import type { Host } from '../runtime/host/host';

/** An array in preserved vmalloc memory that a field of a structure describes. */
export interface ListedArray {
    /** The field of type `vmalloc`. */
    readonly field: string;
    readonly element: StructLayout;
    /** The field that holds the number of elements, if one does. */
    readonly count: string | undefined;
}

export interface HandedOver {
    readonly layout: StructLayout;
    readonly arrays: readonly ListedArray[];
}

/**
 * The type of a field of a LUO object: a handle is an address if the callbacks tell the type of its structure, although
 * the kernel only has a number.
 */
export function handleType({ declarations, library }: Host, object: object, field: string): Type | undefined {
    if ((object instanceof LuoArgs || object instanceof LuoFile) && field === 'serialized_data') {
        return pointerTo(declarations, declarations.handler(object.handler.name, library));
    }
    if (
        (object instanceof LuoFlb && (field === 'out_data' || field === 'in_data')) ||
        (object instanceof FlbArgs && field === 'data')
    ) {
        return pointerTo(
            declarations,
            declarations.flb(object instanceof LuoFlb ? object.name : object.flb.name, library),
        );
    }
    return undefined;
}

function pointerTo(
    declarations: Declarations,
    declared: { readonly decl: HandlerDecl | FlbDecl; readonly program: Program } | undefined,
): Type | undefined {
    const found = declared && handedOver(declarations, declared.decl, declared.program);
    return found && { k: 'phys', to: found.layout.name };
}

const known = new WeakMap<object, HandedOver | null>();

/**
 * The structure that a handler's `serialized_data`, or an FLB's `data`, points to; undefined if the callbacks do not
 * tell its type.
 */
export function handedOver(
    declarations: Declarations,
    decl: HandlerDecl | FlbDecl,
    program: Program,
): HandedOver | undefined {
    let found = known.get(decl);
    if (found === undefined) {
        found = search(declarations, decl, program) ?? null;
        known.set(decl, found);
    }
    return found ?? undefined;
}

function search(declarations: Declarations, decl: HandlerDecl | FlbDecl, program: Program): HandedOver | undefined {
    const handle = decl.kind === 'handler' ? 'serialized_data' : 'data';
    const name = read(decl.callbacks, handle) ?? allocated(decl.callbacks);
    const layout =
        name === undefined ? undefined : (program.structs.get(name) ?? declarations.stdProgram.structs.get(name));
    return layout && { layout, arrays: arraysOf(program, layout) };
}

/** `at(T, args.serialized_data)` → T */
function read(callbacks: readonly Callback[], handle: string): string | undefined {
    for (const call of callsIn(callbacks)) {
        const [type, at] = call.args.map((a) => a.value);
        if (isName(call.callee, 'at') && type?.kind === 'name' && at?.kind === 'member' && at.member.name === handle) {
            return type.name;
        }
    }
    return undefined;
}

/** `kho.alloc_preserve(T)` in preserve() → T */
function allocated(callbacks: readonly Callback[]): string | undefined {
    for (const call of callsIn(callbacks.filter((c) => c.name.name === 'preserve'))) {
        const type = call.args[0]?.value;
        if (isMethod(call.callee, 'alloc_preserve') && type?.kind === 'name') {
            return type.name;
        }
    }
    return undefined;
}

/**
 * `kho.restore_vmalloc(T, ser.field, ser.count)` anywhere in the program tells the element type of a vmalloc field. In
 * a function that takes structures of several types, it tells that of all that have such a field.
 */
function arraysOf(program: Program, layout: StructLayout): ListedArray[] {
    const typed = new Map<string, ListedArray>();
    const untyped = new Map<string, ListedArray>();
    for (const call of callsIn([...program.files.values()].map((f) => f.items))) {
        const [type, field, count] = call.args.map((a) => a.value);
        if (!isMethod(call.callee, 'restore_vmalloc') || type?.kind !== 'name' || field?.kind !== 'member') {
            continue;
        }
        const element = program.structs.get(type.name);
        const of = program.types.get(field.object);
        const { name } = field.member;
        if (element && (of?.k === 'view' ? of.struct === layout.name : isVmalloc(layout, name))) {
            (of?.k === 'view' ? typed : untyped).set(name, {
                field: name,
                element,
                count: count?.kind === 'member' ? count.member.name : undefined,
            });
        }
    }
    return [...new Map([...untyped, ...typed]).values()];
}

function isVmalloc({ byName }: StructLayout, field: string): boolean {
    const type = byName.get(field)?.type;
    return type?.k === 'struct' && type.layout === KHO_VMALLOC;
}

function isName(e: Expr, name: string): boolean {
    return e.kind === 'name' && e.name === name;
}

function isMethod(e: Expr, name: string): boolean {
    return e.kind === 'member' && e.member.name === name;
}

/** All calls in a piece of the tree. */
function* callsIn(node: unknown): Generator<CallExpr> {
    if (typeof node !== 'object' || node === null) {
        return;
    }
    if (isCall(node)) {
        yield node;
    }
    for (const child of Object.values(node)) {
        yield* callsIn(child);
    }
}

function isCall(node: object): node is CallExpr {
    return 'kind' in node && node.kind === 'call' && 'callee' in node && 'args' in node;
}
