/** Pools of huge pages: their pages, users and reservations (mm/hugetlb.c). */
import type { Hasher } from '../../machine/hash';
import { JournaledRecord, JournaledList } from '../../machine/journal';
import { sizeLiteral } from '../../text/text';
import type { KernelCore } from '../fs/core';
import { err, type Err } from '../release/errno';
import { orderPages, PG_HUGETLB } from '../mm/memmap';
import { allocContiguous } from './contiguous';

const ENOMEM = err('ENOMEM');

/** What a pool needs from its kernel. */
export type PoolEnv = Pick<
    KernelCore,
    'journal' | 'page' | 'pages' | 'memmap' | 'folios' | 'owners' | 'shmem' | 'memory'
>;

/** Huge pages of one size (struct hstate). Sizes and counts as in /sys/kernel/mm/hugepages. */
export class HugePool extends JournaledRecord {
    /** nr_hugepages: free and used pages, including surplus ones. */
    readonly nr: number = 0;
    readonly free: number = 0;
    /** resv_hugepages: free pages that are reserved for mappings. */
    readonly reserved: number = 0;
    /** surplus_hugepages: allocated from the page allocator, and freed to it. */
    readonly surplus: number = 0;
    /** nr_overcommit_hugepages: the maximum number of surplus pages. */
    readonly overcommit: number = 0;
    /**
     * Pages that the previous kernel preserved and that have not returned to the pool. Only with the layer `hugetlb`.
     */
    readonly incoming: number = 0;
    private readonly owner: number;
    /** Free pages, the last freed one at the end. */
    private readonly list: JournaledList<number>;

    constructor(
        private readonly env: PoolEnv,
        readonly order: number,
    ) {
        super(env.journal);
        this.owner = env.owners.id(`HugeTLB pool of ${this.name}`);
        this.list = new JournaledList(env.journal);
    }

    /** Bytes of a page. */
    get size(): number {
        return this.env.page.size * orderPages(this.order);
    }

    get name(): string {
        return this.size >= 2 ** 30 ? `${this.size / 2 ** 30} GiB` : `${this.size / 2 ** 20} MiB`;
    }

    /** Number of persistent pages: all but the surplus ones. */
    get persistent(): number {
        return this.nr - this.surplus;
    }

    /**
     * Takes a page out of the pool; if none is free, one from the page allocator as far as `overcommit` allows.
     * @param promised whether the page is one of the reserved ones
     * @returns its first page frame, with one reference; −1
     */
    take(promised: boolean): number {
        const { memmap } = this.env;
        let pfn = -1;
        if (this.free > (promised ? 0 : this.reserved)) {
            pfn = this.pop();
        } else if (this.surplus < this.overcommit) {
            pfn = this.fresh(undefined);
            if (pfn >= 0) {
                const edit = this.change();
                edit.nr++;
                edit.surplus++;
            }
        }
        if (pfn >= 0) {
            if (promised) {
                this.change().reserved--;
            }
            memmap.setRefs(pfn, 1);
        }
        return pfn;
    }

    /** Returns a page without references. Surplus pages are freed to the page allocator. */
    give(pfn: number): void {
        const { memmap } = this.env;
        memmap.initFolio(pfn, this.order, this.owner);
        if (this.surplus > 0) {
            const edit = this.change();
            edit.nr--;
            edit.surplus--;
            this.env.pages.free(pfn, this.order);
            return;
        }
        this.push(pfn);
    }

    /** Reserves `n` pages, with surplus ones if too few are free. @returns ENOMEM, with nothing reserved */
    reserve(n: number): 0 | Err {
        const missing = this.reserved + n - this.free;
        for (let i = 0; i < missing; i++) {
            const pfn = this.surplus < this.overcommit ? this.fresh(undefined) : -1;
            if (pfn < 0) {
                this.dropUnused();
                this.env.pages.refuse(
                    `The pool of huge pages of ${this.name} has too few: ${n} are requested, and of its ${this.nr} pages ${this.free} are free, ${this.reserved} of them reserved.`,
                );
                return ENOMEM;
            }
            const edit = this.change();
            edit.nr++;
            edit.surplus++;
            this.push(pfn);
        }
        this.change().reserved += n;
        return 0;
    }

    /** Cancels reservations. */
    unreserve(n: number): void {
        this.change().reserved -= n;
        this.dropUnused();
    }

    /**
     * Sets the number of persistent pages (nr_hugepages), of one node if it is given. The pool gets as many as are
     * available; excess pages in use become surplus.
     */
    resize(n: number, node: number | undefined): void {
        while (this.surplus > 0 && this.persistent < n) {
            this.change().surplus--;
        }
        while (this.persistent < n) {
            const pfn = this.fresh(node);
            if (pfn < 0) {
                return;
            }
            this.change().nr++;
            this.push(pfn);
        }
        while (this.persistent > n && this.free > this.reserved) {
            this.env.pages.free(this.pop(), this.order);
            this.change().nr--;
        }
        this.change().surplus += Math.max(0, this.persistent - n);
    }

    setOvercommit(n: number): void {
        this.change().overcommit = n;
    }

    /** A page that was allocated before there was a page allocator. */
    addBootPage(pfn: number): void {
        const { memmap, pages } = this.env;
        memmap.release(pfn, pfn + orderPages(this.order));
        memmap.initFolio(pfn, this.order, this.owner);
        pages.addManaged(orderPages(this.order));
        this.change().nr++;
        this.push(pfn);
    }

    /** Counts pages that exist in the preserved memory of the previous kernel. */
    expect(n: number): void {
        this.change().incoming = n;
    }

    /** A restored page of the previous kernel: it counts again, in use, with the reference from restoring it. */
    adopt(pfn: number): void {
        const edit = this.change();
        edit.nr++;
        edit.incoming = Math.max(0, this.incoming - 1);
        this.env.memmap.setFlags(pfn, this.env.memmap.flags(pfn) | PG_HUGETLB);
    }

    private change(): { -readonly [K in keyof HugePool]: HugePool[K] } {
        return this.env.journal.edit<HugePool>(this);
    }

    /**
     * From the page allocator, not movable; if larger than its blocks: from a contiguous range, out of which movable
     * pages are migrated.
     */
    private fresh(node: number | undefined): number {
        const { env, owner, order } = this;
        const pfn =
            order > env.page.maxOrder
                ? allocContiguous(env, order, owner, node)
                : env.pages.alloc(order, { owner, ...(node === undefined ? {} : { node, strict: true }) });
        if (pfn >= 0) {
            env.memmap.setFlags(pfn, PG_HUGETLB);
        }
        return pfn;
    }

    private push(pfn: number): void {
        const { memmap } = this.env;
        memmap.setFlags(pfn, PG_HUGETLB);
        memmap.setRefs(pfn, 0);
        this.list.push(pfn);
        this.change().free++;
    }

    private pop(): number {
        this.change().free--;
        return this.list.pop() ?? -1;
    }

    /** return_unused_surplus_pages() */
    private dropUnused(): void {
        while (this.surplus > 0 && this.free > this.reserved) {
            const edit = this.change();
            edit.surplus--;
            edit.nr--;
            this.env.pages.free(this.pop(), this.order);
        }
    }

    display(): string {
        return `huge pages of ${this.name}: ${this.nr}, ${this.free} free`;
    }

    hash(hasher: Hasher): void {
        hasher.num(this.nr).num(this.free).num(this.reserved).num(this.surplus).num(this.overcommit).num(this.incoming);
        for (const pfn of this.list) {
            hasher.num(pfn);
        }
    }
}

/** All pools of a kernel. */
export class Hugetlb {
    /** Ascending by the size of their pages; the first is that of the default size. */
    readonly pools: readonly HugePool[];

    constructor(private readonly env: PoolEnv) {
        this.pools = env.page.hugeOrders.map((order) => new HugePool(env, order));
        env.folios.freeHugetlb = (head) => {
            this.poolOf(env.memmap.orderOf(head))?.give(head);
        };
    }

    /** The page size, as programs write it. */
    get sizes(): string[] {
        return this.pools.map((pool) => sizeLiteral(pool.size));
    }

    /** The pool of pages of 2^order small ones. */
    poolOf(order: number): HugePool | undefined {
        return this.pools.find((p) => p.order === order);
    }

    /**
     * Returns a restored folio to the pool of its size, in use: its last reference frees it there.
     * @returns EINVAL if there is no such pool
     */
    adopt(head: number): undefined | Err {
        const pool = this.poolOf(this.env.memmap.orderOf(head));
        if (!pool) {
            return err('EINVAL');
        }
        pool.adopt(head);
        return undefined;
    }

    /** The pool of pages of this many bytes. */
    sized(size: number): HugePool | undefined {
        return this.pools.find((p) => p.size === size);
    }

    hash(hasher: Hasher): void {
        for (const pool of this.pools) {
            pool.hash(hasher);
        }
    }
}
