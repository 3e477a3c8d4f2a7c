/**
 * The translation cache of a device: address translation services (PCI Express Base Specification, section 10, ATS).
 * The device requests the translation of a page from the IOMMU once and then sends physical addresses, which pass
 * untranslated. A driver that removes a mapping must also invalidate it in the device.
 */
import type { Hasher } from '../hash';
import { type Journal, JournaledMap } from '../journal';

interface Remembered {
    readonly frame: number;
    /** Domain of the translation: invalidations name it. */
    readonly domain: number;
    readonly read: boolean;
    readonly write: boolean;
}

/** Capacity in pages; the oldest entry is replaced. */
const ROOM = 64;

export class TranslationCache {
    /** By page of the device's own addresses. */
    private readonly pages: JournaledMap<number, Remembered>;

    /** @param deaf faulty hardware: it confirms an invalidation without doing it */
    constructor(
        journal: Journal,
        private readonly deaf: boolean,
    ) {
        this.pages = new JournaledMap(journal);
    }

    get size(): number {
        return this.pages.size;
    }

    /** The page frame; −1: not cached, or not with these rights. */
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

    /** The driver of the IOMMU invalidates pages of a domain, a whole domain, or everything. */
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

    /** A reset empties the cache, even of faulty hardware. */
    clear(): void {
        this.pages.clear();
    }

    /** The cached translations, the oldest first. */
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
