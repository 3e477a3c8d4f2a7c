/** Where a run can stop: the statements of a file, and the functions and callbacks by name. */
import { layerOfFile } from '../../emulator/kernel/release/layers';
import type { Program } from '../../emulator/language/program';
import type { Span } from '../../emulator/language/syntax/ast';
import type { Code } from '../../emulator/runtime/code';
import type { Executable } from '../../emulator/runtime/executable';
import { librariesOf } from '../../emulator/runtime/host/kernels';
import { LIBRARY_SOURCES, STD_SCHEME } from '../../emulator/std/texts';
import { near } from '../../emulator/language/nearest';
import type { Position, Sources } from '../source';

/** A statement, and the operation that begins it. */
export interface Statement {
    readonly code: Code;
    readonly pc: number;
    readonly span: Span;
    readonly at: Position;
}

/** The statements of a file in order of the text. */
export function statementsOf(executable: Executable, sources: Sources, uri: string): Statement[] {
    return executable
        .codeIn(uri)
        .flatMap((code) =>
            code.statements.map(({ pc, span }) => ({ code, pc, span, at: sources.position(uri, span.start) })),
        )
        .sort((a, b) => a.span.start - b.span.start);
}

/**
 * The place of a breakpoint on a line, or the reason why there is none. Kernels that share a file each have their own
 * code for a statement.
 */
export function statementsAt(
    executable: Executable,
    sources: Sources,
    uri: string,
    line: number,
    column: number | undefined,
): Statement[] | string {
    const found = statementAt(executable, sources, uri, line, column);
    return typeof found === 'string'
        ? found
        : statementsOf(executable, sources, uri).filter((s) => s.span.start === found.span.start);
}

function statementAt(
    executable: Executable,
    sources: Sources,
    uri: string,
    line: number,
    column: number | undefined,
): Statement | string {
    if (!executable.declarations.program.files.has(uri) && !LIBRARY_SOURCES.has(uri)) {
        return 'This file is not part of the running scenario.';
    }
    const statements = statementsOf(executable, sources, uri);
    const here = statements.filter((s) => s.at.line === line);
    const first = column === undefined ? here[0] : (here.findLast((s) => s.at.column <= column) ?? here[0]);
    if (first) {
        return first;
    }
    // inside a piece of code: its next statement
    const around = executable
        .codeIn(uri)
        .filter(
            (c) => sources.position(uri, c.span.start).line <= line && line <= sources.position(uri, c.span.end).line,
        )
        .sort((a, b) => b.span.start - a.span.start);
    if (around.length === 0) {
        const layer = uri.startsWith(`${STD_SCHEME}/`)
            ? layerOfFile(uri.slice(STD_SCHEME.length + 1).replace(/\.lus$/, ''))
            : undefined;
        if (layer && !executable.declarations.program.layers.has(layer.name)) {
            return `No kernel of this program has the layer ${layer.name}, so this file is not used.`;
        }
        return 'There is no code on this line: it is not in a scenario, function or callback.';
    }
    for (const code of around) {
        const next = statements.find((s) => s.code === code && s.at.line > line);
        if (next) {
            return next;
        }
    }
    const [code] = around;
    return code?.statements.length === 0
        ? `${code.name} has no statement to stop at.`
        : `No statement begins on or below this line in ${code?.name ?? ''}.`;
}

/** The program and the code of every kernel: each may have its own code for a name. */
function programs({ declarations }: Executable): Program[] {
    const { program, stdProgram } = declarations;
    return [...new Set([program, stdProgram, ...librariesOf(program).map((l) => declarations.library(l))])];
}

/**
 * The code that a function breakpoint means: `memfd.freeze`, `*.freeze` (of every handler, FLB and file kind),
 * `memfd.*` (every callback of one), or a function. A text says why there is none.
 */
export function codesNamed(executable: Executable, name: string): Code[] | string {
    const wanted = name.trim().replace(/\(\s*\)$/, '');
    const at = wanted.indexOf('.');
    return at < 0
        ? functionsNamed(executable, wanted)
        : callbacksNamed(executable, wanted.slice(0, at), wanted.slice(at + 1));
}

function functionsNamed(executable: Executable, name: string): Code[] | string {
    const all = programs(executable);
    const decls = all.map((p) => p.fns.get(name)).filter((d) => d !== undefined);
    if (decls.length > 0) {
        return decls.map((d) => executable.codeOf(d));
    }
    const known = new Set(all.flatMap((p) => [...p.fns.keys()]));
    return `There is no function ${name}${meant(name, known)} Callbacks are named with their owner: memfd.freeze, or *.freeze for all of them.`;
}

function callbacksNamed(executable: Executable, owner: string, callback: string): Code[] | string {
    const all = programs(executable).flatMap((p) => [
        ...p.handlers.values(),
        ...p.flbs.values(),
        ...p.fileKinds.values(),
    ]);
    const owners = all.filter((d) => owner === '*' || d.name.name === owner);
    const codes = owners.flatMap((d) =>
        d.callbacks.filter((c) => callback === '*' || c.name.name === callback).map((c) => executable.codeOf(c)),
    );
    if (codes.length > 0) {
        return [...new Set(codes)];
    }
    if (owners.length === 0) {
        const known = all.map((d) => d.name.name);
        return `There is no handler, FLB or file kind ${owner}${meant(owner, known)}`;
    }
    const known = owners.flatMap((d) => d.callbacks.map((c) => c.name.name));
    return owner === '*'
        ? `There is no callback ${callback}${meant(callback, known)}`
        : `${owner} has no callback ${callback}${meant(callback, known)}`;
}

/** The end of a sentence about an unknown name, with a similar name. */
function meant(name: string, known: Iterable<string>): string {
    const nearest = near(name, known);
    return nearest === undefined ? '.' : `. Did you mean ${nearest}?`;
}
