/** The places of declarations that the checker's tables do not contain. Computed once per program. */
import type { ConstDecl, ImportDecl, MachineEntry, SourceFile, StructDecl } from '../language/syntax/ast';
import type { NativeShapes } from '../language/natives';
import { isBeside, uriBeside } from '../language/paths';
import type { Program } from '../language/program';
import { LIBRARY_SOURCES, stdUri } from '../std/texts';
import type { Node } from './nodes';
import { Processes, type Location } from './processes';

/** A declaration with the file that it is in. */
interface Found<T> {
    readonly decl: T;
    readonly uri: string;
}

const known = new WeakMap<Program, Declarations>();
const owners = new WeakMap<NativeShapes, ReadonlyMap<object, string>>();

export class Declarations {
    /** By name, separately for the kernel's own. */
    private readonly consts = new Map<string, ConstDecl>();
    private readonly structs = new Map<string, Found<StructDecl>>();
    private readonly devices = new Map<string, Found<MachineEntry>>();
    /** Computed when a process is asked for: it takes a walk over the files. */
    private knownProcesses: Processes | undefined;

    private constructor(private readonly program: Program) {
        for (const file of program.files.values()) {
            this.declare(file);
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

    /** See {@link Processes.scopeOf}. */
    scopeOf(uri: string, above: readonly Node[], process: string): string {
        return this.processes.scopeOf(uri, above, process);
    }

    /** See {@link Processes.firstOf}. */
    firstOf(scope: string, process: string, variable?: string): Location | undefined {
        return this.processes.firstOf(scope, process, variable);
    }

    private get processes(): Processes {
        const { program } = this;
        this.knownProcesses ??= new Processes(
            program,
            // the kernel code refers to no process and is the same for every program
            [...program.files.keys()].filter((uri) => isLibrary(uri) === isLibrary(program.main)),
        );
        return this.knownProcesses;
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
}

/** True for files of the kernel's own code. */
export function isLibrary(uri: string): boolean {
    return LIBRARY_SOURCES.has(uri);
}
