/**
 * Comments fit 120 columns, but for links, also those of the examples and lessons, and every source file begins with a
 * sentence that says what it is.
 */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../support/repository';
import { filesOf } from './imports';
import type { Problem } from './rooms';

/** The formatter breaks code at this width, all but strings; comments it leaves alone. */
const WIDTH = 120;

function tooLong(line: string): boolean {
    return line.length > WIDTH && /^\s*(\/\/|\/?\*)/.test(line) && !/https?:\/\//.test(line);
}

function longComments(file: string, lines: readonly string[]): Problem[] {
    return lines.flatMap((text, i): Problem[] =>
        tooLong(text)
            ? [{ file, line: i + 1, message: `the comment has ${text.length} columns; at most ${WIDTH} fit` }]
            : [],
    );
}

const linesOf = (file: string): string[] => readFileSync(path.join(ROOT, file), 'utf8').split('\n');

export function lineProblems(): Problem[] {
    const sources = filesOf('*.ts', '*.mjs').flatMap((file) => {
        const lines = linesOf(file);
        const long = longComments(file, lines);
        return /^(\/\*\*|\/\/)/.test(lines[0] ?? '')
            ? long
            : [{ file, line: 1, message: 'begins without a sentence that says what it is' }, ...long];
    });
    const read = filesOf('extension/examples/*.lus', 'extension/learn/*.lus');
    return [...sources, ...read.flatMap((file) => longComments(file, linesOf(file)))];
}
