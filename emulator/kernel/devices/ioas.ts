/** I/O address spaces to which user space maps memory (drivers/iommu/iommufd/io_pagetable.c, ioas.c). */
import type { Area, Device } from '../../machine/devices/device';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord, JournaledList } from '../../machine/journal';
import { err, Err } from '../release/errno';
import { F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK } from '../fs/fcntl';
import { fput, getFile, type OpenFile } from '../fs/file';
import { FolioList } from '../mm/file-folios';
import { getSeals, memfdPinFolios, unpinFolios } from '../fs/memfd';
import type { BoundDevice, IommufdEnv } from './bound';
import { type Domain, MSI_START } from './domain';
import { Hwpt } from './hwpt';
import type { Iommufd } from './iommufd';

const EBUSY = err('EBUSY');
const EINVAL = err('EINVAL');
const ENOENT = err('ENOENT');
const EEXIST = err('EEXIST');
const ENOMEM = err('ENOMEM');
/** 48-bit addresses. */
const IOVA_END = 2 ** 48;
const MSI_LENGTH = 0x10_0000;
/** Seals under which neither size nor pages of a memfd can change. */
const FIXED = F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK;

/** A mapping of IOMMU_IOAS_MAP_FILE: a piece of a memfd, or of the memory of a device, at an address. Bytes. */
export interface Mapping {
    readonly iova: number;
    readonly length: number;
    readonly file: OpenFile;
    readonly offset: number;
    /** The file was sealed against every change of its size when it was mapped. */
    readonly sealed: boolean;
    /** The device whose memory the file stands for; null: it is a memfd. */
    readonly peer: Device | null;
    /** The folios, pinned while there is a domain. */
    readonly pinned: FolioList | null;
}

export class Ioas extends JournaledRecord {
    readonly mappings: JournaledList<Mapping>;
    /** The hardware page tables with its mappings. The pins are dropped with the last one. */
    readonly hwpts: JournaledList<Hwpt>;
    /** The descriptor of /dev/iommu is closed: the address space is freed with its last device. */
    readonly orphaned: boolean = false;

    constructor(
        private readonly k: IommufdEnv,
        readonly iommufd: Iommufd,
        readonly id: number,
    ) {
        super(k.journal);
        this.mappings = new JournaledList(k.journal);
        this.hwpts = new JournaledList(k.journal);
    }

    /** A part of it is preserved: it cannot change. */
    get immutable(): boolean {
        return this.hwpts.items.some((h) => h.preserved !== 0);
    }

    /** Devices attached to any of its domains. */
    get devices(): readonly BoundDevice[] {
        return this.hwpts.items.flatMap((h) => h.devices.items);
    }

    /**
     * IOMMU_IOAS_MAP_FILE.
     * @param peer the device whose memory is mapped; null: the file is a memfd
     * @returns EINVAL, EBUSY (preserved), EEXIST, ENOMEM, or why the folios cannot be pinned
     */
    map(file: OpenFile, iova: number, length: number, offset: number, peer: Device | null = null): undefined | Err {
        const { size } = this.k.page;
        if (
            length <= 0 ||
            iova < 0 ||
            offset < 0 ||
            iova % size !== 0 ||
            length % size !== 0 ||
            offset % size !== 0 ||
            iova + length > IOVA_END
        ) {
            return EINVAL;
        }
        if (peer && offset + length > (peer.memory?.size ?? 0)) {
            return EINVAL;
        }
        if (iova < MSI_START + MSI_LENGTH && MSI_START < iova + length) {
            return EINVAL;
        }
        if (this.immutable) {
            return EBUSY;
        }
        if (this.mappings.items.some((m) => m.iova < iova + length && iova < m.iova + m.length)) {
            return EEXIST;
        }
        const seals = getSeals(file);
        const wanted: Mapping = {
            iova,
            length,
            file,
            offset,
            sealed: typeof seals === 'number' && (seals & FIXED) === FIXED,
            peer,
            pinned: null,
        };
        const mapping =
            this.hwpts.length > 0
                ? this.enter(
                      this.hwpts.items.map((h) => h.domain),
                      wanted,
                  )
                : wanted;
        if (mapping instanceof Err) {
            return mapping;
        }
        getFile(this.k, file);
        this.mappings.push(mapping);
        return undefined;
    }

    /**
     * IOMMU_IOAS_UNMAP.
     * @returns EBUSY (preserved), ENOENT if nothing is mapped, or if only a part of a mapping would be removed
     */
    unmap(iova: number, length: number): undefined | Err {
        if (this.immutable) {
            return EBUSY;
        }
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

    /**
     * Attaches a device to an automatic hardware page table, which is created with the first such device; the first
     * table of all also pins the memory.
     * @returns EBUSY (a part of it is preserved), ENOMEM, or why folios cannot be pinned
     */
    attach(b: BoundDevice): undefined | Err {
        const known = this.hwpts.items.find((h) => h.automatic);
        const hwpt = known ?? this.allocate(0);
        if (hwpt instanceof Err) {
            return hwpt;
        }
        const failed = hwpt.attach(b);
        if (failed && !known) {
            this.drop(hwpt);
        }
        return failed;
    }

    /**
     * A hardware page table with all of its mappings.
     * @param id its number; 0: an automatic one
     * @returns ENOMEM, or why folios cannot be pinned
     */
    allocate(id: number): Hwpt | Err {
        const { k } = this;
        const domain = k.devices.newDomain(
            'paging',
            id === 0 ? `I/O address space ${this.id}` : `I/O address space ${this.id}, hardware page table ${id}`,
        );
        if (!domain.prepare()) {
            return ENOMEM;
        }
        for (const [i, m] of this.mappings.items.entries()) {
            const entered = this.enter([domain], m);
            if (entered instanceof Err) {
                this.discard(domain);
                return entered;
            }
            this.mappings.set(i, entered);
        }
        const hwpt = new Hwpt(k, id, this, domain, id === 0);
        this.hwpts.push(hwpt);
        return hwpt;
    }

    /**
     * Adopts a domain with exactly the mappings of this address space.
     * @returns EINVAL if its mappings differ, ENOMEM, or why folios cannot be pinned
     */
    adopt(hwpt: Hwpt): undefined | Err {
        const { k } = this;
        const runs: Area[] = [];
        const pinned: FolioList[] = [];
        let failed: Err | undefined;
        for (const m of this.mappings) {
            const list = this.pin(m);
            if (list instanceof Err) {
                failed = list;
                break;
            }
            pinned.push(list);
            runs.push(...this.runsOf(m, list));
        }
        const wrong = failed ?? (sameMemory(runs, hwpt.domain.areas) ? undefined : EINVAL);
        if (wrong) {
            for (const [i, list] of pinned.entries()) {
                if (!this.mappings.items[i]?.pinned) {
                    unpinFolios(k, list);
                }
            }
            return wrong;
        }
        for (const [i, m] of this.mappings.items.entries()) {
            this.mappings.set(i, { ...m, pinned: pinned[i] ?? null });
        }
        hwpt.domain.replaceAreas(runs);
        k.journal.edit(hwpt).ioas = this;
        this.hwpts.push(hwpt);
        return undefined;
    }

    /** Frees a hardware page table without attached devices. */
    drop(hwpt: Hwpt): void {
        this.hwpts.remove(hwpt);
        this.discard(hwpt.domain);
        if (this.orphaned && this.hwpts.length === 0) {
            this.destroy();
        }
    }

    /** Frees a domain, and pins that no other domain needs. */
    private discard(domain: Domain): void {
        for (const [i, m] of this.mappings.items.entries()) {
            domain.unmap(m);
            if (this.hwpts.length === 0 && m.pinned) {
                unpinFolios(this.k, m.pinned);
                this.mappings.set(i, { ...m, pinned: null });
            }
        }
        this.k.devices.destroyDomain(domain);
    }

    /** The descriptor of /dev/iommu is closed. */
    closed(): void {
        this.k.journal.edit<Ioas>(this).orphaned = true;
        for (const hwpt of [...this.hwpts]) {
            if (hwpt.devices.length === 0) {
                this.drop(hwpt);
            }
        }
        if (this.hwpts.length === 0) {
            this.destroy();
        }
    }

    private destroy(): void {
        for (const m of this.mappings) {
            fput(this.k, m.file);
        }
        this.mappings.clear();
    }

    /** Memory of a device has no folios. */
    private pin(m: Mapping): FolioList | Err {
        return (
            m.pinned ??
            (m.peer ? new FolioList(this.k.page) : memfdPinFolios(this.k, m.file, m.offset, m.offset + m.length - 1))
        );
    }

    /** Pins the folios of a mapping, if they are not pinned, and enters them into tables (iopt_area_fill_domains()). */
    private enter(domains: readonly Domain[], m: Mapping): Mapping | Err {
        const { k } = this;
        const list = this.pin(m);
        if (list instanceof Err) {
            return list;
        }
        const runs = this.runsOf(m, list);
        for (const [i, domain] of domains.entries()) {
            if (!domain.map(runs)) {
                for (const done of domains.slice(0, i)) {
                    done.unmap(m);
                }
                if (!m.pinned) {
                    unpinFolios(k, list);
                }
                return ENOMEM;
            }
        }
        return { ...m, pinned: list };
    }

    /** The memory of a mapping, in as few pieces as possible. */
    private runsOf(m: Mapping, list: FolioList): Area[] {
        const { memmap, page } = this.k;
        if (m.peer?.memory) {
            return [{ iova: m.iova, pa: m.peer.memory.bar + m.offset, length: m.length, owner: 0 }];
        }
        const runs: Area[] = [];
        let begin = m.offset;
        let start = 0;
        let end = -1;
        let whose = -1;
        let at = m.offset;
        const flush = (): void => {
            if (at > begin) {
                runs.push({ iova: m.iova + begin - m.offset, pa: start, length: at - begin, owner: whose });
            }
        };
        for (let i = 0; i < list.length; i++) {
            const head = list.pfn(i);
            const size = page.size * 2 ** memmap.orderOf(head);
            // the first and the last folio may be covered only partly
            const skip = at % size;
            const length = Math.min(size - skip, m.offset + m.length - at);
            const pa = head * page.size + skip;
            const owner = memmap.ownerOf(head);
            if (pa !== end || owner !== whose) {
                flush();
                begin = at;
                start = pa;
                whose = owner;
            }
            end = pa + length;
            at += length;
        }
        flush();
        return runs;
    }

    /** Removes a mapping from the tables and unpins its folios. */
    private leave(m: Mapping): void {
        for (const hwpt of this.hwpts) {
            hwpt.domain.unmap(m);
        }
        if (m.pinned) {
            unpinFolios(this.k, m.pinned);
        }
    }

    display(): string {
        return `I/O address space ${this.id}, ${this.mappings.length === 1 ? '1 mapping' : `${this.mappings.length} mappings`}`;
    }

    hash(hasher: Hasher): void {
        hasher
            .num(this.id)
            .u32(this.orphaned ? 1 : 0)
            .u32(this.hwpts.length);
        for (const h of this.hwpts) {
            h.hash(hasher);
        }
        for (const m of this.mappings) {
            hasher
                .num(m.iova)
                .num(m.length)
                .num(m.offset)
                .num(m.file.id)
                .num(m.pinned?.length ?? -1)
                .u32(m.sealed ? 1 : 0)
                .str(m.peer?.shape.name ?? '');
        }
    }
}

/** Two lists map the same memory at the same addresses, regardless of how it is divided. */
function sameMemory(one: readonly Area[], other: readonly Area[]): boolean {
    const joined = (areas: readonly Area[]): string => {
        const all: { iova: number; pa: number; length: number }[] = [];
        for (const a of [...areas].sort((x, y) => x.iova - y.iova)) {
            const last = all.at(-1);
            if (last && last.iova + last.length === a.iova && last.pa + last.length === a.pa) {
                last.length += a.length;
            } else {
                all.push({ iova: a.iova, pa: a.pa, length: a.length });
            }
        }
        return all.map((a) => `${a.iova} ${a.pa} ${a.length}`).join();
    };
    return joined(one) === joined(other);
}
