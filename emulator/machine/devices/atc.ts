/**
 * What a device remembers of translations itself: address translation services (PCI Express Base Specification, section
 * 10, ATS). It asks the IOMMU once for a page and then sends physical addresses, which pass. Whoever takes a mapping
 * away has to have it forget, too.
 */
import type { Hasher } from '../hash';
import { type Journal, JournaledMap } from '../journal';

interface Remembered {
    readonly frame: number;
    /** Whose translation it is: invalidations name the domain. */
    readonly domain: number;
    readonly read: boolean;
    readonly write: boolean;
}

/** Pages that it has room for; the oldest makes place. */
const ROOM = 64;

export class TranslationCache {
    /** By page of the device's own addresses. */
    private readonly pages: JournaledMap<number, Remembered>;

    /** @param deaf faulty hardware: it says that it has forgotten, and has not */
    constructor(
        journal: Journal,
        private readonly deaf: boolean,
    ) {
        this.pages = new JournaledMap(journal);
    }

    get size(): number {
        return this.pages.size;
    }

    /** The page frame; −1: not known, or not with these rights. */
    find(page: number, write: boolean): number {
        const known = this.pages.get(page);
        return known && (write ? known.write : known.read) ? known.frame : -1;
    }

    add(page: number, frame: number, domain: number, write: boolean): void {
        const known = this.pages.get(page);
        const same = known?.frame === frame && known.domain === domain;
        const [oldest] = this.pages.keys();
        if (!known && this.pages.size === ROOM && oldest !== undefined) {
            this.pages.delete(oldest);
        }
        this.pages.set(page, {
            frame,
            domain,
            read: !write || (same && known.read),
            write: write || (same && known.write),
        });
    }

    /** The driver of the IOMMU has it forget pages of a domain, all of a domain, or everything. */
    invalidate(domain?: number, page = 0, count = Infinity): void {
        if (this.deaf) {
            return;
        }
        for (const [at, known] of [...this.pages]) {
            if (domain === undefined || (known.domain === domain && at >= page && at < page + count)) {
                this.pages.delete(at);
            }
        }
    }

    /** A reset: nothing is left of it, whatever the hardware. */
    clear(): void {
        this.pages.clear();
    }

    /** What it knows, the oldest first. */
    *entries(): Generator<Remembered & { readonly page: number }> {
        for (const [page, known] of this.pages) {
            yield { page, ...known };
        }
    }

    hash(hasher: Hasher): void {
        for (const e of this.entries()) {
            hasher
                .num(e.page)
                .num(e.frame)
                .num(e.domain)
                .u32((e.read ? 1 : 0) + (e.write ? 2 : 0));
        }
    }
}
