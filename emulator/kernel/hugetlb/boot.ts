/**
 * Filling the pools of huge pages at boot (mm/hugetlb.c): gigantic pages before there is a page allocator, the others
 * from it.
 */
import type { BootContext } from '../kho/boot-context';
import type { Area } from '../kho/env';
import type { HugePagesWanted } from './parameters';
import type { Hugetlb } from './pool';
import type { PageGeometry } from '../../machine/arch';

/** Pages of one size that the previous kernel preserved, which this kernel's pools count as existing. */
export type PreservedPages = ReadonlyMap<number, number>;

const isGigantic = (page: PageGeometry, size: number): boolean => size > page.size * 2 ** page.maxOrder;

/**
 * The numbers of pages to allocate, by node; if no nodes are named, the nodes take turns. Preserved pages are
 * subtracted, those of the last nodes first.
 */
function shares(w: HugePagesWanted, nodes: readonly number[], preserved: number): { node: number; count: number }[] {
    const shared = nodes.map((node, i) => ({
        node,
        count:
            w.total === undefined
                ? (w.nodes.get(node) ?? 0)
                : Math.floor(w.total / nodes.length) + (i < w.total % nodes.length ? 1 : 0),
    }));
    let less = preserved;
    for (const share of shared.toReversed()) {
        const taken = Math.min(less, share.count);
        share.count -= taken;
        less -= taken;
    }
    return shared;
}

/**
 * hugetlb_bootmem_alloc(): gigantic pages, from the early allocator. On a boot with a handover that has only scratch
 * memory, or (since 7.3) whole GiB in which nothing is preserved. A shortage is only logged.
 * @param scratch areas that are already scratch
 * @returns the addresses of the pages
 */
export function allocateBootPages(
    ctx: BootContext,
    wanted: readonly HugePagesWanted[],
    preserved: PreservedPages,
    scratch: readonly Area[],
): number[] {
    const counts = ctx.description.format.hugetlbCounts;
    const nodes = ctx.description.numa ? ctx.machine.nodes : [0];
    const found: number[] = [];
    for (const w of wanted.filter((each) => isGigantic(ctx.machine.page, each.size))) {
        let asked = 0;
        const before = found.length;
        for (const { node, count } of shares(w, nodes, preserved.get(w.size) ?? 0)) {
            asked += count;
            for (let i = 0; i < count; i++) {
                const addr = ctx.memblock.alloc(w.size, w.size, {
                    owner: 'HugeTLB pages',
                    ...(ctx.description.numa ? { node } : {}),
                    ...(counts ? {} : { uncounted: true, outside: scratch }),
                });
                if (addr === undefined) {
                    break;
                }
                found.push(addr);
            }
        }
        tell(ctx, w.size, asked, found.length - before);
    }
    return found;
}

function tell({ log }: Pick<BootContext, 'log'>, size: number, asked: number, got: number): void {
    if (got < asked) {
        log.log('warn', `HugeTLB: ${asked} pages of ${size / 2 ** 20} MiB were asked for, ${got} could be had.`);
    }
}

/** hugetlb_init(): the boot pages join their pool, and the other pools are filled from the page allocator. */
export function fillPools(
    hugetlb: Hugetlb,
    ctx: BootContext,
    wanted: readonly HugePagesWanted[],
    bootPages: readonly number[],
    preserved: PreservedPages,
): void {
    const nodes = ctx.description.numa ? ctx.machine.nodes : [0];
    for (const [size, count] of preserved) {
        hugetlb.sized(size)?.expect(count);
    }
    const gigantic = hugetlb.pools.find((p) => isGigantic(ctx.machine.page, p.size));
    for (const addr of bootPages) {
        gigantic?.addBootPage(addr / ctx.machine.page.size);
    }
    for (const w of wanted.filter((each) => !isGigantic(ctx.machine.page, each.size))) {
        const pool = hugetlb.sized(w.size);
        let asked = 0;
        for (const { node, count } of shares(w, nodes, preserved.get(w.size) ?? 0)) {
            asked += count;
            pool?.resize(pool.persistent + count, ctx.description.numa ? node : undefined);
        }
        tell(ctx, w.size, asked, pool?.persistent ?? 0);
    }
}
