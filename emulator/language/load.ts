/** Reads a file and its imports. */
import { PROGRAM_TEXTS, stdUri } from '../std/texts';
import type { ProgramBuilder } from './check/program-builder';
import { changeTo } from './check-finding';
import { isBeside, uriBeside } from './paths';
import type { ImportDecl, SourceFile } from './syntax/ast';
import type { Parse } from './syntax/parse-cache';

/**
 * The source of file contents. The language identifies files by URI only; the command and the servers know their paths.
 */
export interface SourceHost {
    /** The text, or undefined if there is no such file. */
    read(uri: string): string | undefined;
    /**
     * The bytes of a file, decompressed if it is a gzip file; undefined if there is no such file. Hosts that only check
     * leave it out.
     */
    readBytes?(uri: string): Uint8Array | undefined;
    /** Whether there is such a file. If this is left out, a missing file is found when it is read. */
    exists?(uri: string): boolean;
}

/** Files that import each other in a chain. */
const MOST_NESTED = 100;

/** What a program is loaded with. */
interface Loader {
    readonly program: ProgramBuilder;
    readonly host: SourceHost;
    readonly parse: Parse;
}

/**
 * Loads `uri` and its imports into the program, the file itself first. A file that is imported twice is loaded once.
 */
export function load(program: ProgramBuilder, host: SourceHost, parse: Parse, uri: string): void {
    const text = host.read(uri);
    if (text === undefined) {
        program.report('error', 'LU0215', uri, { start: 0, end: 0 }, `There is no file ${uri}.`);
        return;
    }
    loadText({ program, host, parse }, uri, text, []);
}

/** @param above the files that led to this one, each imported by the one before it */
function loadText(l: Loader, uri: string, text: string, above: readonly string[]): void {
    const { file, diagnostics } = l.parse(uri, text);
    l.program.files.set(uri, file);
    l.program.diagnostics.push(...diagnostics);
    for (const item of file.items) {
        if (item.kind === 'import' && item.path.start < item.path.end) {
            (item.shipped ? followShipped : follow)(l, file, item, [...above, uri]);
        }
    }
}

function follow(l: Loader, file: SourceFile, item: ImportDecl, above: readonly string[]): void {
    const { program, host } = l;
    const path = item.path.value;
    const say = (message: string): void => program.report('error', 'LU0215', file.uri, item.path, message);
    if (!isBeside(path)) {
        say(
            'An imported file must be in the folder of this file or below it: `import "nic.lus"`, `import "devices/nic.lus"`.',
        );
        return;
    }
    const uri = uriBeside(file.uri, path);
    if (above.includes(uri)) {
        const chain = [...above.slice(above.indexOf(uri)), uri].map((u) => u.slice(u.lastIndexOf('/') + 1)).join(' → ');
        say(
            `These files import each other in a circle (${chain}). Move the declarations they share into a file of its own.`,
        );
        return;
    }
    if (program.files.has(uri)) {
        return;
    }
    if (above.length >= MOST_NESTED) {
        say(`Imports are nested at most ${MOST_NESTED} files deep.`);
        return;
    }
    const text = host.read(uri);
    if (text === undefined && host.exists?.(uri) === true) {
        say(
            `"${path}" cannot be read: an import is a regular file of at most 64 MiB, and in a workspace that is not trusted it lies inside the workspace.`,
        );
        return;
    }
    if (text === undefined) {
        const withEnding = path.endsWith('.lus') ? undefined : host.read(uriBeside(file.uri, `${path}.lus`));
        program.report(
            'error',
            'LU0215',
            file.uri,
            item.path,
            `There is no file "${path}" in the folder of this file.${withEnding === undefined ? '' : ` Did you mean "${path}.lus"?`}`,
            withEnding === undefined ? undefined : { fix: changeTo(item.path, `"${path}.lus"`) },
        );
        return;
    }
    loadText(l, uri, text, above);
}

/** `import <luod>` */
function followShipped(l: Loader, file: SourceFile, { path }: ImportDecl, above: readonly string[]): void {
    const { program } = l;
    const uri = stdUri(path.value);
    const text = PROGRAM_TEXTS.get(path.value);
    if (path.value === '') {
        return;
    }
    if (text === undefined) {
        program.unknown('LU0215', file.uri, path, path.value, `The emulator has no program "${path.value}".`, [
            ...PROGRAM_TEXTS.keys(),
        ]);
    } else if (!program.files.has(uri)) {
        loadText(l, uri, text, above);
    }
}
