/** Damaged source texts: words, numbers, pieces and lines of shipped scenarios are changed. */
import * as fc from 'fast-check';
import { SOURCE_NAMES, SOURCES, WORDS } from './corpus';
import { edited, edits } from './inputs';
import { attemptSource } from './source-oracle';
import { target } from './target';

const name = fc.constantFrom(...SOURCE_NAMES);

interface Damaged {
    readonly file: string;
    readonly other: string;
    readonly changes: ReturnType<typeof edits> extends fc.Arbitrary<infer E> ? E : never;
}

const textOf = ({ file, other, changes }: Damaged): string =>
    edited(SOURCES.get(file) ?? '', changes, SOURCES.get(other) ?? '');

export const texts = target<Damaged>({
    name: 'texts',
    what: 'damaged source texts',
    few: 40,
    inputs: fc.record({ file: name, other: name, changes: edits(WORDS) }),
    attempt: (input) => attemptSource(textOf(input)),
    shown: textOf,
});
