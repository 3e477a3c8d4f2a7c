/**
 * The machine of an image, as far as the image describes it: its memory, and the addresses of the handover.
 */
import type { ArchName } from '../machine/arch';
import type { RamRange } from '../machine/machine';
import type { MemoryView } from '../machine/view';
import { memoryMapAt } from '../kernel/kho/boot-params';
import { readHandoverNote } from '../kernel/kho/note';
import type { Inspection } from './inspect';
import { hex } from '../text/text';

export interface Shape {
    readonly arch: ArchName;
    /** Usable RAM, in ascending order; empty if the image does not describe it. */
    readonly map: readonly RamRange[];
    /**
     * The source of the map: a note of this program, boot parameters in the image, or the segments of an image of all
     * memory.
     */
    readonly mapFrom: 'note' | 'boot parameters' | 'segments' | undefined;
    readonly fdt: number | undefined;
    readonly scratchArray: number | undefined;
    readonly scratch: readonly { readonly addr: number; readonly size: number }[];
}

/** Undefined if the file is not an image, or has an architecture that is not emulated. */
export function shapeOf({ file, memory, handover }: Inspection): Shape | undefined {
    if (file.machine === 'other' || file.segments.length === 0) {
        return undefined;
    }
    const { fdtAddr, scratchAddr, scratch } = handover;
    const common = { arch: file.machine, fdt: fdtAddr, scratchArray: scratchAddr, scratch };
    const note = readHandoverNote(file.notes);
    if (note) {
        return { ...common, map: note.map, mapFrom: 'note' };
    }
    const map = mapIn(memory);
    if (map) {
        return { ...common, map, mapFrom: 'boot parameters' };
    }
    // an image of all memory contains the scratch areas; one of preserved memory only does not
    const held = segments(file);
    const whole = scratch.every((a) => held.some((r) => r.start <= a.addr && a.addr + a.size <= r.start + r.size));
    return whole ? { ...common, map: held, mapFrom: 'segments' } : { ...common, map: [], mapFrom: undefined };
}

/** The boot parameters of the loaded kernel, or those of the running one. */
function mapIn(view: MemoryView): readonly RamRange[] | undefined {
    const { size } = view.page;
    for (const run of view.runs()) {
        for (let at = Math.ceil(run.pa / size) * size; at < run.pa + run.size; at += size) {
            const map = memoryMapAt(view, at);
            if (map && map.length > 0) {
                return map.map((r) => ({ ...r, node: 0 }));
            }
        }
    }
    return undefined;
}

/** The memory in the image. */
function segments({ segments: all }: Inspection['file']): RamRange[] {
    const ranges: { start: number; size: number; node: number }[] = [];
    for (const s of [...all].sort((a, b) => a.pa - b.pa)) {
        const last = ranges.at(-1);
        if (last && s.pa <= last.start + last.size) {
            last.size = Math.max(last.size, s.pa + s.size - last.start);
        } else {
            ranges.push({ start: s.pa, size: s.size, node: 0 });
        }
    }
    return ranges;
}

/** The `machine` block for a machine with this shape. */
export function shapeText(shape: Shape): string {
    const node = (n: number): string => (n === 0 ? '' : ` node ${n}`);
    const lines = [
        ...(shape.arch === 'arm64' ? ['arch arm64'] : []),
        ...(shape.map.length > 0
            ? []
            : ['// the image does not contain the memory map of the machine, for example: map 0 .. 0x9fc00']),
        ...shape.map.map((r) => `map ${hex(r.start)} .. ${hex(r.start + r.size)}${node(r.node)}`),
        ...(shape.fdt === undefined ? [] : [`kho_fdt ${hex(shape.fdt)}`]),
        ...(shape.scratchArray === undefined ? [] : [`scratch_array ${hex(shape.scratchArray)}`]),
        ...shape.scratch.map((s) => `scratch ${hex(s.addr)} size ${hex(s.size)}`),
    ];
    return `machine {\n${lines.map((l) => `    ${l}\n`).join('')}}`;
}
