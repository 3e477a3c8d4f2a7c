/**
 * Where a source says how large a page is. That is a value of the machine's architecture (emulator/machine/arch.ts):
 * whoever writes 4096 or shifts by 12 means a page of 4 KiB, or something else that is so large, which then stands in
 * the list here with its reason.
 */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../support/repository';
import { filesOf } from './imports';
import type { Problem } from './rooms';

/** A line that may say it: any that has this text. */
interface Place {
    readonly file: string;
    readonly text: string;
    readonly why: string;
}

const PLACES: readonly Place[] = [
    {
        file: 'emulator/machine/memory-trie.ts',
        text: 'LEAF_SIZE = ',
        why: 'the pieces that contents are kept in; a page is one or several',
    },
    {
        file: 'emulator/machine/iommu/tables.ts',
        text: 'IO_PAGE = ',
        why: 'what IOMMUs and devices have for a page, whatever the kernel has',
    },
    {
        file: 'emulator/machine/iommu/tables.ts',
        text: '0xffff_f000',
        why: 'bits 31:12 of the address in an entry, as the hardware has it',
    },
    {
        file: 'emulator/machine/interrupts/message.ts',
        text: 'DESTINATION_UNIT = ',
        why: 'the destination is in bits 19:12 of the address of a message',
    },
    {
        file: 'emulator/machine/tee/tee.ts',
        text: 'OWNED_PAGE = ',
        why: 'what the RMP and the PAMT have an entry for',
    },
    { file: 'emulator/machine/devices/nvme.ts', text: 'BLOCK = ', why: 'the logical blocks of a disk' },
    { file: 'emulator/std/nvme.lus', text: 'NVME_BLOCK    = ', why: 'the same, for the driver' },
    { file: 'emulator/machine/machine.ts', text: 'LOW_START = ', why: 'the firmware of a PC keeps the first 4 KiB' },
    { file: 'emulator/machine/core-file.ts', text: 'ALIGN = ', why: 'the alignment of segments in core files' },
    { file: 'emulator/machine/bytes.ts', text: 'new Uint8Array(4096)', why: 'what is rendered at once' },
    { file: 'emulator/kernel/kho/boot-params.ts', text: 'BOOT_PARAMS_SIZE = ', why: 'sizeof(struct boot_params)' },
    {
        file: 'emulator/kernel/kho/early-allocations.ts',
        text: 'LOG_OF_CPU = ',
        why: 'the log buffer of a processor',
    },
    { file: 'emulator/kernel/kho/note.ts', text: 'RANGES_LIMIT = ', why: 'a number of ranges' },
    { file: 'emulator/kernel/kvm/file.ts', text: 'MAX_VCPUS = ', why: 'a number of vCPUs' },
    { file: 'emulator/diagnosis/memory.ts', text: 'RUNS_LIMIT = ', why: 'a number of runs' },
    { file: 'emulator/runtime/link/operations.ts', text: 'TIMERS_AT_ONCE = ', why: 'a number of timers' },
    {
        file: 'emulator/std/luotest.lus',
        text: 'machine { map 0x1000',
        why: 'the memory map of the machine of the recordings',
    },
];

const SOURCES = ['emulator/*.ts', 'emulator/*.lus', 'debug-adapter/*.ts', 'extension/*.ts'];

/** Comments, to be left out, and strings without code in them. */
const APART = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;

const NUMBERS = /\b(?:4_?096|4_?095|0x1_?000|0x[fF]_?[fF]{2}|0xffff_?f000|4KiB|PAGE_(?:SIZE|SHIFT|MASK))n?\b/g;
const SHIFTS = /(?:<<|>>>?)=? *12n?\b|\b2n? *\*\* *12n?\b|\b4 *\* *(?:1024|KiB|KIB)\b(?! *\*)|\b4 *<< *10\b/g;

/** PAGE_SIZE is what kernel code that is written in the language calls the value. */
function says(file: string, found: string): boolean {
    return !(file.endsWith('.lus') && found === 'PAGE_SIZE');
}

/** The lines of a source that say it, from 1, with what they say. */
export function sayingsIn(file: string, text: string): { readonly line: number; readonly said: string }[] {
    const code = text.replace(APART, (part) => part.replace(/[^\n]/g, ' '));
    return [NUMBERS, SHIFTS].flatMap((pattern) =>
        [...code.matchAll(pattern)]
            .filter(([said]) => says(file, said))
            .map(({ 0: said, index }) => ({ line: code.slice(0, index).split('\n').length, said })),
    );
}

/**
 * What is wrong in the product's sources: places that are not in the list, and entries of the list that nothing needs
 * any more.
 */
export function pageSizeProblems(): Problem[] {
    const needed = new Set<Place>();
    const problems = filesOf(...SOURCES).flatMap((file): Problem[] => {
        const text = readFileSync(path.join(ROOT, file), 'utf8');
        const lines = text.split('\n');
        return sayingsIn(file, text).flatMap(({ line, said }): Problem[] => {
            const place = PLACES.find((p) => p.file === file && lines[line - 1]?.includes(p.text) === true);
            if (place) {
                needed.add(place);
                return [];
            }
            const message = `"${said}" looks like the size of a page, which is a value of the architecture: take it from the machine's page, or name the place and its reason in test/lint/page-size.ts`;
            return [{ file, line, message }];
        });
    });
    const idle = PLACES.filter((p) => !needed.has(p)).map(({ file, text }): Problem => {
        return {
            file,
            line: 1,
            message: `nothing with "${text}" says the size of a page any more: take it out of test/lint/page-size.ts`,
        };
    });
    return [...problems, ...idle];
}
