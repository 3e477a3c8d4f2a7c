/** What CONTRIBUTING.md says of this repository is so: its map has the rooms in their order, its files exist. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../support/repository';
import { filesOf } from './imports';
import { type Problem, ROOMS } from './rooms';

const PAGE = 'CONTRIBUTING.md';

/** A file's name, or the end of its path: `std/luo.lus`. Words in capitals stand for any name. */
const FILE = /^(?!.*\b[A-Z]+\b.*\.(?:ts|lus)$)[\w./-]+\.(?:ts|mjs|json|lus|md|c)$/;

/** What is wrong with a text of the page. @param files all of the repository */
export function pageProblems(text: string, files: readonly string[]): Problem[] {
    const at = (index: number, message: string): Problem => {
        return { file: PAGE, line: text.slice(0, index).split('\n').length, message };
    };
    const mapped = [...text.matchAll(/^\| `([^`]+)` \|/gm)].flatMap(([, name = '']) =>
        ROOMS.includes(name) ? [name] : [],
    );
    const rooms =
        mapped.join() === ROOMS.join()
            ? []
            : [at(0, `the map has the rooms ${mapped.join(', ')}; they are ${ROOMS.join(', ')}`)];
    const missing = [...text.matchAll(/`([^`\n]+)`/g)].flatMap(({ index, 1: name = '' }) =>
        FILE.test(name) && !files.some((f) => f === name || f.endsWith(`/${name}`))
            ? [at(index, `there is no file ${name}`)]
            : [],
    );
    return [...rooms, ...missing];
}

export function contributingProblems(): Problem[] {
    return pageProblems(readFileSync(path.join(ROOT, PAGE), 'utf8'), filesOf());
}
