/** The results on file, of everything that the repository has: scenarios, recordings, images. */
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { inRepository } from '../support/repository';
import { imageLines, recordingLine, runLines } from './result-lines';

/** The files of a folder (from the repository's root) with this ending, in the order of their names. */
function filesIn(folder: string, ending: string): string[] {
    return readdirSync(inRepository(folder))
        .filter((f) => f.endsWith(ending))
        .sort()
        .map((f) => path.join(folder, f));
}

async function inTurn<T>(files: readonly string[], lines: (file: string) => Promise<readonly T[]>): Promise<T[]> {
    const all: T[] = [];
    for (const file of files) {
        all.push(...(await lines(file)));
    }
    return all;
}

const IMAGES = 'test/conformance/images';

/** What each file of results is made of. */
export const RESULTS: Readonly<Record<string, () => Promise<string[]>>> = {
    catalogue: () => inTurn(filesIn('test/catalogue', '.lus'), runLines),
    examples: () => inTurn(filesIn('extension/examples', '.lus'), runLines),
    recordings: () =>
        inTurn(filesIn('test/conformance/recordings', '.jsonl'), async (file) => [await recordingLine(file)]),
    images: async () => [
        ...(await inTurn(filesIn(IMAGES, '.elf.gz'), imageLines)),
        // no root FDT lies there
        ...(await imageLines(`${IMAGES}/image-1.elf.gz`, '--fdt', '0x4c3000')),
    ],
    failures: () => inTurn(filesIn('test/command/fixtures', '.lus'), runLines),
};

export const resultsFile = (name: string): string => inRepository('test', 'conformance', 'results', `${name}.txt`);

export const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

export const resultsOnFile = (name: string): string => readFileSync(resultsFile(name), 'utf8');
