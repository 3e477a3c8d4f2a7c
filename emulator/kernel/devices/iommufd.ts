/** /dev/iommu: the objects of an open one (drivers/iommu/iommufd/main.c). */
import type { Hasher } from '../../machine/hash';
import type { Int } from '../../machine/int';
import { JournaledRecord, JournaledList } from '../../machine/journal';
import { err, Err } from '../release/errno';
import { S_IFCHR } from '../fs/fcntl';
import { allocFile, type FileOps, type OpenFile } from '../fs/file';
import { Inode } from '../fs/inode';
import { fget, fgetPriv, type Process } from '../fs/process';
import type { BoundDevice, IommufdEnv } from './bound';
import { Hwpt } from './hwpt';
import { Ioas } from './ioas';

/** The objects of an open /dev/iommu. */
export class Iommufd extends JournaledRecord {
    readonly spaces: JournaledList<Ioas>;
    /** Objects of the handover that were not adopted. */
    readonly incoming: JournaledList<Hwpt>;
    /** What the ioctls of a container work on (vfio_compat.c): there is one after a group was given to it. */
    readonly compat: Ioas | null = null;
    /** Objects are numbered from 1 on. */
    readonly nextId: number = 1;

    constructor(
        private readonly k: IommufdEnv,
        readonly file: OpenFile,
    ) {
        super(k.journal);
        this.spaces = new JournaledList(k.journal);
        this.incoming = new JournaledList(k.journal);
    }

    /** All hardware page tables that user space can address. */
    get hwpts(): readonly Hwpt[] {
        return [...this.incoming, ...this.spaces.items.flatMap((s) => s.hwpts.items.filter((h) => !h.automatic))];
    }

    /** Those that are marked for the next kernel, in the order of their numbers. */
    get marked(): readonly Hwpt[] {
        return this.hwpts.filter((h) => h.token !== null && !h.incoming).sort((a, b) => a.id - b.id);
    }

    /** IOMMU_IOAS_ALLOC. */
    allocate(): Ioas {
        const ioas = new Ioas(this.k, this, this.newId());
        this.spaces.push(ioas);
        return ioas;
    }

    /** IOMMU_VFIO_IOAS_SET and IOMMU_VFIO_IOAS_CLEAR. @returns ENOENT for the address space of another iommufd */
    setCompat(space: Ioas | null): undefined | Err {
        if (space && space.iommufd !== this) {
            return err('ENOENT');
        }
        this.k.journal.edit<Iommufd>(this).compat = space;
        return undefined;
    }

    /** iommufd_vfio_compat_ioas_create() */
    ensureCompat(): void {
        this.k.journal.edit<Iommufd>(this).compat = this.compat ?? this.allocate();
    }

    /**
     * IOMMU_HWPT_ALLOC for a device.
     * @returns ENOENT (the device is not bound to this iommufd), ENOMEM, or why folios cannot be pinned
     */
    allocateHwpt(ioas: Ioas, b: BoundDevice): Hwpt | Err {
        return b.iommufd === this ? ioas.allocate(this.newId()) : err('ENOENT');
    }

    /**
     * See {@link Hwpt.mark}.
     * @returns EINVAL (already marked, or from the previous kernel), EADDRINUSE (token taken)
     */
    mark(hwpt: Hwpt, token: Int): undefined | Err {
        if (hwpt.token !== null) {
            return err('EINVAL');
        }
        if (this.hwpts.some((h) => !h.incoming && h.token === token)) {
            return err('EADDRINUSE');
        }
        this.k.journal.edit(hwpt).token = token;
        return undefined;
    }

    /**
     * Makes the restored domain with this topmost table a hardware page table with a token.
     * @returns ENOENT
     */
    receive(top: number, token: Int): undefined | Err {
        const { k } = this;
        const domain = k.devices.unit.restored.items.find((d) => d.root === top);
        if (!domain) {
            return err('ENOENT');
        }
        const hwpt = new Hwpt(k, this.newId(), null, domain, false);
        k.journal.edit(hwpt).token = token;
        this.incoming.push(hwpt);
        return undefined;
    }

    /** A hardware page table of the previous kernel by its token. @returns ENOENT */
    incomingOf(token: Int): Hwpt | Err {
        return this.incoming.items.find((h) => h.token === token) ?? err('ENOENT');
    }

    /** Frees a hardware page table of the previous kernel, with its tables and its id. */
    drop(hwpt: Hwpt): void {
        const { devices } = this.k;
        this.incoming.remove(hwpt);
        devices.unit.restored.remove(hwpt.domain);
        devices.destroyDomain(hwpt.domain, false);
    }

    /**
     * Makes the old domain one of an address space that maps the same memory.
     * @returns EINVAL, ENOMEM; ENODEV while a device that was preserved with the domain is not bound: it could not be
     * bound afterwards (the selftest iommufd_liveupdate_duo of the series)
     */
    reuse(hwpt: Hwpt, ioas: Ioas): undefined | Err {
        if (!hwpt.incoming || ioas.iommufd !== this) {
            return err('EINVAL');
        }
        const failed = hwpt.deviceCount > hwpt.devices.length ? err('ENODEV') : ioas.adopt(hwpt);
        if (!failed) {
            this.incoming.remove(hwpt);
            this.k.devices.unit.restored.remove(hwpt.domain);
            this.k.journal.edit(hwpt).token = null;
            for (const b of hwpt.devices) {
                this.k.journal.edit(b).inherited = null;
            }
        }
        return failed;
    }

    private newId(): number {
        return this.k.journal.edit<Iommufd>(this).nextId++;
    }

    close(): void {
        for (const ioas of this.spaces) {
            ioas.closed();
        }
    }

    hash(hasher: Hasher): void {
        hasher.num(this.nextId).num(this.compat?.id ?? 0);
        for (const s of this.spaces) {
            s.hash(hasher);
        }
        for (const h of this.incoming) {
            h.hash(hasher);
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

/** The objects of the open /dev/iommu of a descriptor. @returns EBADF; ENOTTY for other files */
export function iommufdOf(p: Process, fd: number): Iommufd | Err {
    return fgetPriv(p, fd, Iommufd);
}

/** iommufd_ctx_from_fd(): the same, for an argument. @returns EBADF; EBADFD for other files */
export function iommufdFrom(p: Process, fd: number): Iommufd | Err {
    const file = fget(p, fd);
    return file instanceof Err ? file : file.priv instanceof Iommufd ? file.priv : err('EBADFD');
}

export const IOMMU_PATH = '/dev/iommu';

export function openIommufd(k: IommufdEnv, flags: number): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'chardev', S_IFCHR + 0o600);
    const file = allocFile(k, 'iommu', iommuOps, inode, flags, IOMMU_PATH);
    k.journal.edit(file).priv = new Iommufd(k, file);
    return file;
}
