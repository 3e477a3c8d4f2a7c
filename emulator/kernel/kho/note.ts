/**
 * The note that this program writes into images of emulated handovers: information that is not in preserved memory but
 * belongs to the jump. A reader that does not know the note still gets the whole handover.
 */
import { PAGE_GEOMETRIES, type PageGeometry } from '../../machine/arch';
import type { CoreFile, CoreNote } from '../../machine/core-file';
import type { RamRange } from '../../machine/machine';
import { PHYS_LIMIT } from '../../machine/memory';
import type { KhoSetupData } from './boot-info';
import { decodeText, encodeText } from '../../text/utf8';

const NOTE_NAME = 'LUS';
/** Boot parameters, clock, boots, setup data, memory map, kernel, command line; all numbers little-endian u64. */
const NOTE_HANDOVER = 1;
const VERSION = 1;
const RANGES_LIMIT = 4096;

export interface HandoverNote {
    readonly setup: KhoSetupData;
    /** Usable RAM. */
    readonly map: readonly RamRange[];
    /** The loaded kernel, by the name of its description. */
    readonly kernel: string;
    readonly commandLine: string;
    /** The address of the boot parameters of a kernel in the image, ready to be started; 0: there is none. */
    readonly parameters: number;
    /** The machine's clock, in nanoseconds, and the number of kernels that had booted on it. */
    readonly time: number;
    readonly boots: number;
}

export function handoverNote(note: HandoverNote): CoreNote {
    const kernel = encodeText(note.kernel);
    const commandLine = encodeText(note.commandLine);
    const { fdt, fdtSize, scratch, scratchSize } = note.setup;
    const numbers = [
        VERSION,
        note.parameters,
        note.time,
        note.boots,
        fdt,
        fdtSize,
        scratch,
        scratchSize,
        note.map.length,
        ...note.map.flatMap((r) => [r.start, r.size, r.node]),
        kernel.length,
        commandLine.length,
    ];
    const content = new Uint8Array(numbers.length * 8 + kernel.length + commandLine.length);
    const view = new DataView(content.buffer);
    numbers.forEach((n, i) => {
        view.setBigUint64(i * 8, BigInt(n), true);
    });
    content.set(kernel, numbers.length * 8);
    content.set(commandLine, numbers.length * 8 + kernel.length);
    return { name: NOTE_NAME, type: NOTE_HANDOVER, content };
}

/** The note among others; undefined if there is none, or it is invalid. */
export function readHandoverNote(notes: readonly CoreNote[]): HandoverNote | undefined {
    const note = notes.find((n) => n.name === NOTE_NAME && n.type === NOTE_HANDOVER);
    if (!note) {
        return undefined;
    }
    const { content } = note;
    const view = new DataView(content.buffer, content.byteOffset, content.length);
    let at = 0;
    let good = true;
    const next = (limit: number): number => {
        const value = at + 8 <= content.length ? Number(view.getBigUint64(at, true)) : Number.NaN;
        at += 8;
        if (!(value <= limit)) {
            good = false;
            return 0;
        }
        return value;
    };
    const version = next(VERSION);
    const parameters = next(PHYS_LIMIT);
    const time = next(Number.MAX_SAFE_INTEGER);
    const boots = next(2 ** 32);
    const setup = {
        fdt: next(PHYS_LIMIT),
        fdtSize: next(PHYS_LIMIT),
        scratch: next(PHYS_LIMIT),
        scratchSize: next(1024 * 1024),
    };
    const map: RamRange[] = [];
    for (let n = next(RANGES_LIMIT); n > 0 && good; n--) {
        map.push({ start: next(PHYS_LIMIT), size: next(PHYS_LIMIT), node: next(1023) });
    }
    const kernelLength = next(content.length);
    const commandLength = next(content.length);
    if (!good || version !== VERSION || at + kernelLength + commandLength > content.length) {
        return undefined;
    }
    return {
        setup,
        map,
        parameters,
        time,
        boots,
        kernel: decodeText(content.subarray(at, at + kernelLength)),
        commandLine: decodeText(content.subarray(at + kernelLength, at + kernelLength + commandLength)),
    };
}

/** The note of kdump (Documentation/admin-guide/kdump/vmcoreinfo.rst): lines of text. */
const VMCOREINFO = 'VMCOREINFO';

/**
 * The page size of the kernel of an image: from a note, either that of kdump or ours, whose root FDT is one page;
 * otherwise the default of the architecture.
 */
export function pagesOfImage({ machine, notes }: Pick<CoreFile, 'machine' | 'notes'>): PageGeometry {
    const info = notes.find((n) => n.name === VMCOREINFO);
    const line = info && /^PAGESIZE=([0-9]+)$/m.exec(decodeText(info.content))?.[1];
    const size = line === undefined ? readHandoverNote(notes)?.setup.fdtSize : Number(line);
    const known = PAGE_GEOMETRIES[machine === 'other' ? 'x86-64' : machine];
    return known.find((page) => page.size === size) ?? known[0];
}
