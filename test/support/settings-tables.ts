/** The tables of settings in the documentation, as the language has them. */
import { DEVICE_SETTINGS } from '../../emulator/language/settings/device';
import { KERNEL_ENTRIES, KERNEL_SETTINGS } from '../../emulator/language/settings/kernel';
import { MACHINE_SETTINGS } from '../../emulator/language/settings/machine';
import { exampleText, type AnySetting, type Description } from '../../emulator/language/settings/setting';

const END = '<!-- end of settings -->';

/** What a table is of, by what its mark in a page says. */
const TABLES: Readonly<Record<string, Iterable<readonly [string, Description]>>> = {
    machine: Object.entries(MACHINE_SETTINGS),
    kernel: KERNEL_ENTRIES,
    device: Object.entries(DEVICE_SETTINGS),
};

const SETTINGS: readonly AnySetting[] = [
    ...Object.values(MACHINE_SETTINGS),
    ...Object.values(KERNEL_SETTINGS),
    ...Object.values(DEVICE_SETTINGS),
];

function wordsOf(entry: Description): string {
    const takes = SETTINGS.find((s) => s === entry)?.takes;
    if (takes?.kind !== 'word') {
        return '';
    }
    return ` ${Object.entries(takes.words)
        .map(([word, doc]) => `\`${word}\`: ${doc}`)
        .join('; ')}.`;
}

function layerOf(entry: Description): string {
    const layer = SETTINGS.find((s) => s === entry)?.layer;
    return layer === undefined ? '' : ` Only with the layer \`${layer}\`.`;
}

function table(entries: Iterable<readonly [string, Description]>): string {
    const rows = [...entries].map(
        ([, entry]) =>
            `| ${exampleText(entry)} | ${entry.doc}${wordsOf(entry)}${layerOf(entry)}${entry.repeated === true ? ' *Repeatable.*' : ''} |`,
    );
    return ['| entry | description |', '|---|---|', ...rows, ''].join('\n');
}

/** @returns the page with the tables of now between their marks, and which those are */
export function withSettings(page: string): { readonly page: string; readonly tables: readonly string[] } {
    const tables: string[] = [];
    let result = page;
    for (const [name, entries] of Object.entries(TABLES)) {
        const begin = `<!-- settings of a ${name}: written by UPDATE_DOCS=1 -->\n`;
        const from = result.indexOf(begin);
        const to = result.indexOf(END, from);
        if (from >= 0 && to >= 0) {
            tables.push(name);
            result = `${result.slice(0, from)}${begin}${table(entries)}${result.slice(to)}`;
        }
    }
    return { page: result, tables };
}
