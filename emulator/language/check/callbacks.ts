/** Rules for handlers, FLBs, file kinds and kernels: what they must have, and what may not be there twice. */
import type { Callback, FileDecl, FlbDecl, HandlerDecl, Ident, KernelDecl, StringLit } from '../syntax/ast';
import type { Type } from '../types';
import type { CallbackShape } from '../natives';
import { layersOf, layerWith } from '../../kernel/release/layers';
import { objectOf } from '../types';
import { checkLayers, layersNamed, missingLayer } from './layer-rules';
import { quoted, type World } from './program-builder';

/** A compatible string of the kernel is at most this long (include/linux/kho/abi/luo.h: 48 bytes with the NUL). */
const COMPATIBLE_MAX = 47;

const utf8 = new TextEncoder();

export function checkCompatible(world: World, uri: string, s: StringLit): void {
    const length = utf8.encode(s.value).length;
    if (s.start === s.end) {
        return;
    }
    if (length === 0) {
        world.report(
            'error',
            'LU0409',
            uri,
            s,
            'A compatible string is not empty: it names the format, as in "nic-v1".',
        );
    } else if (length > COMPATIBLE_MAX) {
        world.report(
            'error',
            'LU0409',
            uri,
            s,
            `A compatible string has at most ${COMPATIBLE_MAX} bytes, and this has ${length}.`,
        );
    }
}

/** Complains about callbacks that do not exist, exist twice, are missing or have the wrong parameters. */
export function checkShapes(
    world: World,
    uri: string,
    decl: HandlerDecl | FlbDecl | FileDecl,
    shapes: ReadonlyMap<string, CallbackShape>,
    what: string,
): void {
    const seen = new Set<string>();
    for (const c of decl.callbacks) {
        const name = c.name.name;
        const shape = shapes.get(name);
        if (!shape) {
            world.unknown(
                'LU0216',
                uri,
                c.name,
                name,
                `${what} has no callback ${quoted(name)}: it has ${[...shapes.keys()].map(quoted).join(', ')}.`,
                shapes.keys(),
            );
        } else if (seen.has(name)) {
            world.report(
                'error',
                'LU0204',
                uri,
                c.name,
                `There is a callback ${quoted(name)} already in ${quoted(decl.name.name)}: remove one.`,
            );
        } else if (c.params.length !== shape.params.length) {
            checkParams(world, uri, c, shape);
        }
        seen.add(name);
    }
    const missing = [...shapes].filter(([name, shape]) => shape.required && !seen.has(name));
    if (missing.length > 0) {
        const names = missing.map(([name]) => quoted(name));
        const stubs = missing
            .map(
                ([name, shape]) =>
                    `    ${name}(${shape.params.map((p) => p.name).join(', ')}) { ${shape.result.k === 'bool' ? 'return true ' : ''}}\n`,
            )
            .join('');
        const end =
            world.files.get(uri)?.text.slice(decl.start, decl.end).endsWith('}') === true ? decl.end - 1 : decl.end;
        world.report(
            'error',
            'LU0403',
            uri,
            decl.name,
            `${what} needs ${names.length === 1 ? 'the callback' : 'the callbacks'} ${names.join(', ')}: the kernel refuses to register it without.`,
            {
                fix: {
                    title: `Add ${names.join(', ')}`,
                    edits: [{ span: { start: end, end }, text: end < decl.end ? stubs : `\n${stubs}` }],
                },
            },
        );
    }
}

function checkParams(world: World, uri: string, c: Callback, shape: CallbackShape): void {
    const wanted = shape.params.map((p) => p.name).join(', ');
    const span = { start: c.name.end, end: c.body.start };
    world.report('error', 'LU0404', uri, span, `${quoted(c.name.name)} has the parameters \`(${wanted})\`.`, {
        fix: { title: `Change to \`(${wanted})\``, edits: [{ span, text: `(${wanted}) ` }] },
    });
}

/** The type of `args.file` in the callbacks of a handler; undefined where nothing more is known than that it is a file. */
export function fileTypeOf(world: World, decl: HandlerDecl): Type | undefined {
    const name = decl.forKind?.name;
    if (name === undefined) {
        return undefined;
    }
    if (world.fileKind(name)) {
        return { k: 'kind', name };
    }
    return world.natives.objects.has(name) ? objectOf(name) : undefined;
}

/** `for` and `uses` of a handler name things that exist. */
export function checkHandlerHead(world: World, uri: string, decl: HandlerDecl): void {
    const kind = decl.forKind;
    const file = kind && world.fileKind(kind.name);
    if (kind && file) {
        world.names.set(kind, { kind: 'file', decl: file });
    } else if (kind && world.natives.fileKinds.has(kind.name)) {
        world.names.set(kind, { kind: 'builtin-file', name: kind.name });
    } else if (kind && kind.name !== '') {
        world.unknown(
            'LU0217',
            uri,
            kind,
            kind.name,
            `No file kind is called ${quoted(kind.name)}.`,
            world.declared('fileKinds'),
        );
    }
    const seen = new Set<string>();
    for (const used of decl.uses) {
        const flb = world.flb(used.name);
        if (flb) {
            world.names.set(used, { kind: 'flb', decl: flb });
        } else if (used.name !== '') {
            world.unknown(
                'LU0212',
                uri,
                used,
                used.name,
                `No FLB is called ${quoted(used.name)}.${missingLayer(used.name)}`,
                world.declared('flbs'),
            );
        }
        if (seen.has(used.name)) {
            world.report('error', 'LU0204', uri, used, `${quoted(used.name)} is used twice: remove one.`);
        }
        seen.add(used.name);
    }
}

/** `from` and the lists of a kernel name things that exist, and no two of its handlers (or FLBs) share a compatible string. */
export function checkKernel(world: World, uri: string, decl: KernelDecl): void {
    const { from } = decl;
    if (from && from.start < from.end && !world.kernels.has(from.value) && !world.natives.kernels.has(from.value)) {
        const known = [...world.natives.kernels.keys(), ...world.kernels.keys()].filter((k) => k !== decl.name.value);
        world.unknown(
            'LU0213',
            uri,
            from,
            from.value,
            `No kernel is called "${from.value}": there are ${known.map((k) => `"${k}"`).join(', ')}.`,
            [],
        );
    }
    const line = descentOf(world, decl);
    if (line.length === 0) {
        world.report(
            'error',
            'LU0213',
            uri,
            from ?? decl.name,
            `The kernel "${decl.name.value}" is made from itself: begin with one that comes with the emulator.`,
        );
    }
    checkLayers(world, uri, decl, line);
    for (const entry of decl.entries) {
        for (const name of entry.kind === 'list' && (entry.key.name === 'handlers' || entry.key.name === 'modules')
            ? entry.names
            : []) {
            nameInList(world, uri, name, line);
        }
    }
    const seen = new Map<string, string>();
    for (const { name, added } of handlersOf(world, decl)) {
        const d = world.handler(name);
        const other = d && seen.get(d.compatible.value);
        if (d && other !== undefined && other !== name && added) {
            world.report(
                'error',
                'LU0410',
                uri,
                added,
                `${quoted(name)} and ${quoted(other)} have the same compatible string "${d.compatible.value}": a kernel registers only one of them. Remove the other with \`handlers - ${other}\`.`,
            );
        } else if (d) {
            seen.set(d.compatible.value, name);
        }
    }
}

function nameInList(world: World, uri: string, name: Ident, line: readonly KernelDecl[]): void {
    const handler = world.handler(name.name);
    const layer = layerWith(name.name);
    if (handler) {
        world.names.set(name, { kind: 'handler', decl: handler });
        if (layer && !world.handlers.has(name.name) && !layersOfLine(line).includes(layer.name)) {
            world.report(
                'error',
                'LU0415',
                uri,
                name,
                `${quoted(name.name)} comes with the layer ${quoted(layer.name)}, which this kernel does not have: \`layers ${[...layer.needs, layer.name].join(', ')}\`.`,
            );
        }
    } else if (name.name !== '') {
        world.unknown(
            'LU0212',
            uri,
            name,
            name.name,
            `No handler is called ${quoted(name.name)}.${missingLayer(name.name)}`,
            world.declared('handlers'),
        );
    }
}

function layersOfLine(line: readonly KernelDecl[]): string[] {
    return layersOf(line.flatMap(layersNamed).map((n) => n.name)).map((l) => l.name);
}

/** The declared kernels that a kernel is made from, the oldest first, itself last; empty where it is made from itself. */
function descentOf(world: World, decl: KernelDecl): KernelDecl[] {
    const line: KernelDecl[] = [];
    for (let k: KernelDecl | undefined = decl; k; k = k.from && world.kernels.get(k.from.value)) {
        if (line.includes(k)) {
            return [];
        }
        line.unshift(k);
    }
    return line;
}

/** The handlers of a kernel in order; `added` where this declaration adds it. */
function handlersOf(world: World, decl: KernelDecl): { readonly name: string; readonly added: Ident | undefined }[] {
    const line = descentOf(world, decl);
    const layers = layersOfLine(line);
    const shipped = [...(world.std?.handlers.keys() ?? [])].filter(
        (name) => layers.includes(layerWith(name)?.name ?? name) || !layerWith(name),
    );
    let handlers: { name: string; added: Ident | undefined }[] = shipped.map((name) => ({ name, added: undefined }));
    for (const k of line) {
        for (const e of k.entries) {
            if (e.kind === 'list' && e.key.name === 'handlers') {
                const names = new Set(e.names.map((n) => n.name));
                handlers = handlers.filter((m) => !names.has(m.name));
                if (e.sign !== '-') {
                    handlers.push(...e.names.map((n) => ({ name: n.name, added: k === decl ? n : undefined })));
                }
            }
        }
    }
    return handlers;
}
