/** Where a run can stop: the statements of a file, and the functions and callbacks by name. */
import type { Code } from '../emulator/scenario/code';
import type { Image } from '../emulator/scenario/image';
import type { Span } from '../emulator/scenario/ast';
import { STD_SOURCES } from '../emulator/scenario/std';
import type { Position, Sources } from './source';

/** A statement, and the operation that begins it. */
export interface Statement {
    readonly code: Code;
    readonly pc: number;
    readonly span: Span;
    readonly at: Position;
}

/** The statements of a file in order of the text. */
export function statementsOf(image: Image, sources: Sources, uri: string): Statement[] {
    return image.codeIn(uri)
        .flatMap((code) => code.statements.map(({ pc, span }) => ({ code, pc, span, at: sources.position(uri, span.start) })))
        .sort((a, b) => a.span.start - b.span.start);
}

/**
 * Where a breakpoint on a line comes to lie, or why it cannot lie anywhere. Kernels that share a file each have code of their own
 * for the one statement.
 */
export function statementsAt(image: Image, sources: Sources, uri: string, line: number, column: number | undefined): Statement[] | string {
    const found = statementAt(image, sources, uri, line, column);
    return typeof found === 'string' ? found : statementsOf(image, sources, uri).filter((s) => s.span.start === found.span.start);
}

function statementAt(image: Image, sources: Sources, uri: string, line: number, column: number | undefined): Statement | string {
    if (!image.program.files.has(uri) && !STD_SOURCES.has(uri)) {
        return 'This file is not part of the scenario that runs.';
    }
    const statements = statementsOf(image, sources, uri);
    const here = statements.filter((s) => s.at.line === line);
    const first = column === undefined ? here[0] : here.findLast((s) => s.at.column <= column) ?? here[0];
    if (first) {
        return first;
    }
    // inside of a piece of code: the next statement of it
    const around = image.codeIn(uri)
        .filter((c) => sources.position(uri, c.span.start).line <= line && line <= sources.position(uri, c.span.end).line)
        .sort((a, b) => b.span.start - a.span.start);
    if (around.length === 0) {
        return 'Nothing runs on this line: it is in no scenario, function or callback.';
    }
    for (const code of around) {
        const next = statements.find((s) => s.code === code && s.at.line > line);
        if (next) {
            return next;
        }
    }
    const [code] = around;
    return code?.statements.length === 0 ? `${code.name} has no statement to stop at.` : `No statement begins on this line or below it in ${code?.name ?? ''}.`;
}

/**
 * The code that a function breakpoint means: `memfd.freeze`, `*.freeze` (of every handler, FLB and file kind), or a function.
 * A text says why there is none. Several kernels may each have code of their own for one name.
 */
export function codesNamed(image: Image, name: string): Code[] | string {
    const wanted = name.trim().replace(/\(\s*\)$/, '');
    const codes = [...image.program.files.keys(), ...STD_SOURCES.keys()].flatMap((uri) => image.codeIn(uri));
    const callbacks = codes.filter((c) => c.kind === 'handler' || c.kind === 'flb' || c.kind === 'file');
    const at = wanted.indexOf('.');
    if (at < 0) {
        const found = codes.filter((c) => c.kind === 'fn' && c.name === wanted);
        return found.length > 0 ? found : `There is no function ${wanted}. Callbacks are named with their owner: memfd.freeze, or *.freeze for all of them.`;
    }
    const owner = wanted.slice(0, at);
    const callback = wanted.slice(at);
    const found = callbacks.filter((c) => (owner === '*' ? c.name.endsWith(callback) : c.name === wanted));
    if (found.length > 0) {
        return found;
    }
    if (owner === '*') {
        return `No callback is called ${callback.slice(1)}.`;
    }
    return callbacks.some((c) => c.name.startsWith(`${owner}.`)) ? `${owner} has no callback ${callback.slice(1)}.` : `There is no handler, FLB or file kind ${owner}.`;
}
