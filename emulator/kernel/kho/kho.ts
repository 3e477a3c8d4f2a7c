/**
 * KHO in one running kernel: its preserved memory, and the handover that it was given
 * (kernel/liveupdate/kexec_handover.c).
 */
import { Err, err } from '../release/errno';
import type { PageGeometry } from '../../machine/arch';
import { costId } from '../../machine/costs';
import type { Hasher } from '../../machine/hash';
import { PRESERVED, RESTORED, UNPRESERVED } from '../../machine/history';
import type { Int } from '../../machine/int';
import { JournaledRecord, JournaledMap } from '../../machine/journal';
import { Folios } from '../mm/folio';
import { orderPages } from '../mm/memmap';
import type { Area, IncomingHandover, KhoEnv } from './env';
import { buildsFdtWhenFinalized, type KhoFormat } from '../release/kho-format';
import type { NodePages } from './radix';
import { type Subtree, addSubtree, buildRootFdt, readFdtPage, removeSubtree, retrieveSubtree } from './root-fdt';
import { type BlockRun, RunList } from './runs';
import { type Tracker, freeTracker, makeTracker, walkTracker } from './tracker';

const PRESERVE_FOLIO = costId('preserve_folio');
const UNPRESERVE_FOLIO = costId('unpreserve_folio');
const RESTORE_FOLIO = costId('restore_folio');
const RESTORE_PAGE = costId('restore_page');

/** The order of the smallest power of two of pages that holds `size` bytes. */
export function getOrder(page: PageGeometry, size: number): number {
    let order = 0;
    while (page.size * orderPages(order) < size) {
        order++;
    }
    return order;
}

/** A run of preserved blocks with their owner. */
export interface PreservedRun extends BlockRun {
    readonly owner: string;
}

/** Owner of the pages of the tree of preserved memory. */
export const TREE_OWNER = 'KHO radix tree';

export class Kho extends JournaledRecord {
    /** kho_is_enabled(). */
    readonly enabled: boolean;
    /** The outgoing root FDT page; 0 if there is none. */
    readonly fdt: number = 0;
    readonly tree: Tracker | undefined = undefined;
    /** The handover is finalized, in kernels that have to finalize it. */
    readonly finalized: boolean = false;
    readonly scratch: readonly Area[];
    /** The address of the array of {@link scratch}; 0 if there is none. */
    readonly scratchArray: number;
    /** Number of pages that the previous kernel preserved, and number of those that were restored. */
    readonly incomingPages: number = 0;
    readonly restoredPages: number = 0;
    /** The number of this update: how many kexecs with KHO led to this kernel. Set by kho_init. */
    readonly kexecCount: number = 0;
    readonly previousRelease: string | undefined = undefined;
    /**
     * Size of the outgoing device tree when its debugfs file was created, in bytes; later additions are not visible
     * there.
     */
    readonly debugFdtLength: number = 0;
    readonly folios: Folios;
    private incomingRuns = new RunList();
    /**
     * Subtrees that are added to the FDT when it is built, in kernels that build it while finalizing: by the address of
     * their blob.
     */
    readonly users: JournaledMap<number, { readonly name: string; readonly size: number }>;
    /** Incoming pages that the kernel never restores by design. */
    private readonly kept: JournaledMap<number, string>;
    private readonly warned: JournaledMap<string, true>;
    /** Bytes. */
    private readonly pageSize: number;

    /**
     * @param incoming the handover that this kernel was booted with; undefined after a cold boot, or if it was refused.
     * @param scratch the scratch areas of this machine, inherited or reserved at this boot.
     */
    constructor(
        readonly env: KhoEnv,
        enabled: boolean,
        readonly incoming: IncomingHandover | undefined,
        scratch: readonly Area[],
        scratchArray: number,
    ) {
        super(env.machine.journal);
        this.pageSize = env.machine.page.size;
        this.enabled = enabled;
        this.scratch = scratch;
        this.scratchArray = scratchArray;
        this.folios = new Folios(env.machine.memory, env.memmap, env.allocator);
        this.kept = new JournaledMap(env.machine.journal);
        this.users = new JournaledMap(env.machine.journal);
        this.warned = new JournaledMap(env.machine.journal);
    }

    /** is_kho_boot(): true even with kho=off. */
    get isKhoBoot(): boolean {
        return this.incoming !== undefined;
    }

    // Preserving.

    /** kho_preserve_folio. @returns EINVAL (no tree; in scratch, with debug checks), ENOMEM. */
    preserveFolio(head: number): 0 | Err {
        return this.preserveBlock(head, this.env.memmap.orderOf(head));
    }

    /** kho_unpreserve_folio: with the current order of the folio. */
    unpreserveFolio(head: number): void {
        this.unpreserveBlock(head, this.env.memmap.orderOf(head));
    }

    /** kho_preserve_pages: divided into aligned blocks, none of which crosses a node. Undone on failure. */
    preservePages(pfn: number, count: number): 0 | Err {
        if (this.env.options.debug && this.touchesScratch(pfn * this.pageSize, count * this.pageSize)) {
            this.warn('kho_preserve_pages', 'preserving pages that touch scratch');
            return err('EINVAL');
        }
        for (let at = pfn; at < pfn + count; ) {
            const order = this.preserveOrder(at, pfn + count - at);
            const result = this.addBlock(at, order);
            if (result !== 0) {
                this.unpreservePages(pfn, at - pfn);
                return result;
            }
            at += orderPages(order);
        }
        return 0;
    }

    /** kho_unpreserve_pages: divided in the same way, so it covers the same range. */
    unpreservePages(pfn: number, count: number): void {
        for (let at = pfn; at < pfn + count; ) {
            const order = this.preserveOrder(at, pfn + count - at);
            this.unpreserveBlock(at, order);
            at += orderPages(order);
        }
    }

    /** kho_scratch_overlap. */
    touchesScratch(pa: number, size: number): boolean {
        return this.scratch.some((area) => pa < area.addr + area.size && pa + size > area.addr);
    }

    /**
     * kho_alloc_preserve: zeroed memory, preserved; its real size is the next power of two of pages.
     * @returns its physical address; EINVAL (size 0, or no tree), E2BIG (more than the page allocator's largest block),
     * ENOMEM.
     */
    allocPreserve(size: number, owner: string): number | Err {
        if (size === 0) {
            return err('EINVAL');
        }
        const order = getOrder(this.env.machine.page, size);
        if (order > this.env.machine.page.maxOrder) {
            return err('E2BIG');
        }
        const pfn = this.env.allocator.alloc(order, { owner: this.env.machine.owners.id(owner), zero: true });
        if (pfn < 0) {
            return err('ENOMEM');
        }
        const result = this.preserveFolio(pfn);
        if (result !== 0) {
            this.folios.put(pfn);
            return result;
        }
        return pfn * this.pageSize;
    }

    /** kho_unpreserve_free; 0 is no memory. */
    unpreserveFree(pa: number): void {
        if (pa !== 0) {
            const head = Math.floor(pa / this.pageSize);
            this.unpreserveFolio(head);
            this.folios.put(head);
        }
    }

    // Restoring.

    /**
     * kho_restore_folio. @returns the folio's head with one reference; undefined (NULL) if nothing is preserved there.
     */
    restoreFolio(phys: Int, owner: string): number | undefined {
        if (this.takesFromOwner(phys)) {
            const pfn = Math.floor(phys / this.pageSize);
            const id = this.env.machine.owners.id(owner);
            this.env.memmap.initFolio(pfn, 0, id);
            this.env.machine.history.add(RESTORED, pfn, 1, id);
            return pfn;
        }
        const order = this.markedOrder(phys);
        if (order === undefined) {
            return undefined;
        }
        const pfn = Math.floor(Number(phys) / this.pageSize);
        const id = this.env.machine.owners.id(owner);
        this.env.memmap.initFolio(pfn, order, id);
        this.restored(pfn, order, id);
        return pfn;
    }

    /**
     * Whether restoring this page gives it a second owner: without a magic number to check, page->private of an
     * allocated page is 0, which reads as a preserved block of one page.
     */
    takesFromOwner(phys: Int): phys is number {
        if (this.format.magic) {
            return false;
        }
        const { machine, memmap } = this.env;
        const pfn = typeof phys === 'number' && machine.isRam(phys) ? Math.floor(phys / this.pageSize) : -1;
        return pfn >= 0 && memmap.khoOrder(pfn) < 0 && memmap.stateOf(pfn) === 'allocated' && memmap.orderOf(pfn) === 0;
    }

    /**
     * kho_restore_pages: `count` pages, each separately. Steps by address alone, not by preserved blocks, so blocks
     * that were divided at a node are skipped.
     * @returns the first page; undefined at the first failure, and the blocks before it stay restored.
     */
    restorePages(phys: Int, count: number, owner: string): number | undefined {
        const pfn = Math.floor(Number(phys) / this.pageSize);
        const id = this.env.machine.owners.id(owner);
        for (let at = pfn; at < pfn + count; ) {
            const order = this.markedOrder(at * this.pageSize);
            if (order === undefined) {
                return undefined;
            }
            this.env.memmap.initPages(at, orderPages(order), id);
            this.restored(at, order, id);
            at += orderPages(blockOrder(at, pfn + count - at));
        }
        return pfn;
    }

    /** kho_restore_free; 0 is no memory. Memory that cannot be restored is not freed. */
    restoreFree(pa: Int): void {
        if (pa !== 0) {
            const head = this.restoreFolio(pa, 'restored to be freed');
            if (head === undefined) {
                this.env.log.warning('kho_restore_free', 'WARNING: nothing to restore');
            } else {
                this.folios.put(head);
            }
        }
    }

    // Subtrees of the root FDT.

    /**
     * kho_add_subtree.
     * @returns EEXIST, ENOMEM; EFAULT if KHO is off (the kernel dereferences a null pointer, which no caller in the
     * kernel allows).
     */
    addSubtree(name: string, blob: number, size: number): 0 | Err {
        if (this.fdt === 0) {
            return err('EFAULT');
        }
        if (this.buildsFdtWhenFinalized) {
            this.users.set(blob, { name, size });
            return 0;
        }
        const half = this.env.options.flaws?.has('kho_half_subtree') === true;
        return addSubtree(this.env.machine, this.fdt, name, blob, size, this.format, half);
    }

    /** kho_remove_subtree, by the blob's address; no error if there is none. */
    removeSubtree(blob: number): void {
        this.users.delete(blob);
        if (this.fdt !== 0 && !this.buildsFdtWhenFinalized) {
            removeSubtree(this.env.machine, this.fdt, blob, this.format);
        }
    }

    /** kho_retrieve_subtree from the handover of the previous kernel. @returns ENOENT, EINVAL. */
    retrieveSubtree(name: string): Subtree | Err {
        if (!this.incoming) {
            return err('ENOENT');
        }
        const { root } = readFdtPage(this.env.machine, this.incoming.fdt);
        return retrieveSubtree(
            root,
            this.env.machine.page,
            name,
            (text) => this.env.log.log('warn', text),
            this.format,
        );
    }

    /** Whether the previous kernel handed over a blob of this name, valid or not. */
    hasSubtree(name: string): boolean {
        const found = this.retrieveSubtree(name);
        return !(found instanceof Err && found.name === 'ENOENT');
    }

    // Life of a kernel.

    /**
     * Root page and FDT page of the outgoing side (the first half of kho_init). @returns ENOMEM, or the errors of
     * preserving.
     */
    createOutgoing(): 0 | Err {
        const { machine } = this.env;
        const tree = makeTracker(this.env.options, machine, this.nodePages);
        if (tree === undefined) {
            return err('ENOMEM');
        }
        const kho = machine.journal.edit(this);
        kho.tree = tree;
        if (this.buildsFdtWhenFinalized) {
            // The page exists from the beginning, so that kexec can announce it; it is filled later.
            const pfn = this.env.allocator.alloc(0, { owner: machine.owners.id('KHO FDT'), zero: true });
            kho.fdt = pfn < 0 ? 0 : pfn * this.pageSize;
            return pfn < 0 ? err('ENOMEM') : 0;
        }
        const fdt = this.placedFdt() ?? this.allocPreserve(this.pageSize, 'KHO FDT');
        if (fdt instanceof Err) {
            this.destroyOutgoing();
            return fdt;
        }
        kho.fdt = fdt;
        machine.memory.write(fdt, buildRootFdt(this.format.compatible, tree.root));
        return 0;
    }

    /** The FDT's page at the machine's fixed address, which was reserved at the beginning of the boot. */
    private placedFdt(): number | Err | undefined {
        const { machine, memmap, allocator } = this.env;
        const { fdt } = machine.places;
        if (fdt === undefined || this.isKhoBoot) {
            return undefined;
        }
        memmap.initFolio(fdt / machine.page.size, 0, machine.owners.id('KHO FDT'));
        allocator.addManaged(1);
        machine.memory.zero(fdt, machine.page.size);
        const result = this.preserveFolio(fdt / machine.page.size);
        return result === 0 ? fdt : result;
    }

    /** The error path of kho_init: frees FDT and tracker. */
    destroyOutgoing(): void {
        const kho = this.env.machine.journal.edit(this);
        if (this.fdt !== 0) {
            if (this.buildsFdtWhenFinalized) {
                this.env.allocator.free(this.fdt / this.pageSize, 0);
            } else {
                this.unpreserveFree(this.fdt);
            }
            kho.fdt = 0;
        }
        if (this.tree) {
            freeTracker(this.tree, this.nodePages);
            kho.tree = undefined;
        }
        kho.enabled = false;
    }

    private get format(): KhoFormat {
        return this.env.options.format;
    }

    private get buildsFdtWhenFinalized(): boolean {
        return buildsFdtWhenFinalized(this.format);
    }

    private get nodePages(): NodePages {
        const { allocator, kfence } = this.env;
        return {
            allocNode: () => this.allocNode(),
            freeNode: (pa: number) => (kfence?.holds(pa) ? kfence.free(pa) : allocator.free(pa / this.pageSize, 0)),
            sampled: () => kfence?.sample(),
        };
    }

    setKexecCount(count: number, previousRelease: string | undefined): void {
        const kho = this.env.machine.journal.edit(this);
        kho.kexecCount = count;
        kho.previousRelease = previousRelease;
    }

    /** The result of kho_memory_init. */
    setIncoming(runs: RunList, pages: number): void {
        this.env.machine.journal.touch(this);
        this.incomingRuns = runs;
        this.env.machine.journal.edit(this).incomingPages = pages;
        if (this.incoming) {
            this.keep(this.incoming.fdt, 'KHO FDT');
        }
    }

    /**
     * Declares incoming memory that is held permanently by design: the FDT, the kexec metadata, the FLB page, regions
     * of reserve_mem=.
     */
    keep(phys: number, what: string, size = this.pageSize): void {
        const first = Math.floor(phys / this.pageSize);
        for (let pfn = first; pfn < first + size / this.pageSize; pfn++) {
            if (size === this.pageSize || this.env.memmap.khoOrder(pfn) >= 0) {
                this.kept.set(pfn, what);
            }
        }
    }

    // Accounting and display; the kernel itself has no such information.

    /** Number of pages of the previous kernel that were not restored, without those that no kernel restores. */
    get unclaimed(): number {
        let kept = 0;
        for (const pfn of this.kept.keys()) {
            const order = this.env.memmap.khoOrder(pfn);
            if (order >= 0) {
                kept += orderPages(order);
            }
        }
        return this.incomingPages - this.restoredPages - kept;
    }

    /** A block that can be restored begins at this address. Without a magic number, every preserved page is one. */
    isUnrestored(pa: number): boolean {
        const { machine, memmap } = this.env;
        const pfn = Math.floor(pa / machine.page.size);
        const marked = !this.format.magic || memmap.khoOrder(pfn) >= 0;
        return machine.isRam(pa) && memmap.stateOf(pfn) === 'preserved' && marked;
    }

    /** Pages that this kernel preserves now. */
    get outgoingPages(): number {
        return this.outgoingRuns().reduce((sum, run) => sum + run.blocks * orderPages(run.order), 0);
    }

    /** Bytes of all scratch areas together. */
    get scratchSize(): number {
        return this.scratch.reduce((sum, area) => sum + area.size, 0);
    }

    /** Blocks of the previous kernel that were not restored. */
    unclaimedRuns(): PreservedRun[] {
        const list = new RunList();
        for (const run of this.incomingRuns) {
            for (let i = 0; i < run.blocks; i++) {
                const pfn = run.pfn + i * orderPages(run.order);
                if (this.env.memmap.khoOrder(pfn) === run.order && !this.kept.has(pfn)) {
                    list.add(pfn, run.order);
                }
            }
        }
        return [...list].map((run) => ({ ...run, owner: this.ownerOf(run.pfn) }));
    }

    /** All preserved memory of the previous kernel, according to its tree. */
    incomingList(): readonly BlockRun[] {
        return [...this.incomingRuns];
    }

    /** The preserved memory of this kernel, from its tree. */
    outgoingRuns(): PreservedRun[] {
        const result: PreservedRun[] = [];
        if (this.tree) {
            const { machine, memmap } = this.env;
            let last: { pfn: number; order: number; blocks: number; id: number; owner: string } | undefined;
            walkTracker(
                this.tree,
                machine.memory,
                (pa, n) => machine.isRam(pa, n),
                (pfn, order) => {
                    const id = memmap.ownerOf(pfn);
                    if (
                        last &&
                        last.order === order &&
                        last.id === id &&
                        last.pfn + last.blocks * orderPages(order) === pfn
                    ) {
                        last.blocks++;
                    } else {
                        last = { pfn, order, blocks: 1, id, owner: machine.owners.name(id) };
                        result.push(last);
                    }
                },
            );
        }
        return result.map(({ pfn, order, blocks, owner }) => ({ pfn, order, blocks, owner }));
    }

    hash(hasher: Hasher): void {
        hasher
            .u32(this.enabled ? 1 : 0)
            .num(this.fdt)
            .num(this.tree?.root ?? 0)
            .u32(this.finalized ? 1 : 0)
            .num(this.scratchArray)
            .num(this.incomingPages)
            .num(this.restoredPages);
        hasher
            .num(this.kexecCount)
            .str(this.previousRelease ?? '')
            .u32(this.warned.size)
            .u32(this.kept.size);
        for (const area of this.scratch) {
            hasher.num(area.addr).num(area.size);
        }
    }

    private ownerOf(pfn: number): string {
        return this.env.machine.owners.name(this.env.memmap.ownerOf(pfn));
    }

    private preserveBlock(pfn: number, order: number): 0 | Err {
        if (this.env.options.debug && this.touchesScratch(pfn * this.pageSize, this.pageSize * orderPages(order))) {
            this.warn('kho_preserve_folio', 'preserving a folio that touches scratch');
            return err('EINVAL');
        }
        return this.addBlock(pfn, order);
    }

    private addBlock(pfn: number, order: number): 0 | Err {
        if (!this.tree) {
            this.warnOnce('kho_radix_add_key', 'no tree of preserved memory');
            return err('EINVAL');
        }
        if (this.finalized && this.buildsFdtWhenFinalized) {
            return err('EBUSY');
        }
        this.env.machine.clock.charge(PRESERVE_FOLIO);
        const result = this.tree.add(pfn, order);
        if (result === 0) {
            this.env.machine.history.add(PRESERVED, pfn, orderPages(order), this.env.memmap.ownerOf(pfn));
        }
        return result;
    }

    private unpreserveBlock(pfn: number, order: number): void {
        this.env.machine.clock.charge(UNPRESERVE_FOLIO);
        if (!this.tree?.remove(pfn, order)) {
            this.warn('kho_radix_del_key', 'unpreserving what was never preserved');
            return;
        }
        this.env.machine.history.add(UNPRESERVED, pfn, orderPages(order), this.env.memmap.ownerOf(pfn));
    }

    /** The order of the next block of `left` pages from `pfn` on, on one node if the kernel has nodes. */
    private preserveOrder(pfn: number, left: number): number {
        let order = blockOrder(pfn, left);
        if (this.env.options.numa && this.format.splitsAtNodes) {
            const { machine } = this.env;
            while (
                order > 0 &&
                machine.nodeOf(pfn * this.pageSize) !== machine.nodeOf((pfn + orderPages(order) - 1) * this.pageSize)
            ) {
                order--;
            }
        }
        return order;
    }

    /** The first half of a restore: reads the order in KHO's mark, which initializing the pages removes. */
    private markedOrder(phys: Int): number | undefined {
        const { machine, memmap } = this.env;
        if (typeof phys !== 'number') {
            return undefined;
        }
        const pfn = Math.floor(phys / this.pageSize);
        if (!machine.isRam(pfn * this.pageSize, this.pageSize)) {
            return undefined;
        }
        const order = memmap.khoOrder(pfn);
        if (order > machine.page.maxOrder && !this.format.restoresAnyOrder) {
            return undefined;
        }
        if (order < 0 && !this.format.magic && memmap.stateOf(pfn) === 'preserved') {
            // A tail page cannot be told from a head: page->private is 0, which reads as a block of one page.
            return 0;
        }
        if (order < 0) {
            this.warnOnce('kho_restore_page', `page 0x${pfn.toString(16)} is not preserved memory`);
            return undefined;
        }
        return order;
    }

    private restored(pfn: number, order: number, owner: number): void {
        this.env.machine.journal.edit(this).restoredPages += orderPages(order);
        this.env.allocator.addManaged(orderPages(order));
        this.env.machine.clock.charge(RESTORE_FOLIO);
        this.env.machine.clock.charge(RESTORE_PAGE, orderPages(order));
        this.env.machine.history.add(RESTORED, pfn, orderPages(order), owner);
    }

    private allocNode(): number | undefined {
        const pfn = this.env.allocator.alloc(0, { owner: this.env.machine.owners.id(TREE_OWNER), zero: true });
        return pfn < 0 ? undefined : pfn * this.pageSize;
    }

    private warn(where: string, text: string): void {
        this.env.log.warning(where, `WARNING: ${text}`);
    }

    private warnOnce(where: string, text: string): void {
        if (!this.warned.has(where)) {
            this.warned.set(where, true);
            this.warn(where, text);
        }
    }
}

/** The largest aligned block at `pfn` within `left` pages. */
function blockOrder(pfn: number, left: number): number {
    let order = 0;
    while (pfn % orderPages(order + 1) === 0 && orderPages(order + 1) <= left) {
        order++;
    }
    return order;
}
