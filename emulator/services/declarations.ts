/** The places of declarations that the checker's tables do not contain. Computed once per program. */
import type { ConstDecl, ImportDecl, MachineEntry, SourceFile, Span, StructDecl } from '../language/syntax/ast';
import type { NativeShapes } from '../language/natives';
import { isBeside, uriBeside } from '../language/paths';
import type { Program } from '../language/program';
import { LIBRARY_SOURCES, stdUri } from '../std/texts';
import { forEachLeaf, isKind, isWord, type Node, type Place } from './nodes';

/** A place in a file of the program. */
export interface Location {
    readonly uri: string;
    readonly span: Span;
}

/** A declaration with the file that it is in. */
interface Found<T> {
    readonly decl: T;
    readonly uri: string;
}

/** A mention of a process or of a process variable. */
interface Mention extends Location {
    readonly declares: boolean;
}

/** The scope of processes that functions use: see {@link Declarations.scopeOf}. */
const SHARED = '';

const known = new WeakMap<Program, Declarations>();
const owners = new WeakMap<NativeShapes, ReadonlyMap<object, string>>();

export class Declarations {
    /** By name, separately for the kernel's own. */
    private readonly consts = new Map<string, ConstDecl>();
    private readonly structs = new Map<string, Found<StructDecl>>();
    private readonly devices = new Map<string, Found<MachineEntry>>();
    /** The names of processes that functions use. */
    private readonly shared = new Set<string>();
    /** The first mention by scope, process and variable; without a variable that of the process. */
    private readonly mentions = new Map<string, Mention>();

    private constructor(private readonly program: Program) {
        for (const file of program.files.values()) {
            this.declare(file);
        }
        // The kernel code refers to no process and is the same for every program.
        const own = [...program.files.values()].filter((f) => isLibrary(f.uri) === isLibrary(program.main));
        for (const file of own) {
            forEachLeaf(file, ({ node, above }) => {
                const process = this.processOf(node, above[0]);
                if (process !== undefined && !scenarioAround(above)) {
                    this.shared.add(process);
                }
            });
        }
        for (const file of own) {
            forEachLeaf(file, (place) => this.note(file.uri, place));
        }
    }

    static of(program: Program): Declarations {
        let found = known.get(program);
        if (!found) {
            found = new Declarations(program);
            known.set(program, found);
        }
        return found;
    }

    /** @param uri the file that names it: constants of the kernel are separate from those of the program */
    constant(uri: string, name: string): ConstDecl | undefined {
        return this.consts.get(`${isLibrary(uri)} ${name}`);
    }

    struct(name: string): Found<StructDecl> | undefined {
        return this.structs.get(name);
    }

    device(name: string): Found<MachineEntry> | undefined {
        return this.devices.get(name);
    }

    /**
     * Two scenarios may each have a process `luod`. They are different processes, so the scope is the scenario. If
     * functions use processes of that name, all of the program's processes with this name are one.
     */
    scopeOf(uri: string, above: readonly Node[], process: string): string {
        const scenario = scenarioAround(above);
        return this.shared.has(process) || !scenario ? SHARED : `${uri} ${scenario.start}`;
    }

    /** The first start of a process, or the first assignment of its variable; otherwise the first mention. */
    firstOf(scope: string, process: string, variable?: string): Location | undefined {
        return this.mentions.get(mentionKey(scope, process, variable));
    }

    /** The type of the object of a native method or field; empty for functions. */
    ownerOf(member: object): string {
        const { natives } = this.program;
        let names = owners.get(natives);
        if (!names) {
            names = new Map(
                [natives.fd, ...natives.objects.values()]
                    .toReversed()
                    .flatMap((o) => [...o.fields.values(), ...o.methods.values()].map((m) => [m, o.name] as const)),
            );
            owners.set(natives, names);
        }
        return names.get(member) ?? '';
    }

    /** The file that an import names; undefined if it does not exist. */
    imported(from: string, { path, shipped }: ImportDecl): string | undefined {
        if (shipped) {
            return this.known(stdUri(path.value));
        }
        return isBeside(path.value) ? this.known(uriBeside(from, path.value)) : undefined;
    }

    private known(uri: string): string | undefined {
        return this.program.files.has(uri) ? uri : undefined;
    }

    private declare({ uri, items }: SourceFile): void {
        for (const item of items) {
            if (item.kind === 'const') {
                this.consts.set(`${isLibrary(uri)} ${item.name.name}`, item);
            } else if (item.kind === 'struct' && !this.structs.has(item.name.name)) {
                // the files of the program precede those of the kernel
                this.structs.set(item.name.name, { decl: item, uri });
            }
            for (const entry of item.kind === 'machine' ? item.entries : []) {
                const [name] = entry.args;
                if (entry.key.name === 'device' && name?.kind === 'name') {
                    this.devices.set(name.name, { decl: entry, uri });
                }
            }
        }
    }

    private processOf(node: Node, parent: Node | undefined): string | undefined {
        const meaning = isWord(node) ? this.program.names.get(node) : undefined;
        if (meaning?.kind === 'process') {
            return meaning.name;
        }
        if (meaning?.kind === 'process-var') {
            return meaning.process;
        }
        const of = isKind(parent, 'member') && parent.member === node ? this.program.members.get(parent) : undefined;
        return of?.kind === 'process-var' ? of.process : undefined;
    }

    private note(uri: string, { node, above }: Place): void {
        if (!isWord(node)) {
            return;
        }
        const [parent] = above;
        const meaning = this.program.names.get(node);
        if (meaning?.kind === 'process') {
            this.add(uri, above, node, meaning.name, undefined, isKind(parent, 'process'));
        } else if (meaning?.kind === 'process-var') {
            const assigned = isKind(parent, 'assign') && parent.target === node;
            const received = isKind(parent, 'send') && parent.as === node;
            this.add(uri, above, node, meaning.process, meaning.name, assigned || received);
        }
        const send = above.find((n) => isKind(n, 'send'));
        if (isKind(send, 'send') && !send.as && node === lastName(send.value)) {
            this.add(uri, above, node, send.to.name, node.name, true);
        }
    }

    private add(
        uri: string,
        above: readonly Node[],
        { start, end }: Span,
        process: string,
        variable: string | undefined,
        declares: boolean,
    ): void {
        const key = mentionKey(this.scopeOf(uri, above, process), process, variable);
        const before = this.mentions.get(key);
        const earlier = before?.uri === uri && start < before.span.start;
        if (!before || (declares && !before.declares) || (declares === before.declares && earlier)) {
            this.mentions.set(key, { uri, span: { start, end }, declares });
        }
    }
}

/** True for files of the kernel's own code. */
export function isLibrary(uri: string): boolean {
    return LIBRARY_SOURCES.has(uri);
}

function mentionKey(scope: string, process: string, variable: string | undefined): string {
    return `${scope}|${process}|${variable ?? ''}`;
}

function scenarioAround(above: readonly Node[]): Node | undefined {
    return above.find((n) => isKind(n, 'scenario'));
}

/** The name of a value: `vm1`, and for `luod.vm1` also `vm1`. */
function lastName(value: Node): Node | undefined {
    return isKind(value, 'member') ? value.member : isKind(value, 'name') ? value : undefined;
}
