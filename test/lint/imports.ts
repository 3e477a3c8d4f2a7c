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
}

const SPECIFIER = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'(\.[^']*)'/g;

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

/** All imports of files of this repository in the product's sources. */
export function importsOf(files: readonly string[]): Import[] {
    return files.flatMap((from) => {
        const text = readFileSync(path.join(ROOT, from), 'utf8');
        return [...text.matchAll(SPECIFIER)].flatMap((m) => {
            const found = fileAt(path.resolve(ROOT, path.dirname(from), m[1] ?? ''));
            const line = text.slice(0, m.index).split('\n').length;
            return found ? [{ from, line, to: path.relative(ROOT, found) }] : [];
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
