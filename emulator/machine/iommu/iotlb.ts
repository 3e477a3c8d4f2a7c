/** The cache of translations in an IOMMU. */
import type { Journal, Saveable } from '../journal';

const ENTRIES = 1024;
const READ = 1;
const WRITE = 2;
/** Page numbers have 36 bits, domain ids 16. */
const DOMAIN = 2 ** 36;

/**
 * Caches the results of table walks: each slot holds a page of a domain, until it is replaced or the driver invalidates
 * it.
 */
export class IoTlb implements Saveable {
    epoch: number;
    private keys = new Float64Array(ENTRIES).fill(-1);
    private frames = new Float64Array(ENTRIES);
    private rights = new Uint8Array(ENTRIES);

    /**
     * Translation caches of devices (ATS): drivers invalidate them together with this one, as iommu_flush_dev_iotlb()
     * does. Part of the machine's shape.
     */
    readonly followers: { invalidate(domain?: number, page?: number, count?: number): void }[] = [];

    constructor(private readonly journal: Journal) {
        this.epoch = journal.epoch;
    }

    /** The page frame that a page of a domain is translated to; −1: not cached, or not with these rights. */
    find(domain: number, page: number, write: boolean): number {
        const slot = (page ^ (domain * 31)) & (ENTRIES - 1);
        return this.keys[slot] === domain * DOMAIN + page && ((this.rights[slot] ?? 0) & (write ? WRITE : READ)) !== 0
            ? (this.frames[slot] ?? -1)
            : -1;
    }

    add(domain: number, page: number, frame: number, read: boolean, write: boolean): void {
        this.journal.touch(this);
        const slot = (page ^ (domain * 31)) & (ENTRIES - 1);
        this.keys[slot] = domain * DOMAIN + page;
        this.frames[slot] = frame;
        this.rights[slot] = (read ? READ : 0) | (write ? WRITE : 0);
    }

    /** Invalidates a domain, all of it or some pages; without a domain everything. */
    invalidate(domain?: number, page = 0, count = DOMAIN): void {
        this.journal.touch(this);
        for (const follower of this.followers) {
            follower.invalidate(domain, page, count);
        }
        for (let i = 0; i < ENTRIES; i++) {
            const key = this.keys[i] ?? -1;
            const at = key % DOMAIN;
            if (
                key >= 0 &&
                (domain === undefined || (Math.floor(key / DOMAIN) === domain && at >= page && at < page + count))
            ) {
                this.keys[i] = -1;
            }
        }
    }

    /** The cached entries, by slot. */
    *entries(): Generator<{
        readonly domain: number;
        readonly page: number;
        readonly frame: number;
        readonly read: boolean;
        readonly write: boolean;
    }> {
        for (let i = 0; i < ENTRIES; i++) {
            const key = this.keys[i] ?? -1;
            if (key >= 0) {
                const rights = this.rights[i] ?? 0;
                yield {
                    domain: Math.floor(key / DOMAIN),
                    page: key % DOMAIN,
                    frame: this.frames[i] ?? 0,
                    read: (rights & READ) !== 0,
                    write: (rights & WRITE) !== 0,
                };
            }
        }
    }

    save(): unknown {
        return { keys: this.keys.slice(), frames: this.frames.slice(), rights: this.rights.slice() };
    }

    load(saved: unknown): void {
        Object.assign(this, saved);
    }
}
