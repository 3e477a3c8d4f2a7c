/** Declarations of many files by a part of their name. */
import type { SourceFile } from '../language/syntax/ast';
import { outline, type OutlineEntry } from './outline';

export interface WorkspaceSymbol {
    readonly uri: string;
    readonly entry: OutlineEntry;
    /** The declaration that it is part of; empty for top-level declarations. */
    readonly container: string;
}

/** Editors filter the list and repeat the request during typing: more symbols than this are not useful. */
const MOST = 500;

/** Symbols whose names contain the letters of the query in their order. An empty query finds all. */
export function workspaceSymbols(files: Iterable<SourceFile>, query: string): WorkspaceSymbol[] {
    const found: WorkspaceSymbol[] = [];
    for (const file of files) {
        const add = (entry: OutlineEntry, container: string): void => {
            // processes are parts of a scenario and are not searched
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
