/** Renames a symbol in all files, or returns why it cannot have the new name. */
import type { Program } from '../language/program';
import { RESERVED } from '../language/syntax/words';
import type { Span } from '../language/syntax/ast';
import { analysisErrors } from './analysis';
import { isLibrary } from './declarations';
import { forEachLeaf, isKind, type Node } from './nodes';
import { referencesTo, type Reference } from './references';
import { SHIPPED_SOURCES } from '../std/texts';
import type { NamedSymbol } from './symbol';
import { symbolAt } from './symbol-at';

export interface TextEdit {
    readonly uri: string;
    readonly span: Span;
    readonly text: string;
}

/** The reason, as a sentence. */
export interface Refusal {
    readonly refused: string;
}

/** Access to the programs of a file, with its present text or a changed one. */
export interface Workspace {
    /** The programs that contain a file, its own first. */
    programsWith(uri: string): readonly Program[];
    /** The same program with changed texts of some files. */
    reanalysed(program: Program, texts: ReadonlyMap<string, string>): Program;
}

/** The place and text of the name to change. */
export function renamable(
    program: Program,
    uri: string,
    offset: number,
): { readonly span: Span; readonly name: string } | Refusal {
    const symbol = symbolAt(program, uri, offset);
    if (!symbol) {
        return { refused: 'There is no name here.' };
    }
    const refused = refusalOf(symbol);
    return refused === undefined ? { span: nameSpan(program, uri, symbol.span), name: symbol.name } : { refused };
}

function refusalOf({ kind, name, declaration }: NamedSymbol): string | undefined {
    if (kind === 'keyword') {
        return `\`${name}\` is a keyword of the language.`;
    }
    if (kind === 'callback') {
        return `\`${name}\` is a callback, whose name the kernel defines.`;
    }
    if (kind === 'file') {
        return 'Rename files in the explorer.';
    }
    if (!declaration || SHIPPED_SOURCES.has(declaration.uri)) {
        return `\`${name}\` is part of the emulator. Only names that your files declare can be renamed.`;
    }
    return undefined;
}

/** Without the quotation marks, if the name has them. */
function nameSpan(program: Program, uri: string, span: Span): Span {
    const quoted = program.files.get(uri)?.text[span.start] === '"';
    return quoted ? { start: span.start + 1, end: span.end - 1 } : { start: span.start, end: span.end };
}

/** The edits of all files, each once; shipped files are not edited. */
export function rename(
    workspace: Workspace,
    uri: string,
    offset: number,
    newName: string,
): readonly TextEdit[] | Refusal {
    const [own, ...others] = workspace.programsWith(uri);
    const symbol = own && symbolAt(own, uri, offset);
    if (!own || !symbol) {
        return { refused: 'There is no name here.' };
    }
    const refused = refusalOf(symbol) ?? nameRefusal(own, uri, symbol, newName);
    if (refused !== undefined) {
        return { refused };
    }
    const around = symbol.declaration ? workspace.programsWith(symbol.declaration.uri) : [];
    const programs = [...new Set([own, ...others, ...around])];
    const edits = new Map<string, TextEdit>();
    for (const program of programs) {
        for (const edit of editsOf(program, symbol, newName)) {
            edits.set(`${edit.uri} ${edit.span.start}`, edit);
        }
    }
    const all = [...edits.values()];
    for (const program of programs) {
        const reason = spoils(workspace, program, symbol, newName, all);
        if (reason !== undefined) {
            return { refused: reason };
        }
    }
    return all;
}

function nameRefusal(program: Program, uri: string, symbol: NamedSymbol, newName: string): string | undefined {
    const quoted = program.files.get(uri)?.text[symbol.span.start] === '"';
    if (quoted) {
        return /^[^"\\\n\r]+$/.test(newName) ? undefined : 'A name in quotes cannot contain `"`, `\\` or a line break.';
    }
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(newName)) {
        return `\`${newName}\` is not a name. A name consists of letters, digits and \`_\`, and does not begin with a digit.`;
    }
    return RESERVED.has(newName) ? `\`${newName}\` is a keyword of the language.` : undefined;
}

function editsOf(program: Program, symbol: NamedSymbol, newName: string): TextEdit[] {
    const edits: TextEdit[] = referencesTo(program, symbol)
        .filter((r) => !isLibrary(r.uri))
        .map((r) => ({ uri: r.uri, span: nameSpan(program, r.uri, r.span), text: newName }));
    return [...edits, ...sendEdits(program, symbol, newName, edits)];
}

/** `send vm1 to vmm` names a variable of two processes. If only one of them is renamed, `as` is added for the other. */
function sendEdits(program: Program, symbol: NamedSymbol, newName: string, edits: readonly TextEdit[]): TextEdit[] {
    if (symbol.kind !== 'process variable') {
        return [];
    }
    const [process = ''] = symbol.signature.split('.');
    const found: TextEdit[] = [];
    for (const [uri, file] of program.files) {
        if (isLibrary(uri)) {
            continue;
        }
        forEachLeaf(file, ({ node, above }) => {
            const send = above.find((n) => isKind(n, 'send'));
            if (!isKind(send, 'send') || send.as || !isNameOf(node, symbol.name) || !isSent(send.value, node)) {
                return;
            }
            const renamed = edits.some((e) => e.uri === uri && e.span.start === node.start);
            const end = { start: send.to.end, end: send.to.end };
            if (renamed) {
                found.push({ uri, span: end, text: ` as ${symbol.name}` });
            } else if (send.to.name === process) {
                found.push({ uri, span: end, text: ` as ${newName}` });
            }
        });
    }
    return found;
}

function isNameOf(node: Node, name: string): boolean {
    return (isKind(node, 'name') || isKind(node, 'ident')) && node.name === name;
}

function isSent(value: Node, node: Node): boolean {
    return value === node || (isKind(value, 'member') && value.member === node);
}

/** Why the rename would change the meaning of a program; undefined if it would not. */
function spoils(
    workspace: Workspace,
    program: Program,
    symbol: NamedSymbol,
    newName: string,
    edits: readonly TextEdit[],
): string | undefined {
    const texts = new Map<string, string>();
    for (const [uri, file] of program.files) {
        const here = edits.filter((e) => e.uri === uri);
        if (here.length > 0) {
            texts.set(uri, edited(file.text, here));
        }
    }
    if (texts.size === 0) {
        return undefined;
    }
    const after = workspace.reanalysed(program, texts);
    const before = new Set(analysisErrors(program).map((e) => `${e.code} ${e.uri}`));
    const added = analysisErrors(after).find((e) => !before.has(`${e.code} ${e.uri}`));
    if (added || analysisErrors(after).length > analysisErrors(program).length) {
        return `Renaming \`${symbol.name}\` to \`${newName}\` would cause an error: ${(added ?? analysisErrors(after)[0])?.message ?? ''}`;
    }
    return sameReferences(program, after, symbol, edits)
        ? undefined
        : `\`${newName}\` already has another meaning where \`${symbol.name}\` is used.`;
}

/** True if the new name refers to the renamed symbol and to no other. */
function sameReferences(before: Program, after: Program, symbol: NamedSymbol, edits: readonly TextEdit[]): boolean {
    const old = referencesTo(before, symbol).filter((r) => !isLibrary(r.uri));
    const [first] = old;
    if (!first) {
        return true;
    }
    const renamed = symbolAt(after, first.uri, moved(first, edits));
    if (!renamed) {
        return false;
    }
    const now = new Set(referencesTo(after, renamed).map((r) => `${r.uri} ${r.span.start}`));
    // the variable that `as` names is one more
    const more = edits.filter((e) => e.text === ` as ${renamed.name}`).length;
    return now.size === old.length + more && old.every((r) => now.has(`${r.uri} ${moved(r, edits)}`));
}

/** The start of a reference after the edits. */
function moved({ uri, span }: Reference, edits: readonly TextEdit[]): number {
    return edits
        .filter((e) => e.uri === uri && e.span.end <= span.start && e.span.start < span.start)
        .reduce((at, e) => at + e.text.length - (e.span.end - e.span.start), span.start);
}

/** The text after edits that do not overlap. */
export function edited(text: string, edits: readonly { readonly span: Span; readonly text: string }[]): string {
    let result = text;
    for (const edit of [...edits].sort((a, b) => b.span.start - a.span.start)) {
        result = result.slice(0, edit.span.start) + edit.text + result.slice(edit.span.end);
    }
    return result;
}
