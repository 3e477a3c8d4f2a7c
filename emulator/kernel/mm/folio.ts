/** Folios of a running kernel: references, pins and migration (include/linux/mm.h, mm/gup.c, mm/migrate.c). */
import type { Err } from '../release/errno';
import { err } from '../release/errno';
import { costId } from '../../machine/costs';
import type { PhysicalMemory } from '../../machine/memory';
import type { AllocOptions, PageAllocator } from './buddy';
import { type Memmap, PG_HUGETLB, PG_LOCKED, PG_UPTODATE } from './memmap';

const COPY = costId('copy');
const MIGRATE = costId('migrate');

/** Changes of a folio while its file exists: `to` is its new head, or the order it is split to; otherwise −1. */
export type FolioChange = (how: 'moved' | 'split' | 'freed', head: number, order: number, to: number) => void;

/** Reference and pin counts of folios (include/linux/mm.h). A folio is identified by its head's page frame number. */
export class Folios {
    /** Fault injection: true makes a migration fail. */
    failMigration: (() => boolean) | undefined;
    /** Called when a folio of a file is moved, split, or freed by truncation. */
    onChange: FolioChange | undefined;
    /** Called for a huge page whose last reference is dropped: returns it to its pool. */
    freeHugetlb: ((head: number) => void) | undefined;

    constructor(
        readonly memory: PhysicalMemory,
        readonly memmap: Memmap,
        readonly allocator: PageAllocator,
    ) {}

    /** A new folio with one reference. @returns EINVAL for an order below 0, ENOMEM if there is no memory */
    alloc(order: number, options: AllocOptions): number | Err {
        if (order < 0) {
            return err('EINVAL');
        }
        const pfn = this.allocator.alloc(order, options);
        return pfn < 0 ? err('ENOMEM') : pfn;
    }

    get(head: number): void {
        this.memmap.setRefs(head, this.memmap.refs(head) + 1);
    }

    /**
     * Drops a reference; the last one frees the folio. @returns the number of references left, −1 if there was none to
     * drop.
     */
    put(head: number): number {
        const refs = this.memmap.refs(head);
        if (refs === 1) {
            if (this.freeHugetlb && (this.memmap.flags(head) & PG_HUGETLB) !== 0) {
                this.freeHugetlb(head);
                return 0;
            }
            this.allocator.free(head, this.memmap.orderOf(head));
            return 0;
        }
        if (refs <= 0) {
            return -1;
        }
        this.memmap.setRefs(head, refs - 1);
        return refs - 1;
    }

    /** FOLL_PIN: a pin holds a reference too. */
    pin(head: number): void {
        this.memmap.setRefs(head, this.memmap.refs(head) + 1);
        this.memmap.setPins(head, this.memmap.pins(head) + 1);
    }

    /** @returns the number of references left, −1 if the folio was not pinned. */
    unpin(head: number): number {
        const pins = this.memmap.pins(head);
        if (pins === 0) {
            return -1;
        }
        this.memmap.setPins(head, pins - 1);
        return this.put(head);
    }

    hasFlag(head: number, flag: number): boolean {
        return (this.memmap.flags(head) & flag) !== 0;
    }

    /** If it is set already, only reads it. */
    setFlag(head: number, flag: number): void {
        const flags = this.memmap.flags(head);
        if ((flags & flag) === 0) {
            this.memmap.setFlags(head, flags | flag);
        }
    }

    clearFlag(head: number, flag: number): void {
        this.memmap.setFlags(head, this.memmap.flags(head) & ~flag);
    }

    /** The current contents, up to date or not. */
    isUptodate(head: number): boolean {
        return this.hasFlag(head, PG_UPTODATE);
    }

    /** In bytes. */
    sizeOf(head: number): number {
        return this.allocator.page.size * 2 ** this.memmap.orderOf(head);
    }

    /** folio_zero_range() of the whole folio. */
    zero(head: number): void {
        this.memory.zero(head * this.allocator.page.size, this.sizeOf(head));
    }

    /**
     * Moves a folio to pages that were allocated for it (mm/migrate.c, migrate_folio()) with contents, references,
     * flags, index and owner; the old pages are freed. The caller changes the pointers to it.
     * @param to the new head, of the same order; freed if nothing is moved
     * @param users number of references that the caller knows; more, above all a pin, mean that the page is in use
     * @returns 0; EAGAIN if it has other users, it is locked, or a failure was injected
     */
    migrate(head: number, to: number, users: number): 0 | Err {
        const { memmap } = this;
        const order = memmap.orderOf(head);
        if (
            this.failMigration?.() ||
            memmap.pins(head) > 0 ||
            memmap.refs(head) !== users ||
            this.hasFlag(head, PG_LOCKED)
        ) {
            this.allocator.free(to, order);
            return err('EAGAIN');
        }
        const {
            clock,
            page: { size },
        } = this.allocator;
        clock?.charge(MIGRATE);
        clock?.chargeBytes(COPY, size * 2 ** order);
        this.memory.copy(to * size, head * size, size * 2 ** order);
        memmap.setRefs(to, memmap.refs(head));
        memmap.setFlags(to, memmap.flags(head));
        memmap.setIndex(to, memmap.index(head));
        this.onChange?.('moved', head, order, to);
        this.allocator.free(head, order);
        return 0;
    }
}
