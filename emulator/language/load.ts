/** Reads a file and everything it imports. */
import type { ImportDecl, SourceFile } from './syntax/ast';
import type { ProgramBuilder } from './check/program-builder';
import { changeTo } from './check-finding';
import { isBeside } from './paths';
import { parse } from './syntax/parser';
import { stdUri, PROGRAM_TEXTS } from '../std/texts';

/** Where the text of files comes from. The engine knows files by URI only; the shells know where they are. */
export interface SourceHost {
    /** The text, or undefined where there is no such file. */
    read(uri: string): string | undefined;
    /** The URI of a path that is written in the file `from`. */
    resolve(from: string, path: string): string;
    /** The bytes of a file, unpacked where it is compressed with gzip; undefined where there is none. Hosts that run nothing leave it out. */
    readBytes?(uri: string): Uint8Array | undefined;
    /** Whether there is such a file; where it is left out, a missing one is found when it is needed. */
    exists?(uri: string): boolean;
}

/** Loads `uri` and its imports into the program, the file itself first. A file that is imported twice is loaded once. */
export function load(program: ProgramBuilder, host: SourceHost, uri: string): void {
    const text = host.read(uri);
    if (text === undefined) {
        program.report('error', 'LU0215', uri, { start: 0, end: 0 }, `There is no file ${uri}.`);
        return;
    }
    loadText(program, host, uri, text, []);
}

function loadText(
    program: ProgramBuilder,
    host: SourceHost,
    uri: string,
    text: string,
    above: readonly string[],
): void {
    const { file, diagnostics } = parse(uri, text);
    program.files.set(uri, file);
    program.diagnostics.push(...diagnostics);
    for (const item of file.items) {
        if (item.kind === 'import' && item.path.start < item.path.end) {
            follow(program, host, file, item, [...above, uri]);
        }
    }
}

function follow(
    program: ProgramBuilder,
    host: SourceHost,
    file: SourceFile,
    item: ImportDecl,
    above: readonly string[],
): void {
    const path = item.path.value;
    if (item.shipped) {
        followShipped(program, host, file, item, above);
        return;
    }
    const say = (message: string): void => program.report('error', 'LU0215', file.uri, item.path, message);
    if (!isBeside(path)) {
        say('Only files beside this one or below it can be imported: `import "nic.lus"`, `import "devices/nic.lus"`.');
        return;
    }
    const uri = host.resolve(file.uri, path);
    if (above.includes(uri)) {
        const chain = [...above.slice(above.indexOf(uri)), uri].map((u) => u.slice(u.lastIndexOf('/') + 1)).join(' → ');
        say(`These files import each other in a circle (${chain}): move what both need into a third one.`);
        return;
    }
    if (program.files.has(uri)) {
        return;
    }
    const text = host.read(uri);
    if (text === undefined) {
        const withEnding = path.endsWith('.lus') ? undefined : host.read(host.resolve(file.uri, `${path}.lus`));
        program.report(
            'error',
            'LU0215',
            file.uri,
            item.path,
            `There is no file "${path}" beside this one.${withEnding === undefined ? '' : ` Did you mean "${path}.lus"?`}`,
            withEnding === undefined ? undefined : { fix: changeTo(item.path, `"${path}.lus"`) },
        );
        return;
    }
    loadText(program, host, uri, text, above);
}

function followShipped(
    program: ProgramBuilder,
    host: SourceHost,
    file: SourceFile,
    { path }: ImportDecl,
    above: readonly string[],
): void {
    const uri = stdUri(path.value);
    const text = PROGRAM_TEXTS.get(path.value);
    if (path.value === '') {
        return;
    }
    if (text === undefined) {
        program.unknown(
            'LU0215',
            file.uri,
            path,
            path.value,
            `No program called "${path.value}" ships with the emulator.`,
            [...PROGRAM_TEXTS.keys()],
        );
    } else if (!program.files.has(uri)) {
        loadText(program, host, uri, text, above);
    }
}
