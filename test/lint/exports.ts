/** Exports that no other file imports, tests included. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../support/repository';
import { filesOf, type Import, importsOf, namesIn } from './imports';
import type { Problem } from './rooms';

/** What VS Code asks for by name, of an extension and of the tests that run in its host; and programs, of a bundle. */
const ASKED_FOR: readonly string[] = ['activate', 'deactivate', 'run', 'LusDebugSession', 'nodeHost'];

const DECLARED =
    /^export (?:declare )?(?:abstract )?(?:async )?(function\*?|class|const|let|interface|type|enum) (\w+)/gm;
const LISTED = /^export (type )?\{([^}]*)\}/gm;

interface Export {
    readonly name: string;
    readonly line: number;
    readonly isType: boolean;
}

function exportsOf(text: string): Export[] {
    const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
    return [
        ...[...text.matchAll(DECLARED)].map(({ index, 1: kind = '', 2: name = '' }) => {
            return { name, line: lineAt(index), isType: kind === 'interface' || kind === 'type' };
        }),
        ...[...text.matchAll(LISTED)].flatMap(({ index, 1: type, 2: braces = '' }) =>
            namesIn(braces, 'right').map((name) => ({ name, line: lineAt(index), isType: type !== undefined })),
        ),
    ];
}

/** Whether a file has a word anywhere but where it is declared. */
function usesItself(text: string, name: string): boolean {
    return (text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0) > 1;
}

/**
 * Exports without an import, where an import that does not say what it takes counts for every word of its file. A type
 * may be exported so that whoever gets a value of it can name it: for types it is enough that their own file uses them.
 * @param texts of the files, by their paths
 */
export function unusedExports(texts: ReadonlyMap<string, string>, imports: readonly Import[]): Problem[] {
    const imported = new Map<string, Set<string>>();
    for (const { from, to, names } of imports) {
        const used = imported.get(to) ?? new Set();
        for (const name of names ?? texts.get(from)?.match(/\w+/g) ?? []) {
            used.add(name);
        }
        imported.set(to, used);
    }
    return [...texts].flatMap(([file, text]) =>
        exportsOf(text)
            .filter(({ name }) => imported.get(file)?.has(name) !== true && !ASKED_FOR.includes(name))
            .filter(({ name, isType }) => !isType || !usesItself(text, name))
            .map(({ name, line }) => ({ file, line, message: `no other file imports ${name}` })),
    );
}

export function exportProblems(): Problem[] {
    const files = filesOf('*.ts', '*.mjs');
    return unusedExports(new Map(files.map((f) => [f, readFileSync(path.join(ROOT, f), 'utf8')])), importsOf(files));
}
