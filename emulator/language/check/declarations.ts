/** Enters the declarations of all files, and finds those that exist twice. */
import type { Block, Ident, Item, SourceFile, Span, Stmt } from '../syntax/ast';
import { ANY } from '../types';
import { quoted, type World } from './program-builder';

interface Place {
    readonly uri: string;
    readonly span: Span;
}

/** Enters every declaration of the files. What exists already keeps its name. */
export function declare(world: World, files: Iterable<SourceFile>): void {
    const names = new Map<string, Place>();
    const kernels = new Map<string, Place>();
    for (const file of files) {
        const scenarios = new Map<string, Place>();
        for (const item of file.items) {
            world.uriOf.set(item, file.uri);
            switch (item.kind) {
                case 'import':
                    break;
                case 'machine':
                    enterMachine(world, file.uri, item);
                    break;
                case 'scenario':
                    isNew(world, scenarios, file.uri, item.name, item.name.value, 'scenario');
                    processesOf(item.body, world.processNames);
                    break;
                case 'kernel':
                    if (isNew(world, kernels, file.uri, item.name, item.name.value, 'kernel')) {
                        if (world.natives.kernels.has(item.name.value)) {
                            world.report(
                                'error',
                                'LU0204',
                                file.uri,
                                item.name,
                                `"${item.name.value}" is a kernel that comes with the emulator: choose another name, and say \`from "${item.name.value}"\`.`,
                            );
                        } else {
                            world.kernels.set(item.name.value, item);
                        }
                    }
                    break;
                default:
                    if (
                        item.name.name !== '' &&
                        isFree(world, file.uri, item) &&
                        isNew(world, names, file.uri, item.name, item.name.name, 'declaration')
                    ) {
                        enter(world, file.uri, item, item.name);
                    }
            }
        }
    }
}

function enterMachine(world: World, uri: string, item: Extract<Item, { kind: 'machine' }>): void {
    const before = world.machine;
    if (before && world.uriOf.get(before) === uri) {
        world.report(
            'error',
            'LU0204',
            uri,
            { start: item.start, end: item.start + 'machine'.length },
            'A file describes one machine: put all entries into one `machine { }`.',
            { related: [{ uri, span: { start: before.start, end: before.end }, message: 'the first one' }] },
        );
        return;
    }
    // the files come with the main one first: its machine is the one that counts
    if (world.machine) {
        return;
    }
    world.machine = item;
    for (const e of item.entries) {
        const [name] = e.args;
        if (e.key.name !== 'device' || name?.kind !== 'name') {
            continue;
        }
        if (world.devices.has(name.name)) {
            world.report(
                'error',
                'LU0204',
                uri,
                name,
                `There is a device called ${quoted(name.name)} already: rename one.`,
            );
        } else if (world.natives.globals.has(name.name)) {
            world.report(
                'error',
                'LU0204',
                uri,
                name,
                `${quoted(name.name)} stands for something else: choose another name for this device.`,
            );
        } else {
            world.devices.set(name.name, e);
        }
    }
}

function isNew(world: World, seen: Map<string, Place>, uri: string, span: Span, name: string, what: string): boolean {
    const before = seen.get(name);
    if (before) {
        const where =
            before.uri === uri
                ? `on line ${world.lineOf(uri, before.span.start)}`
                : `in ${before.uri.slice(before.uri.lastIndexOf('/') + 1)}`;
        world.report(
            'error',
            'LU0204',
            uri,
            span,
            `There is a ${what} called ${quoted(name)} already ${where}: rename one.`,
            {
                related: [
                    {
                        uri: before.uri,
                        span: { start: before.span.start, end: before.span.end },
                        message: 'the first one',
                    },
                ],
            },
        );
        return false;
    }
    seen.set(name, { uri, span });
    return true;
}

type Named = Exclude<Item, { kind: 'import' | 'machine' | 'scenario' | 'kernel' }>;

/** Handlers, FLBs and file kinds that come with the kernel keep their names. */
function isFree(world: World, uri: string, item: Named): boolean {
    const { name } = item.name;
    const taken =
        item.kind === 'handler'
            ? world.std?.handlers.has(name)
            : item.kind === 'flb'
              ? world.std?.flbs.has(name)
              : item.kind === 'file'
                ? world.natives.fileKinds.has(name) || world.std?.fileKinds.has(name)
                : false;
    if (taken === true) {
        world.report('error', 'LU0204', uri, item.name, `${quoted(name)} comes with the kernel: choose another name.`);
    }
    return taken !== true;
}

function enter(world: World, uri: string, item: Named, name: Ident): void {
    switch (item.kind) {
        case 'const':
            world.consts.set(name.name, { decl: item, uri, state: 'new', value: undefined, type: ANY });
            break;
        case 'struct':
            world.structDecls.set(name.name, item);
            break;
        case 'file':
            world.fileKinds.set(name.name, item);
            break;
        case 'flb':
            world.flbs.set(name.name, item);
            break;
        case 'handler':
            world.handlers.set(name.name, item);
            break;
        case 'fn':
            processesOf(item.body, world.processNames);
            world.fns.set(name.name, {
                decl: item,
                uri,
                state: 'new',
                context: 'any',
                contextWhy: '',
                result: ANY,
                fails: false,
                params: [],
                endsKernel: 'no',
                touches: new Set(),
            });
    }
}

/** The names of all processes that a block starts, at whatever depth. */
export function processesOf(block: Block, into: Set<string>): Set<string> {
    const visit = (s: Stmt): void => {
        switch (s.kind) {
            case 'process':
                for (const n of s.names) {
                    into.add(n.name);
                }
                if (s.body) {
                    processesOf(s.body, into);
                }
                break;
            case 'if':
                processesOf(s.then, into);
                if (s.otherwise?.kind === 'if') {
                    visit(s.otherwise);
                } else if (s.otherwise) {
                    processesOf(s.otherwise, into);
                }
                break;
            case 'in':
            case 'concurrently':
            case 'while':
            case 'for':
            case 'at':
            case 'undo':
                processesOf(s.body, into);
                break;
        }
    };
    block.statements.forEach(visit);
    return into;
}
