/** Files with the state of a search that is not complete, or that is one part of several. */
import type { SavedFrontier } from '../../explore/frontier';
import type { ExploreOptions } from '../../explore/explore';
import { readNamed } from '../../disk/read';
import { textOf } from '../../disk/source-files';
import type { Program } from '../../language/program';
import { Hasher } from '../../machine/hash';
import { type Files, unreadable } from '../files';
import { BadArguments } from '../options';
import { writeAll, writeOutput } from '../output-file';

/** The version of the format. */
const VERSION = 2;

/** What a search of a scenario depends on, besides the program. */
export type Wanted = Omit<ExploreOptions, 'memory'>;

/** The search of one scenario. */
export interface SavedSearch {
    readonly wanted: Wanted;
    readonly frontier: SavedFrontier;
}

export interface SearchFile {
    readonly version: typeof VERSION;
    /** The explored file, as it was named. */
    readonly explored: string;
    /** A fingerprint of its text and of what it imports. */
    readonly sources: string;
    readonly searches: readonly SavedSearch[];
}

/** Equal for equal programs. */
export function sourcesOf(files: Files, program: Program): string {
    const hasher = new Hasher();
    for (const uri of [...program.files.keys()].sort()) {
        hasher.str(files.read(uri) ?? '');
    }
    return hasher.digest();
}

/** The longest file that is read. Bytes. */
const MOST = 400 * 2 ** 20;

/** JSON has no Infinity. */
const UNBOUNDED = 'unbounded';

export function writeSearches(name: string, explored: string, sources: string, searches: readonly SavedSearch[]): void {
    const document: SearchFile = { version: VERSION, explored, sources, searches };
    const text = JSON.stringify(document, (_, value: unknown) => (value === Infinity ? UNBOUNDED : value));
    // it replaces the state that the search went on from
    writeOutput(name, (fd) => writeAll(fd, text));
}

/** @throws BadArguments if the file cannot be read, or is not such a file */
export function readSearches(name: string): SearchFile {
    const document = searchFileAt(name);
    if (!document) {
        throw new BadArguments(`${name} is not the state of a search. Write it with lus explore --state FILE.`);
    }
    return document;
}

/** The state of a search in a file; undefined if it is something else. @throws BadArguments if it cannot be read */
export function searchFileAt(name: string): SearchFile | undefined {
    let text: string;
    try {
        text = textOf(readNamed(name, MOST));
    } catch (e) {
        throw new BadArguments(unreadable(name, e));
    }
    try {
        const document: unknown = JSON.parse(text, (_, value: unknown) => (value === UNBOUNDED ? Infinity : value));
        return isSearchFile(document) ? document : undefined;
    } catch {
        return undefined;
    }
}

/** Whether it has the form that this version writes. */
function isSearchFile(x: unknown): x is SearchFile {
    return (
        isObject(x) &&
        x['version'] === VERSION &&
        typeof x['explored'] === 'string' &&
        typeof x['sources'] === 'string' &&
        Array.isArray(x['searches']) &&
        x['searches'].every((s: unknown) => isObject(s) && isObject(s['wanted']) && isFrontier(s['frontier']))
    );
}

function isFrontier(f: unknown): boolean {
    return (
        isObject(f) &&
        isObject(f['graph']) &&
        ['questions', 'outcomes', 'edges'].every((key) => isObject(f['graph']) && Array.isArray(f['graph'][key])) &&
        typeof f['cost'] === 'number' &&
        Array.isArray(f['items']) &&
        Array.isArray(f['later'])
    );
}

function isObject(x: unknown): x is Readonly<Record<string, unknown>> {
    return typeof x === 'object' && x !== null && !Array.isArray(x);
}

/** Whether two searches try the same. */
export function wantTheSame(a: Wanted, b: Wanted): boolean {
    const text = ({ scenario, kernel, tried, faults, switches, limit }: Wanted): string =>
        JSON.stringify([scenario, kernel ?? null, tried, faults, String(switches), limit]);
    return text(a) === text(b);
}
