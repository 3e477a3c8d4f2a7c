/**
 * A handover whose parts lie at given addresses: so that it fits the memory of another machine of the same shape, whose
 * FDT address and scratch areas are known. Only the first kernel of a machine gets the addresses; the next ones inherit
 * the scratch areas.
 */
import type { Machine } from '../../machine/machine';
import { counted } from '../../text/text';
import type { BootContext } from './boot-context';
import type { Area } from './env';

/** A part of the handover at its address, with the name of its owner. */
interface Taken extends Area {
    readonly owner: string;
}

function partsOf({ places, page: { size } }: Machine): Taken[] {
    const fdt = places.fdt === undefined ? [] : [{ addr: places.fdt, size, owner: 'KHO FDT' }];
    const array =
        places.scratchArray === undefined ? [] : [{ addr: places.scratchArray, size, owner: 'KHO scratch array' }];
    return [...fdt, ...array, ...places.scratch.map((a) => ({ ...a, owner: 'KHO scratch' }))];
}

/**
 * Reserves the addresses before any other allocation.
 * @returns why this is impossible, as half a sentence; undefined on success.
 */
export function reservePlaces(ctx: BootContext): string | undefined {
    const { machine, memblock } = ctx;
    const wanted = machine.places.scratch.length;
    const needed = (ctx.description.numa ? machine.nodes.length : 1) + 2;
    if (wanted > 0 && wanted !== needed) {
        return `the machine names ${counted(wanted, 'scratch area')}, but this kernel has ${needed}: lowmem, global and one for each node`;
    }
    for (const { addr, size, owner } of partsOf(machine)) {
        const what = `${owner} at 0x${addr.toString(16)}`;
        if (size > 0 && !machine.isRam(addr, size)) {
            return `the machine has no memory for the ${what}`;
        }
        const taken = memblock.reserved.find((r) => r.base < addr + size && addr < r.base + r.size);
        if (taken) {
            return `the ${what} would lie on the ${taken.owner} at 0x${taken.base.toString(16)}`;
        }
        if (size > 0) {
            memblock.reserve(addr, size, owner);
        }
    }
    return undefined;
}
