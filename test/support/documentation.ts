/** The pages of the documentation and the code in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { inRepository } from './repository';

/** A block of code behind ```lus, with the words that say how it is tested. */
export interface Block {
    /** Page and line. */
    readonly name: string;
    readonly kind: string;
    readonly errors: readonly string[];
    readonly text: string;
}

/** As paths from the repository's root. */
export const PAGES = [
    'README.md',
    ...readdirSync(inRepository('extension', 'docs'))
        .filter((f) => f.endsWith('.md'))
        .sort()
        .map((f) => `extension/docs/${f}`),
];

/** Their blocks are the examples of the diagnoses, which are run once for several tests. */
export const DIAGNOSES = PAGES.filter((p) => p.startsWith('extension/docs/diagnoses'));

export function blocksOf(page: string): Block[] {
    const text = readFileSync(inRepository(page), 'utf8');
    return [...text.matchAll(/^```lus([^\n]*)\n(.*?)^```$/gms)].map((m) => {
        const words = (m[1] ?? '')
            .trim()
            .split(' ')
            .filter((w) => w !== '');
        const at = words.indexOf('error');
        const line = text.slice(0, m.index).split('\n').length;
        return {
            name: `${page}:${line}`,
            kind: (at === 0 ? undefined : words[0]) ?? 'file',
            errors: at < 0 ? [] : words.slice(at + 1),
            text: m[2] ?? '',
        };
    });
}

/** The block as a whole file. */
export function fileOf(block: Block): string {
    switch (block.kind) {
        case 'scenario':
            return `scenario "s" {\n    boot "7.2"\n${block.text}}\n`;
        case 'process':
            return `scenario "s" {\n    boot "7.2"\n    process p {\n${block.text}    }\n}\n`;
        default:
            return block.text;
    }
}

export const titleOf = (block: Block): string =>
    `${block.name} ${block.errors.length > 0 ? 'has the error it shows' : 'is right'}`;
