/** Lines fit 120 columns, but for strings and links, and every source file begins with a sentence that says what it is. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../support/repository';
import { filesOf } from './imports';
import type { Problem } from './rooms';

const WIDTH = 120;

/** Whether a line is long for the sake of a string, a regular expression or a link, which are not broken. */
function mayBeLong(line: string): boolean {
    return /https?:\/\//.test(line) || /['"`].{20,}|\/.{40,}\/[gimsuy]*/.test(line);
}

function isComment(line: string): boolean {
    return /^\s*(\/\/|\/?\*)/.test(line);
}

export function lineProblems(): Problem[] {
    return filesOf('*.ts', '*.mjs').flatMap((file) => {
        const lines = readFileSync(path.join(ROOT, file), 'utf8').split('\n');
        const long = lines.flatMap((text, i): Problem[] =>
            text.length > WIDTH && (isComment(text) ? !/https?:\/\//.test(text) : !mayBeLong(text))
                ? [{ file, line: i + 1, message: `the line has ${text.length} columns; at most ${WIDTH} fit` }]
                : [],
        );
        const head = lines[0]?.startsWith('#!') ? lines[1] : lines[0];
        return /^(\/\*\*|\/\/)/.test(head ?? '')
            ? long
            : [{ file, line: 1, message: 'begins without a sentence that says what it is' }, ...long];
    });
}
