/** The early memory demand of the next kernel, compared with the room in scratch memory: computed with numbers only. */
import { Journal } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import { Memblock } from '../mm/memblock';
import { Memmap } from '../mm/memmap';
import { memblockInit } from './boot';
import { earlyAllocations } from './early-allocations';
import type { BootDescription } from './boot-context';
import type { Area } from './env';
import { extendScratch } from './extend';
import type { KexecImage } from './kexec-image';

/**
 * Simulates the early allocations of a loaded kernel in a separate memblock; no memory is touched.
 * @param scratch the areas it will inherit
 * @param map the memory map that will be handed over, if it takes more than scratch (7.3)
 * @returns its panic message; undefined if all allocations succeed
 */
export function earlyShortage(
    machine: Machine,
    description: BootDescription,
    image: KexecImage,
    scratch: readonly Area[],
    map: number,
): string | undefined {
    const journal = new Journal();
    const memblock = new Memblock(journal, machine.page);
    const context = {
        machine,
        memmap: new Memmap(journal),
        memblock,
        log: { log: () => undefined, warning: () => undefined },
        description,
        // too little to make a difference
        commandLine: 0,
    };
    const segment = (name: string): Area[] =>
        image.segments.filter((s) => s.name === name).map((s) => ({ addr: s.dest, size: s.size }));
    const [kernel = { addr: 0, size: 0 }] = segment('kernel');
    memblockInit(context, { image: kernel, initrd: segment('initrd')[0], parameters: segment('boot parameters') });
    for (const area of scratch) {
        memblock.markScratch(area.addr, area.size);
    }
    for (const area of segment('scratch array')) {
        memblock.reserve(area.addr, area.size, 'KHO scratch array');
    }
    if (description.format.extendsScratch) {
        extendScratch(machine, memblock, map);
    }
    memblock.setScratchOnly(true);
    return earlyAllocations(context)?.panic;
}
