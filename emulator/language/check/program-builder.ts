/** The program while the checker builds it, and the findings so far. */
import type { CheckCode } from '../check-codes';
import type {
    ConstDecl,
    Expr,
    FileDecl,
    FlbDecl,
    FnDecl,
    HandlerDecl,
    Ident,
    KernelDecl,
    KindField,
    MachineDecl,
    MachineEntry,
    NameExpr,
    SourceFile,
    Span,
    StructDecl,
} from '../syntax/ast';
import type { PageGeometry } from '../../machine/arch';
import type { StructLayout } from '../layout';
import { KHO_VMALLOC } from '../layouts';
import { OverlayMap } from '../overlay-map';
import type { CheckFinding, Severity } from '../check-finding';
import type { CodeInfo, MemberMeaning, NameMeaning, Program } from '../program';
import type { Context, Type, Value } from '../types';
import type { NativeShapes } from '../natives';
import { pageOf } from '../machine-arch';
import type { Probe } from './probe';
import { LineMap } from '../syntax/positions';
import { near } from '../nearest';
import { changeTo } from '../check-finding';

/** A constant: its value once it is known. */
export interface ConstInfo {
    readonly decl: ConstDecl;
    readonly uri: string;
    state: 'new' | 'busy' | 'done';
    value: Value;
    type: Type;
}

/** What the body of a function says about it. */
export interface FnInfo {
    readonly decl: FnDecl;
    readonly uri: string;
    state: 'new' | 'busy' | 'done';
    /** Where it can run, and the statement that decides it. */
    context: Context;
    contextWhy: string;
    result: Type;
    /** May fail with an error number. */
    fails: boolean;
    params: Type[];
    /** Whether a call of it ends the running kernel. */
    endsKernel: 'no' | 'maybe' | 'always';
    /** Whether it may load an image from which the kernel comes back. */
    loadsToReturn: boolean;
    /** The processes that it starts or ends. */
    readonly touches: Set<string>;
}

export const quoted = (text: string): string => `\`${text}\``;

export class ProgramBuilder {
    readonly diagnostics: CheckFinding[] = [];
    readonly files = new Map<string, SourceFile>();
    readonly consts = new Map<string, ConstInfo>();
    readonly fns = new Map<string, FnInfo>();
    /** Functions that are being checked, each since the one before it calls it. */
    nestedFns = 0;
    readonly structDecls = new Map<string, StructDecl>();
    readonly structs = new Map<string, StructLayout>();
    readonly fileKinds = new Map<string, FileDecl>();
    readonly handlers = new Map<string, HandlerDecl>();
    readonly flbs = new Map<string, FlbDecl>();
    readonly kernels = new Map<string, KernelDecl>();
    machine: MachineDecl | undefined;
    /** The devices of the machine, by name. */
    readonly devices = new Map<string, MachineEntry>();
    readonly uriOf = new Map<object, string>();
    readonly code = new Map<object, CodeInfo>();
    readonly names = new Map<NameExpr | Ident, NameMeaning>();
    readonly members = new Map<Expr, MemberMeaning>();
    readonly types = new Map<Expr, Type>();
    /** Types of the fields of file kinds, as declared. */
    readonly kindFieldTypes = new Map<KindField, Type>();
    /** Variables that functions assign in blocks of processes: process → name → type. */
    readonly fnProcessVars = new Map<string, Map<string, Type>>();
    /** Every process that any scenario or function of the program starts. */
    readonly processNames = new Set<string>();

    /** The values of constant expressions that settings of machines and kernels take. */
    readonly constants = new Map<Expr, number>();
    /** Expressions whose operation has no result, reported already. */
    readonly withoutValue = new Set<Expr>();

    /** Whether a file exists beside another; true if the host cannot tell. */
    fileExists: (from: string, path: string) => boolean = () => true;
    private kernelIds = 0;
    private readonly lines = new Map<string, LineMap>();

    /** The place whose names are recorded, if any. */
    probe: Probe | undefined;
    /** The standard library, once the layers of the program's kernels are known. */

    std: Program | undefined;
    layers: ReadonlySet<string> = new Set();
    /** The page size of the machine that the program describes. */
    page: PageGeometry = pageOf(undefined);

    constructor(readonly natives: NativeShapes) {}

    report(
        severity: Severity,
        code: CheckCode,
        uri: string,
        span: Span,
        message: string,
        extra?: Pick<CheckFinding, 'related' | 'fix'>,
    ): void {
        this.diagnostics.push({ code, severity, uri, span: { start: span.start, end: span.end }, message, ...extra });
    }

    /** "`x` is unknown." with the nearest of the candidates, and the fix that writes it. */
    unknown(
        code: CheckCode,
        uri: string,
        span: Span,
        name: string,
        message: string,
        candidates: Iterable<string>,
    ): void {
        const nearest = near(name, candidates);
        this.report(
            'error',
            code,
            uri,
            span,
            nearest === undefined ? message : `${message} Did you mean ${quoted(nearest)}?`,
            nearest === undefined ? undefined : { fix: changeTo(span, nearest) },
        );
    }

    /** An id for one more kernel in the flow of a scenario; only equality counts. */
    nextKernelId(): number {
        return ++this.kernelIds;
    }

    layout(name: string): StructLayout | undefined {
        return (
            this.structs.get(name) ??
            this.std?.structs.get(name) ??
            (name === KHO_VMALLOC.name ? KHO_VMALLOC : undefined)
        );
    }

    /** A struct of the program or of the standard library. */
    structDecl(name: string): StructDecl | undefined {
        const own = this.structDecls.get(name);
        if (own || !this.std?.structs.has(name)) {
            return own;
        }
        for (const file of this.std.files.values()) {
            for (const item of file.items) {
                if (item.kind === 'struct' && item.name.name === name) {
                    return item;
                }
            }
        }
        return undefined;
    }

    fileKind(name: string): FileDecl | undefined {
        return this.fileKinds.get(name) ?? this.std?.fileKinds.get(name);
    }

    handler(name: string): HandlerDecl | undefined {
        return this.handlers.get(name) ?? this.std?.handlers.get(name);
    }

    flb(name: string): FlbDecl | undefined {
        return this.flbs.get(name) ?? this.std?.flbs.get(name);
    }

    /** The line of a position, from 1, for messages. */
    lineOf(uri: string, offset: number): number {
        let lines = this.lines.get(uri);
        if (!lines) {
            lines = new LineMap(this.files.get(uri)?.text ?? '');
            this.lines.set(uri, lines);
        }
        return lines.position(offset).line;
    }

    textOf(uri: string, span: Span): string {
        const text = (this.files.get(uri)?.text ?? '').slice(span.start, span.end).replace(/\s+/g, ' ');
        return text.length > 60 ? `${text.slice(0, 57)}...` : text;
    }

    /** Every name of the file kinds, handlers and FLBs, including those of the kernel. */
    *declared(kind: 'fileKinds' | 'handlers' | 'flbs'): Generator<string> {
        yield* this[kind].keys();
        yield* this.std?.[kind].keys() ?? [];
        if (kind === 'fileKinds') {
            yield* this.natives.fileKinds.keys();
        }
    }

    /** The program, as far as the files could be understood. @param main the file to check */
    finish(main: string): Program {
        const { std } = this;
        const order = [...this.files.keys()];
        const over = <K, V>(own: ReadonlyMap<K, V>, below: ReadonlyMap<K, V> | undefined): ReadonlyMap<K, V> =>
            below ? new OverlayMap(own, below) : own;
        const merged = <V>(own: Map<string, V>, below: ReadonlyMap<string, V> | undefined): ReadonlyMap<string, V> =>
            new Map([...(below ?? []), ...own]);
        return {
            main,
            files: new Map([...this.files, ...(std?.files ?? [])]),
            diagnostics: this.diagnostics.sort(
                (a, b) =>
                    order.indexOf(a.uri) - order.indexOf(b.uri) ||
                    a.span.start - b.span.start ||
                    a.span.end - b.span.end,
            ),
            natives: this.natives,
            ...(this.machine && { machine: this.machine }),
            scenarios: this.files.get(main)?.items.filter((i) => i.kind === 'scenario') ?? [],
            fns: new Map([...this.fns].map(([name, info]) => [name, info.decl])),
            structs: merged(this.structs, std?.structs),
            fileKinds: merged(this.fileKinds, std?.fileKinds),
            handlers: merged(this.handlers, std?.handlers),
            flbs: merged(this.flbs, std?.flbs),
            kernels: merged(this.kernels, std?.kernels),
            constValues: over(new Map([...this.consts.values()].map((c) => [c.decl, c])), std?.constValues),
            layers: this.layers,
            page: this.page,
            constants: this.constants,
            uriOf: over(this.uriOf, std?.uriOf),
            code: over(this.code, std?.code),
            names: over(this.names, std?.names),
            members: over(this.members, std?.members),
            types: over(this.types, std?.types),
        };
    }
}
