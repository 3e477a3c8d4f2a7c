/** Places in fixtures by the words of a `//# …` comment, instead of by line numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** The line of a marker, counted from 0. */
export function markedLine(text: string, marker: string): number {
    const lines = text.split('\n');
    const found = lines.flatMap((line, n) => (line.endsWith(`//# ${marker}`) ? [n] : []));
    const [line] = found;
    if (line === undefined || found.length > 1) {
        throw new Error(`${found.length} lines are marked "//# ${marker}"`);
    }
    return line;
}

/** The first line of a file that has a text, counted from 1. */
export function lineWith(file: string, text: string): number {
    const at = readFileSync(file, 'utf8')
        .split('\n')
        .findIndex((l) => l.includes(text));
    assert.ok(at >= 0, text);
    return at + 1;
}
