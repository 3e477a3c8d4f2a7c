/**
 * Makes a module with the syntax trees, as JSON, of the shipped files that every run reads. In the bundle of `lus`, the
 * build replaces emulator/std/trees.ts by this module.
 */
import { LIBRARY_7_2 } from '../kernel/release/descriptions';
import { parse } from '../language/syntax/parser';
import { LIBRARY_TEXTS, stdUri } from '../std/texts';

export function treesModule(): string {
    const trees = LIBRARY_7_2.map((name) => {
        const { uri: _, text: __, ...tree } = parse(stdUri(name), LIBRARY_TEXTS[name] ?? '').file;
        return [name, JSON.stringify(tree)];
    });
    return `export const TREES = ${JSON.stringify(Object.fromEntries(trees))};`;
}
