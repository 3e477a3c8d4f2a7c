/**
 * Where the decompressor of an x86-64 kernel puts it: anywhere in memory, or on a boot with a handover anywhere in
 * scratch (arch/x86/boot/compressed/kaslr.c).
 */
import type { Machine } from '../../machine/machine';
import type { SetupsOf } from '../command-line/setup';
import type { MapChange } from '../mm/parameters';
import type { Area } from './env';

const MiB = 0x10_0000;
/** CONFIG_PHYSICAL_ALIGN. */
const ALIGN = 2 * MiB;
/** It may always lie from here on, wherever it was loaded. */
const MINIMUM = 512 * MiB;
/** How much of the room of an image its compressed form takes, at the end of it. */
const COMPRESSED = 1 / 4;

/** What the command line says about the place of the image. */
export interface ImageSettings {
    /** It may be a random one. */
    readonly kaslr: boolean;
}

export const IMAGE_DEFAULTS: ImageSettings = { kaslr: true };

export const IMAGE_SETUPS: SetupsOf<'image', ImageSettings> = {
    nokaslr: (value) => (value === undefined ? { kaslr: false } : undefined),
};

/** What a kernel that places itself finds in memory. */
export interface ToPlace {
    /** Where it was loaded, and the room that it takes. */
    readonly image: Area;
    /** The initial RAM disk and the boot parameters. */
    readonly avoid: readonly Area[];
    /** Scratch areas, where a handover is there; nothing else is looked at then. */
    readonly scratch: readonly Area[] | undefined;
    /** Of `mem=` and `memmap=`; left out: none. */
    readonly mapChanges?: readonly MapChange[];
}

/** Ranges of `memmap=` that are no memory; with more, the image stays (MAX_MEMMAP_REGIONS). */
const MOST_RANGES = 4;

/**
 * What the command line takes from the places (handle_mem_options()): the end of memory, and ranges in it.
 * @returns undefined where there are too many ranges
 */
function takenByCommandLine(
    changes: readonly MapChange[],
): { readonly end: number; readonly ranges: Area[] } | undefined {
    let end = Infinity;
    const ranges: Area[] = [];
    for (const change of changes) {
        if (change.kind === 'remove' && change.size === Infinity) {
            end = Math.min(end, change.start);
        } else if (change.kind === 'reserve' && change.start > 0) {
            ranges.push({ addr: change.start, size: change.size });
        }
    }
    return ranges.length > MOST_RANGES ? undefined : { end, ranges };
}

/** Places for an image: `count` of them, one every 2 MiB. */
interface Slots {
    readonly first: number;
    readonly count: number;
}

/** The places that there are, ascending in each area (process_mem_region()). */
function slotsOf(machine: Machine, { image, avoid, scratch, mapChanges = [] }: ToPlace): Slots[] {
    const given = takenByCommandLine(mapChanges);
    if (!given) {
        return [];
    }
    const compressed = Math.ceil((image.size * COMPRESSED) / machine.page.size) * machine.page.size;
    const taken = [...avoid, ...given.ranges, { addr: image.addr + image.size - compressed, size: compressed }].sort(
        (a, b) => a.addr - b.addr,
    );
    const least = Math.min(image.addr, MINIMUM);
    const areas = (scratch ?? machine.ram.map(({ start, size }) => ({ addr: start, size }))).flatMap(
        ({ addr, size }) => (addr < given.end ? [{ addr, size: Math.min(size, given.end - addr) }] : []),
    );
    return areas.flatMap(({ addr, size }) => {
        const slots: Slots[] = [];
        const add = (start: number, end: number): void => {
            const first = Math.ceil(Math.max(start, least) / ALIGN) * ALIGN;
            const count = Math.floor((end - image.size - first) / ALIGN) + 1;
            if (count > 0) {
                slots.push({ first, count });
            }
        };
        let from = addr;
        for (const t of taken) {
            if (t.addr < addr + size && t.addr + t.size > from) {
                add(from, t.addr);
                from = t.addr + t.size;
            }
        }
        add(from, addr + size);
        return slots;
    });
}

/**
 * Where the image goes (find_random_phys_addr()).
 * @param pick one of so many, from 0
 * @returns the address; where there is no other place it stays where it was loaded
 */
export function placeImage(machine: Machine, wanted: ToPlace, pick: (alternatives: number) => number): number {
    const slots = slotsOf(machine, wanted);
    const total = slots.reduce((sum, s) => sum + s.count, 0);
    let left = total > 1 ? pick(total) : 0;
    for (const { first, count } of slots) {
        if (left < count) {
            return first + left * ALIGN;
        }
        left -= count;
    }
    return wanted.image.addr;
}
