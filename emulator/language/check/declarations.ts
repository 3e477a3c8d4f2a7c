/** Enters the declarations of all files and reports duplicates. */
import type { Block, Ident, Item, SourceFile, Span, Stmt } from '../syntax/ast';
import { ANY } from '../types';
import { quoted, type ProgramBuilder } from './program-builder';

interface Place {
    readonly uri: string;
    readonly span: Span;
}

/** Enters every declaration of the files. Of two with the same name, the first keeps it. */
export function declare(program: ProgramBuilder, files: Iterable<SourceFile>): void {
    const names = new Map<string, Place>();
    const kernels = new Map<string, Place>();
    for (const file of files) {
        const scenarios = new Map<string, Place>();
        for (const item of file.items) {
            program.uriOf.set(item, file.uri);
            switch (item.kind) {
                case 'import':
                    break;
                case 'machine':
                    enterMachine(program, file.uri, item);
                    break;
                case 'scenario':
                    isNew(program, scenarios, file.uri, item.name, item.name.value, 'scenario');
                    processesOf(item.body, program.processNames);
                    break;
                case 'kernel':
                    if (isNew(program, kernels, file.uri, item.name, item.name.value, 'kernel')) {
                        if (program.natives.kernelNamed(item.name.value) !== undefined) {
                            program.report(
                                'error',
                                'LU0204',
                                file.uri,
                                item.name,
                                `The emulator already has a kernel "${item.name.value}". Choose another name and base it on that one: \`from "${item.name.value}"\`.`,
                            );
                        } else {
                            program.kernels.set(item.name.value, item);
                        }
                    }
                    break;
                default:
                    if (
                        item.name.name !== '' &&
                        isFree(program, file.uri, item) &&
                        isNew(program, names, file.uri, item.name, item.name.name, 'declaration')
                    ) {
                        enter(program, file.uri, item, item.name);
                    }
            }
        }
    }
}

function enterMachine(program: ProgramBuilder, uri: string, item: Extract<Item, { kind: 'machine' }>): void {
    const before = program.machine;
    if (before && program.uriOf.get(before) === uri) {
        program.report(
            'error',
            'LU0204',
            uri,
            { start: item.start, end: item.start + 'machine'.length },
            'A file describes one machine. Put all entries into one `machine { }`.',
            { related: [{ uri, span: { start: before.start, end: before.end }, message: 'the first one' }] },
        );
        return;
    }
    // the files come with the main one first: its machine is the one that counts
    if (program.machine) {
        return;
    }
    program.machine = item;
    for (const e of item.entries) {
        const [name] = e.args;
        if (e.key.name !== 'device' || name?.kind !== 'name') {
            continue;
        }
        if (program.devices.has(name.name)) {
            program.report(
                'error',
                'LU0204',
                uri,
                name,
                `There is already a device ${quoted(name.name)}. Rename one of them.`,
            );
        } else if (program.natives.globals.has(name.name)) {
            program.report(
                'error',
                'LU0204',
                uri,
                name,
                `${quoted(name.name)} already has another meaning. Choose another name for this device.`,
            );
        } else {
            program.devices.set(name.name, e);
        }
    }
}

function isNew(
    program: ProgramBuilder,
    seen: Map<string, Place>,
    uri: string,
    span: Span,
    name: string,
    what: string,
): boolean {
    const before = seen.get(name);
    if (before) {
        const where =
            before.uri === uri
                ? `on line ${program.lineOf(uri, before.span.start)}`
                : `in ${before.uri.slice(before.uri.lastIndexOf('/') + 1)}`;
        program.report(
            'error',
            'LU0204',
            uri,
            span,
            `There is already a ${what} ${quoted(name)} ${where}. Rename one of them.`,
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
function isFree(program: ProgramBuilder, uri: string, item: Named): boolean {
    const { name } = item.name;
    const taken =
        item.kind === 'handler'
            ? program.std?.handlers.has(name)
            : item.kind === 'flb'
              ? program.std?.flbs.has(name)
              : item.kind === 'file'
                ? program.natives.fileKinds.has(name) || program.std?.fileKinds.has(name)
                : false;
    if (taken === true) {
        program.report(
            'error',
            'LU0204',
            uri,
            item.name,
            `${quoted(name)} is part of the kernel. Choose another name.`,
        );
    }
    return taken !== true;
}

function enter(program: ProgramBuilder, uri: string, item: Named, name: Ident): void {
    switch (item.kind) {
        case 'const':
            program.consts.set(name.name, { decl: item, uri, state: 'new', value: undefined, type: ANY });
            break;
        case 'struct':
            program.structDecls.set(name.name, item);
            break;
        case 'file':
            program.fileKinds.set(name.name, item);
            break;
        case 'flb':
            program.flbs.set(name.name, item);
            break;
        case 'handler':
            program.handlers.set(name.name, item);
            break;
        case 'fn':
            processesOf(item.body, program.processNames);
            program.fns.set(name.name, {
                decl: item,
                uri,
                state: 'new',
                context: 'any',
                contextWhy: '',
                result: ANY,
                fails: false,
                params: [],
                endsKernel: 'no',
                loadsToReturn: false,
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
