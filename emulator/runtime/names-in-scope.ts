/** The names that an expression of the debugger can use at a place of a stopped run. */
import type { Program } from '../language/program';
import { type Frame, statementOf, type Thread, visibleLocals } from './code';
import type { Host } from './host/host';
import { processOf } from './host/scenario-process';

/** The place of an evaluation: a frame of a thread, an idle thread, or no place in particular. */
export interface Viewpoint {
    readonly thread: Thread | undefined;
    readonly frame: Frame | undefined;
    /** The offset in the text that decides which variables are visible. Default: where the frame stands. */
    readonly offset?: number | undefined;
}

/** The offset of a frame's position in the text. */
export function offsetOf(host: Host, { frame, thread, offset }: Viewpoint): number {
    if (!frame) {
        return -1;
    }
    if (offset !== undefined) {
        return offset;
    }
    const waits = frame !== thread?.top || thread !== host.interpreter.current;
    return statementOf(frame, waits)?.span.start ?? frame.code.span.start;
}

/** The programs whose declarations can be seen, the frame's own first. */
export function programsInSight({ declarations, library }: Host, { frame }: Viewpoint): Program[] {
    const { program } = declarations;
    const uri = frame?.code.uri;
    const inLibrary = uri !== undefined && library.files.has(uri) && !program.files.has(uri);
    return inLibrary ? [library, program] : [program, library];
}

export interface NameInScope {
    readonly name: string;
    readonly kind: 'variable' | 'field' | 'process' | 'device' | 'global';
}

/** Variables and objects, the nearest first; without declarations and functions. */
export function namesInScope(host: Host, at: Viewpoint): NameInScope[] {
    const { frame, thread } = at;
    const named = (kind: NameInScope['kind'], names: Iterable<string>): NameInScope[] =>
        [...names].map((name) => ({ name, kind }));
    const process = frame && frame.mode !== 'user' ? null : processOf(thread);
    const fields = frame?.self ? host.declarations.fileKind(frame.self.kind)?.decl.fields : undefined;
    return [
        ...named('variable', frame ? visibleLocals(frame, offsetOf(host, at)).map((v) => v.name) : []),
        ...named('variable', process?.vars.keys() ?? []),
        ...named('field', fields?.map((f) => f.name.name) ?? []),
        ...named(
            'process',
            host.processes.items.map((p) => p.name),
        ),
        ...named(
            'device',
            host.machine.pci.devices.map((d) => d.shape.name),
        ),
        ...named('global', host.natives.globals.keys()),
    ];
}
