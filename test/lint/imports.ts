/** Which file imports which, type imports counted, as the sources say it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../support/repository';

/** An import by its file and line, from the repository's root. */
export interface Import {
    readonly from: string;
    readonly line: number;
    readonly to: string;
    /** What it imports by name; undefined where it does not say so: `import * as`, `import(…)`, a default. */
    readonly names: readonly string[] | undefined;
}

/** `import { a, type B as C } from './x'`, `export { a } from './x'`, `import x from './x'`, `import('./x')`, … */
const IMPORT =
    /(?:\b(?:import|export)\s+(?:type\s+)?(?:\{([^}]*)\}|\*\s+as\s+\w+|\w+)\s*from\s+|\bimport\s+|\bimport\(\s*)'(\.[^']*)'/g;

/** The names on the left of `as` in the braces of an import or export, or on the right. */
export function namesIn(braces: string, side: 'left' | 'right'): string[] {
    return braces
        .split(',')
        .map((part) => part.trim().replace(/^type\s+/, ''))
        .filter((part) => part !== '')
        .map((part) => part.split(/\s+as\s+/))
        .map(([left = '', right = left]) => (side === 'left' ? left : right));
}

/** The files that git knows or would add, by a pattern of git's. */
export function filesOf(...patterns: readonly string[]): string[] {
    const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...patterns], {
        cwd: ROOT,
        encoding: 'utf8',
    });
    return listed.split('\n').filter((f) => f !== '' && existsSync(path.join(ROOT, f)));
}

function fileAt(whole: string): string | undefined {
    return [whole, `${whole}.ts`, `${whole}.d.ts`, path.join(whole, 'index.ts')].find(
        (f) => existsSync(f) && statSync(f).isFile(),
    );
}

/** All imports of files of this repository in those files. */
export function importsOf(files: readonly string[]): Import[] {
    return files.flatMap((from) => {
        const text = readFileSync(path.join(ROOT, from), 'utf8');
        return [...text.matchAll(IMPORT)].flatMap(({ index, 1: braces, 2: specifier = '' }) => {
            const found = fileAt(path.resolve(ROOT, path.dirname(from), specifier));
            const line = text.slice(0, index).split('\n').length;
            const names = braces === undefined ? undefined : namesIn(braces, 'left');
            return found ? [{ from, line, to: path.relative(ROOT, found), names }] : [];
        });
    });
}

/** The circles of a graph: its strongly connected components of more than one node (Tarjan). */
export function circlesOf(edges: readonly Import[]): string[][] {
    const next = new Map<string, Set<string>>();
    for (const { from, to } of edges) {
        next.set(from, (next.get(from) ?? new Set()).add(to));
    }
    const index = new Map<string, number>();
    const low = new Map<string, number>();
    const open: string[] = [];
    const circles: string[][] = [];
    const visit = (node: string): void => {
        index.set(node, index.size);
        low.set(node, index.get(node) ?? 0);
        open.push(node);
        for (const to of next.get(node) ?? []) {
            if (!index.has(to)) {
                visit(to);
            }
            if (open.includes(to)) {
                low.set(node, Math.min(low.get(node) ?? 0, low.get(to) ?? 0));
            }
        }
        if (low.get(node) === index.get(node)) {
            const members = open.splice(open.indexOf(node));
            if (members.length > 1) {
                circles.push(members.sort());
            }
        }
    };
    for (const node of [...next.keys()].sort()) {
        if (!index.has(node)) {
            visit(node);
        }
    }
    return circles;
}
