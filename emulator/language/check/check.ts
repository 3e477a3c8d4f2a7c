/** The checker: from files to a program, with everything that is wrong in it. */
import type { Block, Callback, Ident, Item, SourceFile, Span } from '../syntax/ast';
import { Layouts } from '../layouts';
import { load, type SourceHost } from '../load';
import { parse } from '../syntax/parser';
import type { CodeInfo, Program } from '../program';
import { ANY, INT, NONE, type Type, type Value } from '../types';
import type { NativeShapes, CallbackShape, NativeParam } from '../natives';
import { typeNamed, type Unit } from './context';
import { checkCompatible, checkHandlerHead, checkKernel, checkShapes, fileTypeOf } from './callbacks';
import type { Settings } from './constant';
import { declare, processesOf } from './declarations';
import { checkFinds } from './expected-findings';
import { Folder } from './fold';
import { Layered } from '../overlay-map';
import { layersIn } from './layer-rules';
import { reportUnread } from './scope';
import { checkKernelEntries, checkMachine } from './settings';
import { StatementChecker } from './statements';
import { assignable, describeType } from './types-of';
import { quoted, World, type FnInfo } from './program-builder';

class ProgramChecker {
    private readonly folder: Folder;

    constructor(private readonly world: World) {
        this.folder = new Folder(world);
    }

    run(): void {
        const { world } = this;
        declare(world, world.files.values());
        for (const info of world.consts.values()) {
            this.folder.constant(info.decl.name.name);
        }
        this.layouts();
        for (const info of world.fns.values()) {
            for (const p of info.decl.params) {
                info.params.push(p.type ? typeNamed(world, info.uri, p.type) : ANY);
            }
        }
        for (const file of world.files.values()) {
            for (const item of file.items) {
                if (item.kind === 'file') {
                    this.kindFields(file.uri, item);
                }
            }
        }
        for (const info of world.fns.values()) {
            this.fn(info);
        }
        for (const file of world.files.values()) {
            for (const item of file.items) {
                this.item(file, item);
            }
        }
    }

    private layouts(): void {
        const { world } = this;
        const at = (decl: object): string => world.uriOf.get(decl) ?? '';
        const layouts = new Layouts({
            struct: (name) => world.structDecls.get(name),
            known: (name) => world.std?.structs.get(name),
            structNames: () => world.structDecls.keys(),
            constant: (e) => {
                const value: Value = this.folder.value('', e);
                return typeof value === 'number' ? value : undefined;
            },
            error: (decl, code, span, message, replacement) =>
                world.report(
                    'error',
                    code,
                    at(decl),
                    span,
                    message,
                    replacement === undefined
                        ? undefined
                        : {
                              fix: {
                                  title: `Change to \`${replacement}\``,
                                  edits: [{ span: { start: span.start, end: span.end }, text: replacement }],
                              },
                          },
                ),
            resolved: (name, decl) => world.names.set(name, { kind: 'struct', decl }),
        });
        for (const [name, decl] of world.structDecls) {
            this.lengths(decl, at(decl));
            world.structs.set(name, layouts.of(decl));
        }
    }

    /** Lengths and bit counts of a struct's fields are constant integers. */
    private lengths(decl: Extract<Item, { kind: 'struct' }>, uri: string): void {
        for (const e of decl.fields.flatMap((f) => [f.type.bits, f.type.length])) {
            if (!e || e.kind === 'error') {
                continue;
            }
            const body = this.body({ uri, span: decl, context: 'any' });
            const type = body.expr(e);
            if (typeof this.folder.value(uri, e) !== 'number' && type.k === 'int') {
                this.world.report('error', 'LU0312', uri, e, 'A length is a constant: a number, or a `const`.');
            } else if (type.k !== 'int' && type.k !== 'any') {
                this.world.report('error', 'LU0312', uri, e, `A length is an integer, not ${describeType(type)}.`);
            }
        }
    }

    private body(unit: Unit): StatementChecker {
        return new StatementChecker(this.world, this.folder, unit, (info) => this.fn(info));
    }

    private item(file: SourceFile, item: Item): void {
        const { world } = this;
        const { uri } = file;
        switch (item.kind) {
            case 'scenario': {
                const processes = processesOf(item.body, new Set());
                checkFinds(world, uri, item.finds ?? []);
                const body = this.body({ uri, span: item.body, context: 'scenario', processes });
                this.code(item, item.body, body, uri, item);
                break;
            }
            case 'file':
                checkShapes(world, uri, item, world.natives.callbacks.file, 'A file kind');
                for (const c of item.callbacks) {
                    this.callback(uri, c, world.natives.callbacks.file, { fileKind: item });
                }
                break;
            case 'flb':
                checkCompatible(world, uri, item.compatible);
                checkShapes(world, uri, item, world.natives.callbacks.flb, 'An FLB');
                for (const c of item.callbacks) {
                    this.callback(uri, c, world.natives.callbacks.flb, {});
                }
                break;
            case 'handler': {
                checkCompatible(world, uri, item.compatible);
                checkHandlerHead(world, uri, item);
                checkShapes(world, uri, item, world.natives.callbacks.handler, 'A handler');
                const fileType = fileTypeOf(world, item);
                for (const c of item.callbacks) {
                    this.callback(
                        uri,
                        c,
                        handlerShapes(world, fileType),
                        c.name.name === 'can_preserve' || !fileType ? {} : { fileType },
                    );
                }
                break;
            }
            case 'machine':
                checkMachine(this.settings(uri, item), item);
                break;
            case 'kernel':
                checkKernelEntries(this.settings(uri, item), item);
                checkKernel(world, uri, item);
                for (const entry of item.entries) {
                    if (entry.kind === 'init') {
                        const body = this.body({ uri, span: entry.body, context: 'kernel', result: INT });
                        this.code({ kind: 'init', kernel: item }, entry.body, body, uri, entry);
                    }
                }
                break;
        }
    }

    private settings(uri: string, span: Span): Settings {
        const body = this.body({ uri, span, context: 'scenario' });
        return { world: this.world, folder: this.folder, uri, expr: (e) => body.expr(e) };
    }

    private kindFields(uri: string, item: Extract<Item, { kind: 'file' }>): void {
        const { world } = this;
        const seen = new Set<string>();
        for (const f of item.fields) {
            if (seen.has(f.name.name)) {
                world.report(
                    'error',
                    'LU0204',
                    uri,
                    f.name,
                    `${quoted(item.name.name)} has two fields called ${quoted(f.name.name)}: rename one.`,
                );
            }
            seen.add(f.name.name);
            const file = world.natives.objects.get('file');
            if (file?.fields.has(f.name.name) || file?.methods.has(f.name.name)) {
                world.report(
                    'error',
                    'LU0204',
                    uri,
                    f.name,
                    `Every file has a ${quoted(f.name.name)} of its own: choose another name for this field.`,
                );
            }
            const type = f.type && typeNamed(world, uri, f.type);
            const init = f.init && this.body({ uri, span: f, context: 'kernel' }).expr(f.init);
            if (f.init && type && init && !assignable(init, type)) {
                world.report(
                    'error',
                    'LU0301',
                    uri,
                    f.init,
                    `${quoted(f.name.name)} is ${describeType(type)}, not ${describeType(init)}.`,
                );
            }
        }
    }

    private callback(
        uri: string,
        c: Callback,
        shapes: ReadonlyMap<string, CallbackShape>,
        more: Pick<Unit, 'fileKind' | 'fileType'>,
    ): void {
        const shape = shapes.get(c.name.name);
        const params = shape?.params ?? [];
        const body = this.body({ uri, span: c.body, context: 'kernel', result: shape?.result ?? ANY, ...more });
        this.params(uri, body, c.params, params, c.body);
        this.code(c, c.body, body, uri, c);
        if (shape?.result.k === 'bool' && body.flow.ended === undefined) {
            this.world.report(
                'error',
                'LU0413',
                uri,
                c.name,
                `${quoted(c.name.name)} answers yes or no: end it with \`return true\` or \`return false\`.`,
            );
        }
    }

    private params(
        uri: string,
        body: StatementChecker,
        names: readonly Ident[],
        types: readonly Pick<NativeParam, 'type'>[],
        block: Span,
    ): void {
        names.forEach((p, i) => {
            if (p.name !== '' && names.findIndex((o) => o.name === p.name) < i) {
                this.world.report(
                    'error',
                    'LU0204',
                    uri,
                    p,
                    `There is a parameter ${quoted(p.name)} already: rename one.`,
                );
            }
            const v = body.vars.declare(p.name, types[i]?.type ?? ANY, p, block.start, true);
            this.world.names.set(p, v.meaning);
        });
    }

    /** Checks a function, once; while it is being checked (it calls itself), what is known of it so far holds. */
    private fn(info: FnInfo): void {
        if (info.state !== 'new') {
            return;
        }
        info.state = 'busy';
        const { decl, uri } = info;
        const body = this.body({ uri, span: decl.body, context: 'any', fn: info, result: ANY });
        this.params(
            uri,
            body,
            decl.params.map((p) => p.name),
            info.params.map((type) => ({ type })),
            decl.body,
        );
        for (const e of decl.label) {
            body.expr(e);
        }
        this.code(decl, decl.body, body, uri, decl);
        info.result = resultOf(body.returned, body.flow.ended === undefined);
        info.state = 'done';
    }

    private code(decl: CodeInfo['decl'], block: Block, body: StatementChecker, uri: string, key: object): void {
        body.statements(block);
        reportUnread(this.world, uri, body.vars.all);
        this.world.code.set(key, { decl, uri, slots: body.vars.slots, locals: body.vars.locals });
    }
}

/** The type of what a function returns; functions that return different things return any of them. */
function resultOf(returned: readonly Type[], fallsOff: boolean): Type {
    const first = returned[0];
    if (!first) {
        return NONE;
    }
    if (fallsOff && !returned.every((t) => t.k === 'none' || t.k === 'int')) {
        return ANY;
    }
    return returned.every((t) => t.k === first.k && assignable(t, first) && assignable(first, t)) ? first : ANY;
}

function finish(world: World, main: string): Program {
    const order = [...world.files.keys()];
    const diagnostics = world.diagnostics.sort(
        (a, b) => order.indexOf(a.uri) - order.indexOf(b.uri) || a.span.start - b.span.start || a.span.end - b.span.end,
    );
    const { std } = world;
    const over = <K, V>(own: Map<K, V>, below: ReadonlyMap<K, V> | undefined): ReadonlyMap<K, V> =>
        below ? new Layered(own, below) : own;
    const merged = <V>(own: Map<string, V>, below: ReadonlyMap<string, V> | undefined): ReadonlyMap<string, V> =>
        new Map([...(below ?? []), ...own]);
    return {
        main,
        files: new Map([...world.files, ...(std?.files ?? [])]),
        diagnostics,
        natives: world.natives,
        ...(world.machine && { machine: world.machine }),
        scenarios: world.files.get(main)?.items.filter((i) => i.kind === 'scenario') ?? [],
        fns: new Map([...world.fns].map(([name, info]) => [name, info.decl])),
        structs: merged(world.structs, std?.structs),
        fileKinds: merged(world.fileKinds, std?.fileKinds),
        handlers: merged(world.handlers, std?.handlers),
        flbs: merged(world.flbs, std?.flbs),
        kernels: merged(world.kernels, std?.kernels),
        layers: world.layers,
        uriOf: over(world.uriOf, std?.uriOf),
        code: over(world.code, std?.code),
        names: over(world.names, std?.names),
        members: over(world.members, std?.members),
        types: over(world.types, std?.types),
    };
}

/** Only files that can_preserve() took come to get_id(), so there the kind is known. */
function handlerShapes(world: World, fileType: Type | undefined): ReadonlyMap<string, CallbackShape> {
    const shapes = world.natives.callbacks.handler;
    const shape = shapes.get('get_id');
    return fileType && shape
        ? new Map([...shapes, ['get_id', { ...shape, params: shape.params.map((p) => ({ ...p, type: fileType })) }]])
        : shapes;
}

/** The checked standard library with the layers that a program's kernels have. */
export type StandardLibrary = (layers: ReadonlySet<string>) => Program;

/**
 * Reads and checks a file and what it imports. The program is whole where no diagnostic is an error; else it is what could be made
 * of the files. `std` is the checked standard library: its handlers, FLBs, file kinds and structs can be used, its functions not.
 */
export function check(host: SourceHost, uri: string, natives: NativeShapes, std?: Program | StandardLibrary): Program {
    const world = new World(natives);
    world.fileExists = (from, path) => host.exists?.(host.resolve(from, path)) ?? true;
    load(world, host, uri);
    world.layers = layersIn(world.files.values());
    world.std = typeof std === 'function' ? std(world.layers) : std;
    new ProgramChecker(world).run();
    return { ...finish(world, uri), readBytes: (from, path) => host.readBytes?.(host.resolve(from, path)) };
}

/** Checks the standard library: several files that see each other's declarations. */
export function checkStd(
    files: readonly { readonly uri: string; readonly text: string }[],
    natives: NativeShapes,
): Program {
    const world = new World(natives);
    for (const { uri, text } of files) {
        const { file, diagnostics } = parse(uri, text);
        world.files.set(uri, file);
        world.diagnostics.push(...diagnostics);
    }
    new ProgramChecker(world).run();
    return finish(world, files[0]?.uri ?? '');
}
