/** Declarations of many files by a part of their name. */
import type { SourceFile } from '../language/syntax/ast';
import { outline, type OutlineEntry } from './outline';

export interface WorkspaceSymbol {
    readonly uri: string;
    readonly entry: OutlineEntry;
    /** The declaration that it is part of; empty for what stands by itself. */
    readonly container: string;
}

/** Editors filter what they show, and ask again as one types: more than this helps nobody. */
const MOST = 500;

/** What has the letters of the query in its name, in their order: the empty query finds everything. */
export function workspaceSymbols(files: Iterable<SourceFile>, query: string): WorkspaceSymbol[] {
    const found: WorkspaceSymbol[] = [];
    for (const file of files) {
        const add = (entry: OutlineEntry, container: string): void => {
            // processes are places in a scenario and have no name that one looks for
            if (entry.kind !== 'process' && entry.name !== '' && hasLetters(entry.name, query)) {
                found.push({ uri: file.uri, entry, container });
            }
            for (const child of entry.children) {
                add(child, entry.name);
            }
        };
        for (const entry of outline(file)) {
            add(entry, '');
        }
    }
    return found.slice(0, MOST);
}

/** `prmem` in `preserve_memfd`; case does not matter. */
function hasLetters(name: string, query: string): boolean {
    const [letters, low] = [query.toLowerCase(), name.toLowerCase()];
    let at = 0;
    for (const letter of letters) {
        at = low.indexOf(letter, at) + 1;
        if (at === 0) {
            return false;
        }
    }
    return true;
}
