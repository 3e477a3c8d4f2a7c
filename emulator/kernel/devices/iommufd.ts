/** /dev/iommu: I/O address spaces that user space fills with memory (drivers/iommu/iommufd/io_pagetable.c, ioas.c). */
import type { Area } from '../../machine/devices/device';
import type { Hasher } from '../../machine/hash';
import { Rec, Seq } from '../../machine/journal';
import { PAGE_SIZE } from '../../machine/memory';
import { err, Err } from '../errno';
import { S_IFCHR } from '../fcntl';
import { allocFile, fput, getFile, type FileOps, type OpenFile } from '../file';
import type { FolioList } from '../folios';
import { Inode } from '../inode';
import type { Kernel } from '../kernel';
import { memfdPinFolios, unpinFolios } from '../memfd';
import type { BoundDevice } from './bound';
import { type Domain, MSI_START } from './domain';

const EINVAL = err('EINVAL');
const ENOENT = err('ENOENT');
const EEXIST = err('EEXIST');
const ENOMEM = err('ENOMEM');
/** 48-bit addresses. */
const IOVA_END = 2 ** 48;
const MSI_LENGTH = 0x10_0000;

/** What IOMMU_IOAS_MAP_FILE mapped: a piece of a memfd at an address. Bytes. */
export interface Mapping {
    readonly iova: number;
    readonly length: number;
    readonly file: OpenFile;
    readonly offset: number;
    /** The folios, pinned while a device is attached. */
    readonly pinned: FolioList | null;
}

export class Ioas extends Rec {
    readonly mappings: Seq<Mapping>;
    /** Made when the first device is attached; gone with the last. */
    readonly domain: Domain | null = null;
    readonly devices: Seq<BoundDevice>;
    /** The descriptor of /dev/iommu is closed: it goes with its last device. */
    readonly orphaned: boolean = false;

    constructor(private readonly k: Kernel, readonly id: number) {
        super(k.journal);
        this.mappings = new Seq(k.journal);
        this.devices = new Seq(k.journal);
    }

    /** IOMMU_IOAS_MAP_FILE. @returns EINVAL, EEXIST, ENOMEM, or why the folios cannot be pinned */
    map(file: OpenFile, iova: number, length: number, offset: number): undefined | Err {
        if (length <= 0 || iova < 0 || offset < 0 || iova % PAGE_SIZE !== 0 || length % PAGE_SIZE !== 0 || offset % PAGE_SIZE !== 0 || iova + length > IOVA_END) {
            return EINVAL;
        }
        if (iova < MSI_START + MSI_LENGTH && MSI_START < iova + length) {
            return EINVAL;
        }
        if (this.mappings.items.some((m) => m.iova < iova + length && iova < m.iova + m.length)) {
            return EEXIST;
        }
        const wanted: Mapping = { iova, length, file, offset, pinned: null };
        const mapping = this.domain ? this.enter(this.domain, wanted) : wanted;
        if (mapping instanceof Err) {
            return mapping;
        }
        getFile(this.k, file);
        this.mappings.push(mapping);
        return undefined;
    }

    /** IOMMU_IOAS_UNMAP. @returns ENOENT where there is nothing, or only a part of something would go */
    unmap(iova: number, length: number): undefined | Err {
        const inside = (m: Mapping): boolean => m.iova >= iova && m.iova + m.length <= iova + length;
        const touched = this.mappings.items.filter((m) => m.iova < iova + length && iova < m.iova + m.length);
        if (touched.length === 0 || !touched.every(inside)) {
            return ENOENT;
        }
        for (const m of touched) {
            this.leave(m);
            this.mappings.remove(m);
            fput(this.k, m.file);
        }
        return undefined;
    }

    /** Attaches a device: the first one brings the domain, and with it the pins. @returns ENOMEM, or why folios cannot be pinned */
    attach(b: BoundDevice): undefined | Err {
        const { k } = this;
        const { devices } = k;
        if (!this.domain) {
            const made = this.makeDomain();
            if (made instanceof Err) {
                return made;
            }
        }
        if (!this.domain || !devices.attach(b, this.domain)) {
            return ENOMEM;
        }
        k.journal.edit(b).ioas = this;
        this.devices.push(b);
        return undefined;
    }

    private makeDomain(): undefined | Err {
        const { k } = this;
        const domain = k.devices.newDomain('paging', `I/O address space ${this.id}`);
        if (!domain.prepare()) {
            return ENOMEM;
        }
        k.journal.edit<Ioas>(this).domain = domain;
        for (const [i, m] of this.mappings.items.entries()) {
            const entered = this.enter(domain, m);
            if (entered instanceof Err) {
                this.dropDomain(domain);
                return entered;
            }
            this.mappings.set(i, entered);
        }
        return undefined;
    }

    /** Detaches a device; the last one takes the domain and the pins along. */
    detach(b: BoundDevice): void {
        const { k } = this;
        k.devices.attach(b, b.own);
        k.journal.edit(b).ioas = null;
        this.devices.remove(b);
        if (this.devices.length === 0 && this.domain) {
            this.dropDomain(this.domain);
        }
        if (this.orphaned) {
            this.destroy();
        }
    }

    private dropDomain(domain: Domain): void {
        for (const [i, m] of this.mappings.items.entries()) {
            this.leave(m);
            this.mappings.set(i, { ...m, pinned: null });
        }
        domain.destroy();
        this.k.journal.edit<Ioas>(this).domain = null;
    }

    /** The descriptor of /dev/iommu is closed. */
    closed(): void {
        this.k.journal.edit<Ioas>(this).orphaned = true;
        if (this.devices.length === 0) {
            this.destroy();
        }
    }

    private destroy(): void {
        for (const m of this.mappings) {
            fput(this.k, m.file);
        }
        this.mappings.clear();
    }

    /** Pins the folios of a mapping and enters them into the tables (iopt_area_fill_domains()). */
    private enter(domain: Domain, m: Mapping): Mapping | Err {
        const { k } = this;
        const list = memfdPinFolios(k, m.file, m.offset, m.offset + m.length - 1);
        if (list instanceof Err) {
            return list;
        }
        const runs: Area[] = [];
        for (let i = 0, at = m.offset; i < list.length; i++) {
            const head = list.pfn(i);
            const size = PAGE_SIZE * 2 ** k.memmap.orderOf(head);
            // the first and the last folio may be covered in part
            const skip = at % size;
            const length = Math.min(size - skip, m.offset + m.length - at);
            const pa = head * PAGE_SIZE + skip;
            const owner = k.memmap.ownerOf(head);
            const last = runs.at(-1);
            if (last && last.pa + last.length === pa && last.owner === owner) {
                runs[runs.length - 1] = { ...last, length: last.length + length };
            } else {
                runs.push({ iova: m.iova + at - m.offset, pa, length, owner });
            }
            at += length;
        }
        if (!domain.map(runs)) {
            unpinFolios(k, list);
            return ENOMEM;
        }
        return { ...m, pinned: list };
    }

    /** Takes a mapping out of the tables and unpins its folios. */
    private leave(m: Mapping): void {
        this.domain?.unmap(m);
        if (m.pinned) {
            unpinFolios(this.k, m.pinned);
        }
    }

    display(): string {
        return `I/O address space ${this.id}, ${this.mappings.length === 1 ? '1 mapping' : `${this.mappings.length} mappings`}`;
    }

    hash(hasher: Hasher): void {
        hasher.num(this.id).u32(this.devices.length).u32(this.orphaned ? 1 : 0);
        this.domain?.hash(hasher);
        for (const m of this.mappings) {
            hasher.num(m.iova).num(m.length).num(m.offset).num(m.file.id).num(m.pinned?.length ?? -1);
        }
    }
}

/** What an open /dev/iommu has. */
export class Iommufd extends Rec {
    readonly spaces: Seq<Ioas>;

    constructor(private readonly k: Kernel) {
        super(k.journal);
        this.spaces = new Seq(k.journal);
    }

    /** IOMMU_IOAS_ALLOC. Object numbers begin at 1. */
    allocate(): Ioas {
        const ioas = new Ioas(this.k, this.spaces.length + 1);
        this.spaces.push(ioas);
        return ioas;
    }

    close(): void {
        for (const ioas of this.spaces) {
            ioas.closed();
        }
    }
}

const iommuOps: FileOps = {
    positioned: true,
    release: (_k, file) => {
        if (file.priv instanceof Iommufd) {
            file.priv.close();
        }
    },
};

export const IOMMU_PATH = '/dev/iommu';

export function openIommufd(k: Kernel, flags: number): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'chardev', S_IFCHR + 0o600);
    const file = allocFile(k, 'iommu', iommuOps, inode, flags, IOMMU_PATH);
    k.journal.edit(file).priv = new Iommufd(k);
    return file;
}
