/**
 * Scratch areas: the parameters that size them, and their reservation at a cold boot
 * (kernel/liveupdate/kexec_handover.c).
 */
import type { Machine } from '../../machine/machine';
import { memparse } from '../release/parameter-values';
import type { Area } from './env';
import type { BootContext } from './boot-context';
import { scratchAlign } from './fixed-bugs';

/** struct kho_scratch: u64 addr, u64 size. */
export const SCRATCH_ENTRY = 16;

/** `kho_scratch=`: a percentage of the early allocations of the kernel, or three sizes in bytes. */
export type ScratchSizes =
    | { readonly scale: number }
    | { readonly lowmem: number; readonly global: number; readonly node: number };

export const DEFAULT_SCRATCH: ScratchSizes = { scale: 200 };

/**
 * Parses `kho_scratch=`. Undefined: EINVAL, and the default stays. `zeros`: a size may be 0, as long as not all are.
 */
export function parseScratch(text: string, zeros: boolean): ScratchSizes | undefined {
    if (text.includes('%')) {
        const number = text.slice(0, text.indexOf('%'));
        const scale = Number(number);
        if (text.length > 11 || !text.endsWith('%') || !/^[0-9]+$/.test(number) || scale > 0xffffffff) {
            return undefined;
        }
        return scale === 0 ? { lowmem: 0, global: 0, node: 0 } : { scale };
    }
    const sizes: number[] = [];
    let rest = text;
    for (let i = 0; i < 3; i++) {
        if (i > 0) {
            if (!rest.startsWith(',')) {
                return undefined;
            }
            rest = rest.slice(1);
        }
        const { value, length } = memparse(rest);
        if (length === 0) {
            return undefined;
        }
        sizes.push(value);
        rest = rest.slice(length);
    }
    const [lowmem = 0, global = 0, node = 0] = sizes;
    return rest !== '' || lowmem + global + node === 0 || (!zeros && sizes.includes(0))
        ? undefined
        : { lowmem, global, node };
}

/**
 * kho_reserve_scratch: the array, then lowmem, global and one area for each node with memory, ascending.
 * @returns undefined if one could not be allocated: this is logged, and all are freed.
 */
export function reserveScratch(ctx: BootContext, sizes: ScratchSizes): { scratch: Area[]; array: number } | undefined {
    const { memblock, log, machine } = ctx;
    const align = scratchAlign(machine.page, ctx.description.flaws);
    const silent = ctx.description.flaws?.has('kho_silently_off') === true;
    const roundUp = (n: number): number => Math.ceil(n / align) * align;
    const asAsked = ctx.description.flaws?.has('kho_scratch_unrounded') === true ? (n: number) => n : roundUp;
    const lowLimit = ctx.description.arch.lowLimit(machine, ctx.description.zoneDma);
    const online = ctx.description.format.scratchOnEmptyNodes
        ? [...machine.nodes, ...machine.emptyNodes].sort((a, b) => a - b)
        : machine.nodes;
    const nodes = ctx.description.numa ? online : [0];
    const arraySize = (nodes.length + 2) * SCRATCH_ENTRY;
    const taken: Area[] = [];
    const fail = (what: string): undefined => {
        if (!silent) {
            log.log('err', `KHO: failed to reserve ${what}`);
        }
        for (const area of taken) {
            memblock.free(area.addr, area.size);
        }
        if (!silent) {
            log.log('warn', 'KHO: failed to reserve scratch area, disabling kexec handover');
        }
        return undefined;
    };
    const { places } = machine;
    const array = places.scratchArray ?? memblock.alloc(arraySize, machine.page.size, { owner: 'KHO scratch array' });
    if (array === undefined) {
        return fail('scratch array');
    }
    taken.push({ addr: array, size: arraySize });
    if (places.scratch.length > 0) {
        writeScratchArray(ctx, array, places.scratch);
        return { scratch: [...places.scratch], array };
    }

    let lowmem: number;
    let global: number;
    if ('scale' in sizes) {
        const low = Math.floor((memblock.reservedKernSize(lowLimit, undefined) * sizes.scale) / 100);
        lowmem = roundUp(low);
        global = roundUp(Math.floor((memblock.reservedKernSize(Infinity, undefined) * sizes.scale) / 100) - low);
    } else {
        lowmem = asAsked(sizes.lowmem);
        global = asAsked(sizes.global);
    }
    const scratch: Area[] = [];
    const take = (size: number, what: string, limit: number, node: number | undefined): boolean => {
        const addr = memblock.alloc(size, align, {
            owner: 'KHO scratch',
            limit,
            ...(node === undefined ? {} : { node }),
        });
        if (addr === undefined) {
            fail(what);
            return false;
        }
        scratch.push({ addr, size });
        taken.push({ addr, size });
        return true;
    };
    if (
        !take(lowmem, 'lowmem scratch area', lowLimit, undefined) ||
        !take(global, 'global scratch area', Infinity, undefined)
    ) {
        return undefined;
    }
    for (const node of nodes) {
        // Without CONFIG_NUMA every reservation counts as one of node 0, including the two areas above.
        const perNode =
            'scale' in sizes
                ? roundUp(
                      Math.floor(
                          (memblock.reservedKernSize(Infinity, ctx.description.numa ? node : undefined) * sizes.scale) /
                              100,
                      ),
                  )
                : asAsked(sizes.node);
        if (!take(perNode, `scratch area of node ${node}`, Infinity, ctx.description.numa ? node : undefined)) {
            return undefined;
        }
    }
    writeScratchArray(ctx, array, scratch);
    return { scratch, array };
}

/** What an array of scratch areas says: nothing where it is not in memory, and no area from 2^53 on. */
export function scratchAreas(machine: Machine, array: number, size: number): Area[] {
    const areas: Area[] = [];
    for (let at = array; at + SCRATCH_ENTRY <= array + size && machine.isRam(at, SCRATCH_ENTRY); at += SCRATCH_ENTRY) {
        const [addr, bytes] = [machine.memory.readU64(at), machine.memory.readU64(at + 8)];
        if (typeof addr === 'number' && typeof bytes === 'number') {
            areas.push({ addr, size: bytes });
        }
    }
    return areas;
}

function writeScratchArray({ machine }: BootContext, array: number, areas: readonly Area[]): void {
    areas.forEach((area, i) => {
        machine.memory.writeU64(array + i * SCRATCH_ENTRY, area.addr);
        machine.memory.writeU64(array + i * SCRATCH_ENTRY + 8, area.size);
    });
}
