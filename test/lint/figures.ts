/** How large the rooms are, and the circles of imports in them. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../support/repository';
import { circlesOf } from './imports';
import { productFiles, productImports, ROOMS, roomOf } from './rooms';

/** A line a room, in their order: files, lines of TypeScript, and the files in its largest circle of imports. */
export function figures(): string {
    const files = productFiles();
    const linesOf = (file: string): number => readFileSync(path.join(ROOT, file), 'utf8').split('\n').length - 1;
    const circles = circlesOf(productImports());
    const all = files.reduce((n, f) => n + linesOf(f), 0);
    const row = (cells: readonly (string | number)[]): string =>
        cells.map((cell, i) => (i === 0 ? String(cell).padEnd(24) : String(cell).padStart(8))).join('');
    const rows = ROOMS.map((room) => {
        const own = files.filter((f) => roomOf(f) === room);
        const lines = own.reduce((n, f) => n + linesOf(f), 0);
        const circle = Math.max(0, ...circles.map((c) => c.filter((f) => roomOf(f) === room).length));
        return row([room, own.length, lines, `${((lines / all) * 100).toFixed(0)} %`, circle]);
    });
    return [row(['room', 'files', 'lines', 'share', 'circle']), ...rows, row(['all', files.length, all])].join('\n');
}
