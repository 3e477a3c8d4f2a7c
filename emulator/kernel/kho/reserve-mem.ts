/**
 * `reserve_mem=size:align:name`: named memory that the kernel reserves at boot, at the same address in every kernel of
 * a chain of kexecs with KHO (mm/memblock.c).
 */
import { counted } from '../../text/text';
import { Err, err } from '../release/errno';
import { memparse } from '../release/parameter-values';
import type { BootContext } from './boot-context';
import type { IncomingHandover } from './env';
import { FdtWriter } from './fdt';
import { fdtIsCompatible, fdtProperty } from './fdt-read';
import type { Kho } from './kho';
import { nativeU64, readFdtPage, readNativeU64, retrieveSubtree } from './root-fdt';
import { encodeText } from '../../text/utf8';

const MAX_REGIONS = 8;
const MAX_NAME = 15;
/** SMP_CACHE_BYTES. */
const MIN_ALIGN = 64;
/** The subtree with the addresses of the regions; no kernel frees its page. */
export const RESERVE_MEM = 'memblock';
const COMPATIBLE = 'memblock-v1';
const REGION_COMPATIBLE = 'reserve-mem-v1';

interface Region {
    readonly name: string;
    readonly addr: number;
    readonly size: number;
}

/** A requested region that exists. */
export interface NamedRegion extends Region {
    /** The region of the previous kernel, with its contents. */
    readonly revived: boolean;
}

export interface ReservedMemory {
    readonly regions: readonly NamedRegion[];
    /** A region of the previous kernel that this kernel has not recovered. */
    readonly lost: readonly (Region & { readonly why: string })[];
}

export const NO_RESERVED_MEMORY: ReservedMemory = { regions: [], lost: [] };

/** reserve_mem_find_by_name(): the address of a region; 0 if there is none of this name. */
export function reservedAddress({ regions }: ReservedMemory, name: string): number {
    return regions.find((r) => r.name === name)?.addr ?? 0;
}

/** A region that the command line requests. */
export interface WantedRegion {
    readonly name: string;
    readonly size: number;
    readonly align: number;
}

/** `size:align:name`. Undefined: EINVAL. */
export function regionWanted(text: string): WantedRegion | undefined {
    const size = memparse(text);
    const align = memparse(text.slice(size.length + 1));
    const colon = size.length + 1 + align.length;
    const name = text.slice(colon + 1);
    return size.value > 0 &&
        text[size.length] === ':' &&
        text[colon] === ':' &&
        /\S/.test(name) &&
        name.length <= MAX_NAME
        ? { name, size: size.value, align: Math.max(align.value, MIN_ALIGN) }
        : undefined;
}

/** EBUSY for a name that is taken, or for too many regions: then it is ignored. */
export function withRegion(regions: readonly WantedRegion[], region: WantedRegion): readonly WantedRegion[] {
    return regions.length >= MAX_REGIONS || regions.some((r) => r.name === region.name)
        ? regions
        : [...regions, region];
}

/**
 * reserve_mem(), while the command line is parsed: recovers each region from the handover, or allocates it anew. On a
 * boot with a handover, the allocation comes out of scratch memory, like all early allocations.
 */
export function reserveNamed(
    ctx: BootContext,
    handover: IncomingHandover | undefined,
    wanted: readonly WantedRegion[],
): ReservedMemory {
    const before = handover ? handedOver(ctx, handover) : [];
    const lost = before.map((old) => ({ ...old, why: 'the command line does not request it any more' }));
    const regions = wanted.flatMap((w): NamedRegion[] => {
        const at = lost.findIndex((old) => old.name === w.name);
        const old = lost[at];
        const why = old && refusal(w, old);
        if (old && why === undefined) {
            ctx.log.log('info', `Revived memory reservation "${w.name}" from KHO`);
            lost.splice(at, 1);
            return [{ name: w.name, addr: old.addr, size: old.size, revived: true }];
        }
        if (old && why !== undefined) {
            ctx.log.log('warn', `KHO: reserve_mem "${w.name}": ${why}`);
            lost[at] = { ...old, why };
        }
        const addr = ctx.memblock.alloc(w.size, w.align, { owner: `reserve_mem ${w.name}` });
        return addr === undefined ? [] : [{ name: w.name, addr, size: w.size, revived: false }];
    });
    return { regions, lost };
}

function refusal(w: WantedRegion, old: { readonly addr: number; readonly size: number }): string | undefined {
    if (old.addr % w.align !== 0) {
        return `it is at 0x${old.addr.toString(16)}, which is not aligned to ${counted(w.align, 'byte')}`;
    }
    return old.size === w.size ? undefined : `it had ${counted(old.size, 'byte')}, and ${w.size} are requested`;
}

/** The regions that the previous kernel handed over. */
function handedOver(ctx: BootContext, handover: IncomingHandover): Region[] {
    const { machine } = ctx;
    const blob = retrieveSubtree(
        readFdtPage(machine, handover.fdt).root,
        machine.page,
        RESERVE_MEM,
        () => undefined,
        ctx.description.format,
    );
    if (blob instanceof Err || typeof blob.phys !== 'number' || !machine.isRam(blob.phys, machine.page.size)) {
        return [];
    }
    const { root } = readFdtPage(machine, blob.phys);
    if (!root || !fdtIsCompatible(root, COMPATIBLE)) {
        ctx.log.log('warn', `KHO: the reserved regions are incompatible with '${COMPATIBLE}'`);
        return [];
    }
    return root.children.flatMap((node): Region[] => {
        const addr = readNativeU64(fdtProperty(node, 'start')?.value);
        const size = readNativeU64(fdtProperty(node, 'size')?.value);
        const sound = typeof addr === 'number' && typeof size === 'number' && ctx.machine.isRam(addr, size);
        return sound && fdtIsCompatible(node, REGION_COMPATIBLE) ? [{ name: node.name, addr, size }] : [];
    });
}

/**
 * The late initcall: preserves the regions for the next kernel, with their addresses.
 * @returns 0, or the error of the first region that could not be preserved; then none is
 */
export function preserveNamed(kho: Kho, regions: readonly NamedRegion[]): 0 | Err {
    const {
        memory,
        page: { size },
    } = kho.env.machine;
    const fdt = kho.allocPreserve(size, 'reserve_mem FDT');
    if (fdt instanceof Err) {
        return fdt;
    }
    const bytes = tree(regions);
    memory.write(fdt, bytes);
    let result = bytes.length > size ? err('ENOMEM') : kho.addSubtree(RESERVE_MEM, fdt, bytes.length);
    const done: NamedRegion[] = [];
    for (const r of result === 0 ? regions : []) {
        result = kho.preservePages(Math.floor(r.addr / size), Math.floor(r.size / size));
        if (result !== 0) {
            break;
        }
        done.push(r);
    }
    if (result !== 0) {
        for (const r of done) {
            kho.unpreservePages(Math.floor(r.addr / size), Math.floor(r.size / size));
        }
        kho.removeSubtree(fdt);
        kho.unpreserveFree(fdt);
    }
    return result;
}

function tree(regions: readonly NamedRegion[]): Uint8Array {
    const text = (s: string): Uint8Array => encodeText(`${s}\0`);
    const fdt = new FdtWriter().begin('').property('compatible', text(COMPATIBLE));
    for (const r of regions) {
        fdt.begin(r.name)
            .property('compatible', text(REGION_COMPATIBLE))
            .property('start', nativeU64(r.addr))
            .property('size', nativeU64(r.size))
            .end();
    }
    return fdt.end().finish();
}
