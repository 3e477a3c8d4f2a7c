/** Folios of files: operations of the page cache, and handles and lists for `.lus` code. */
import { counted } from '../../text/text';
import type { KernelEnv } from '../env';
import type { PageGeometry } from '../../machine/arch';
import { PAGE_ALLOC } from './buddy';
import { PG_DIRTY, PG_SWAPBACKED, PG_UPTODATE, type Memmap } from './memmap';

/** A folio as a value of the language: an identifier without a reference. */
export class FolioRef {
    constructor(
        readonly pfn: number,
        private readonly page: PageGeometry,
    ) {}

    /** The physical address of its first page. */
    get pa(): number {
        return this.pfn * this.page.size;
    }

    sameAs(other: object): boolean {
        return other instanceof FolioRef && other.pfn === this.pfn;
    }

    display(): string {
        return `folio at 0x${this.pa.toString(16)}`;
    }
}

/** Folios at the same distance from each other: the first one's position in the list and its page frame. */
interface FolioRun {
    readonly from: number;
    readonly pfn: number;
    /** Pages from one folio to the next; 0 if there is only one. */
    distance: number;
    count: number;
}

/**
 * The folios that memfd_pin_folios() pinned, in file order. Immutable once it is complete. Folios at the same distance
 * from each other are stored as one run.
 */
export class FolioList {
    private readonly runs: FolioRun[] = [];
    private count = 0;
    /** The run of the last look-up. */
    private current: FolioRun = NO_RUN;

    constructor(private readonly page: PageGeometry) {}

    get length(): number {
        return this.count;
    }

    push(pfn: number): void {
        const last = this.runs.at(-1);
        const distance = last ? pfn - (last.pfn + (last.count - 1) * last.distance) : 0;
        if (last && distance > 0 && (last.count === 1 || last.distance === distance)) {
            last.distance = distance;
            last.count++;
        } else {
            this.runs.push({ from: this.count, pfn, distance: 0, count: 1 });
        }
        this.count++;
    }

    /** The first page frame of the folio at `index`. */
    pfn(index: number): number {
        let run = this.current;
        if (index < run.from || index >= run.from + run.count) {
            run = this.runAt(index);
            this.current = run;
        }
        return run.pfn + (index - run.from) * run.distance;
    }

    private runAt(index: number): FolioRun {
        let low = 0;
        let high = this.runs.length;
        while (high - low > 1) {
            const mid = (low + high) >> 1;
            if ((this.runs[mid]?.from ?? 0) <= index) {
                low = mid;
            } else {
                high = mid;
            }
        }
        return this.runs[low] ?? NO_RUN;
    }

    elementAt(index: number): FolioRef {
        return new FolioRef(this.pfn(index), this.page);
    }

    display(): string {
        return counted(this.count, 'folio');
    }
}

const NO_RUN: FolioRun = { from: 0, pfn: 0, distance: 0, count: 0 };

/** The first page of the folio that contains a page. */
export function folioOf(k: Pick<KernelEnv, 'memmap'>, page: number): number {
    return k.memmap.headOf(page);
}

export function folioOrder(k: Pick<KernelEnv, 'memmap'>, pfn: number): number {
    return k.memmap.orderOf(pfn);
}

export function isUptodate(k: KernelEnv, pfn: number): boolean {
    return (k.memmap.flags(pfn) & PG_UPTODATE) !== 0;
}

/** Sets flags of a folio; if they are set already, only reads them. */
export function setFlags(memmap: Memmap, pfn: number, flags: number): void {
    const now = memmap.flags(pfn);
    if ((now & flags) !== flags) {
        memmap.setFlags(pfn, now | flags);
    }
}

/**
 * Allocates a folio for a page cache that holds it with one reference per page (folio_ref_add in
 * shmem_add_to_page_cache); its old contents stay. −1: no memory.
 */
export function allocForCache(k: KernelEnv, order: number, owner: number, index: number): number {
    const pfn = k.pages.alloc(order, { movable: true, owner });
    if (pfn >= 0) {
        const { memmap } = k;
        if (order > 0) {
            memmap.setRefs(pfn, 2 ** order);
        }
        memmap.setFlags(pfn, PG_SWAPBACKED);
        memmap.setIndex(pfn, index);
    }
    return pfn;
}

/**
 * Allocates at most `most` folios of one page for a page cache, with the effect of {@link allocForCache} for each, as
 * long as their page frames are consecutive. The caller writes their contents.
 * @param added the cost that is charged for each of them besides its allocation
 * @returns the first page frame and their number; undefined if they must be allocated one by one
 */
export function allocManyForCache(
    k: KernelEnv,
    most: number,
    owner: number,
    index: number,
    added: number,
): { readonly pfn: number; readonly count: number } | undefined {
    const run = k.clock.mergesUnits([PAGE_ALLOC, added], most) ? k.pages.allocRun(most, owner) : undefined;
    if (run) {
        k.clock.charge(added, run.count);
        k.memmap.initCached(run.pfn, run.count, owner, PG_SWAPBACKED | DIRTY_AND_UPTODATE, index);
    }
    return run;
}

/** Drops the page cache's references; a folio without others is freed. */
export function dropFromCache(k: KernelEnv, pfn: number): void {
    const { memmap } = k;
    const order = memmap.orderOf(pfn);
    const refs = memmap.refs(pfn) - 2 ** order;
    if (refs > 0) {
        memmap.setRefs(pfn, refs);
    } else {
        k.pages.free(pfn, order);
    }
}

/**
 * Splits a folio that only the page cache uses so that page `at` is separate, and the other parts are as large as
 * possible (folio_split() in mm/huge_memory.c): order 9 becomes 8, 7, … 1, 0, 0 around it. False if there are other
 * references.
 */
export function splitFolio(k: KernelEnv, pfn: number, at: number): boolean {
    const { memmap } = k;
    const order = memmap.orderOf(pfn);
    if (memmap.refs(pfn) !== 2 ** order) {
        return false;
    }
    const flags = memmap.flags(pfn);
    const index = memmap.index(pfn);
    const owner = memmap.ownerOf(pfn);
    k.folios.onChange?.('split', pfn, order, -1);
    memmap.initPages(pfn, 2 ** order, owner);
    const part = (head: number, o: number): void => {
        if (o > 0) {
            memmap.initFolio(head, o, owner);
            memmap.setRefs(head, 2 ** o);
        }
        memmap.setFlags(head, flags);
        memmap.setIndex(head, index + head - pfn);
    };
    let head = pfn;
    for (let o = order - 1; o >= 0; o--) {
        const upper = head + 2 ** o;
        part(at < upper ? upper : head, o);
        head = at < upper ? head : upper;
    }
    part(head, 0);
    return true;
}

export const DIRTY_AND_UPTODATE = PG_DIRTY | PG_UPTODATE;
