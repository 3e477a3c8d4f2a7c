/** Reads a file and everything it imports. */
import type { ImportDecl, SourceFile } from './syntax/ast';
import type { World } from './check/program-builder';
import { changeTo } from './check-finding';
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

/** True for a path of a file beside another one or below it: nothing that leaves the folder. */
export function isBeside(path: string): boolean {
    return !(
        path === '' ||
        path.startsWith('/') ||
        path.includes('\\') ||
        /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(path) ||
        path.split('/').includes('..')
    );
}

/** Loads `uri` and its imports into the world, the file itself first. A file that is imported twice is loaded once. */
export function load(world: World, host: SourceHost, uri: string): void {
    const text = host.read(uri);
    if (text === undefined) {
        world.report('error', 'LU0215', uri, { start: 0, end: 0 }, `There is no file ${uri}.`);
        return;
    }
    loadText(world, host, uri, text, []);
}

function loadText(world: World, host: SourceHost, uri: string, text: string, above: readonly string[]): void {
    const { file, diagnostics } = parse(uri, text);
    world.files.set(uri, file);
    world.diagnostics.push(...diagnostics);
    for (const item of file.items) {
        if (item.kind === 'import' && item.path.start < item.path.end) {
            follow(world, host, file, item, [...above, uri]);
        }
    }
}

function follow(world: World, host: SourceHost, file: SourceFile, item: ImportDecl, above: readonly string[]): void {
    const path = item.path.value;
    if (item.shipped) {
        followShipped(world, host, file, item, above);
        return;
    }
    const say = (message: string): void => world.report('error', 'LU0215', file.uri, item.path, message);
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
    if (world.files.has(uri)) {
        return;
    }
    const text = host.read(uri);
    if (text === undefined) {
        const withEnding = path.endsWith('.lus') ? undefined : host.read(host.resolve(file.uri, `${path}.lus`));
        world.report(
            'error',
            'LU0215',
            file.uri,
            item.path,
            `There is no file "${path}" beside this one.${withEnding === undefined ? '' : ` Did you mean "${path}.lus"?`}`,
            withEnding === undefined ? undefined : { fix: changeTo(item.path, `"${path}.lus"`) },
        );
        return;
    }
    loadText(world, host, uri, text, above);
}

function followShipped(
    world: World,
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
        world.unknown(
            'LU0215',
            file.uri,
            path,
            path.value,
            `No program called "${path.value}" ships with the emulator.`,
            [...PROGRAM_TEXTS.keys()],
        );
    } else if (!world.files.has(uri)) {
        loadText(world, host, uri, text, above);
    }
}
