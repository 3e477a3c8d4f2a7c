/**
 * guest_memfd: memory that belongs to one virtual machine and is used through its memory slots
 * (virt/kvm/guest_memfd.c). It has no read and write; user space can map it if it was created so, and where it is
 * shared with the host.
 */
import { anonOps } from '../fs/anon';
import type { KernelCore } from '../fs/core';
import type { PageGeometry } from '../../machine/arch';
import { err, Err } from '../release/errno';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, O_LARGEFILE, O_RDWR, S_IFREG } from '../fs/fcntl';
import { allocFile, type FileOps, type OpenFile } from '../fs/file';
import { DIRTY_AND_UPTODATE, dropFromCache, FolioList, setFlags } from '../mm/file-folios';
import { Inode } from '../fs/inode';
import { PageCache } from '../fs/pagecache';
import { fget, installFd, type Process } from '../fs/process';
import type { VirtualMachine } from './vm';
import { type Bytes, BytesBuilder } from '../../machine/bytes';
import { type Int, plus, quotient, rest } from '../../machine/int';
import { offsetOf } from '../fs/offset';

/** GUEST_MEMFD_FLAG_MMAP, GUEST_MEMFD_FLAG_INIT_SHARED (include/uapi/linux/kvm.h). */
export const GUEST_MEMFD_FLAG_MMAP = 1;
export const GUEST_MEMFD_FLAG_INIT_SHARED = 2;
const ALL_FLAGS = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;

const EINVAL = err('EINVAL');
const EPERM = err('EPERM');
const ENOMEM = err('ENOMEM');
const EOPNOTSUPP = err('EOPNOTSUPP');

/** Page offsets [from, to). */
interface Pages {
    readonly from: number;
    readonly to: number;
}

/** A guest_memfd as seen by its handler: its inode, without the properties of all inodes. */
export class GuestMemfd {
    constructor(readonly inode: GuestMemfdInode) {}

    display(): string {
        return `guest_memfd of ${this.inode.vm.name}`;
    }
}

export class GuestMemfdInode extends Inode {
    readonly memory = new GuestMemfd(this);
    readonly cache: PageCache;
    /** Its pages are fixed: none is added or freed (only with the layer `guest_memfd`). */
    readonly frozen: boolean = false;
    /**
     * Ranges that were converted: private ones of memory that was created shared, shared ones of other memory.
     * Ascending and disjoint. Replaced, never changed in place.
     */
    readonly converted: readonly Pages[] = [];
    /** Page offsets of pages with a hardware error. Replaced, never changed in place. */
    readonly poisoned: readonly number[] = [];

    constructor(
        { journal, page }: Pick<KernelCore, 'journal' | 'page'>,
        ino: number,
        readonly flags: number,
        readonly owner: number,
        readonly vm: VirtualMachine,
    ) {
        super(journal, ino, 'gmem', S_IFREG);
        this.cache = new PageCache(journal, page);
    }

    private get createdShared(): boolean {
        return (this.flags & GUEST_MEMFD_FLAG_INIT_SHARED) !== 0;
    }

    /** Created as shared memory, without conversions. */
    get shared(): boolean {
        return this.createdShared && this.converted.length === 0;
    }

    /** Whether the host may map the page at a page offset. */
    isShared(index: number): boolean {
        return this.createdShared !== this.converted.some((p) => index >= p.from && index < p.to);
    }

    override get blocks(): number {
        return this.cache.blocks;
    }

    override evict(k: KernelCore): void {
        if (this.opens === 0) {
            this.drop(k, 0, Infinity);
        }
    }

    /** Frees the pages [first, last]. */
    drop(k: KernelCore, first: number, last: number): void {
        for (
            let index = this.cache.next(first, last);
            index >= 0;
            index = index < last ? this.cache.next(index + 1, last) : -1
        ) {
            const page = this.cache.at(index);
            this.cache.remove(index, 0);
            this.vm.reclaim(page * k.page.size);
            dropFromCache(k, page);
        }
    }

    /**
     * The page at a page offset, allocated if it is missing (kvm_gmem_get_folio()).
     * @returns EINVAL beyond the end, EPERM if the file is frozen, ENOMEM
     */
    page(k: KernelCore, index: number): number | Err {
        if (offsetOf(k, index) >= this.size) {
            return EINVAL;
        }
        const known = this.cache.at(index);
        if (known >= 0) {
            return known;
        }
        if (this.frozen) {
            return EPERM;
        }
        const page = k.pages.alloc(0, { owner: this.owner, zero: true });
        if (page < 0) {
            return ENOMEM;
        }
        setFlags(k.memmap, page, DIRTY_AND_UPTODATE);
        k.memmap.setIndex(page, index);
        this.cache.insert(index, page, 0);
        return page;
    }

    /** KVM_SET_MEMORY_ATTRIBUTES of a part of it. Bytes. @returns EPERM if it is frozen */
    convert(k: KernelCore, offset: number, length: number, isPrivate: boolean): undefined | Err {
        if (this.frozen) {
            return EPERM;
        }
        const part = { from: offset / k.page.size, to: (offset + length) / k.page.size };
        const others = this.converted.flatMap((p) =>
            [
                { from: p.from, to: Math.min(p.to, part.from) },
                { from: Math.max(p.from, part.to), to: p.to },
            ].filter((x) => x.from < x.to),
        );
        k.journal.edit<GuestMemfdInode>(this).converted = (
            isPrivate === this.createdShared ? [...others, part] : others
        ).sort((a, b) => a.from - b.from);
        return undefined;
    }

    /** Its pages in order, without the holes. */
    folios(page: PageGeometry): FolioList {
        const list = new FolioList(page);
        for (let index = this.cache.next(0, Infinity); index >= 0; index = this.cache.next(index + 1, Infinity)) {
            list.push(this.cache.at(index));
        }
        return list;
    }

    /**
     * memory_failure(): the page at a page offset has a hardware error, and guests that touch it get an error.
     * @returns ENOENT if there is no page
     */
    poison(k: KernelCore, index: number): undefined | Err {
        if (this.cache.at(index) < 0) {
            return err('ENOENT');
        }
        k.journal.edit<GuestMemfdInode>(this).poisoned = [...new Set([...this.poisoned, index])].sort((a, b) => a - b);
        this.vm.space.unmap(this, index * k.page.size, k.page.size);
        return undefined;
    }
}

const gmemOps: FileOps = {
    ...anonOps,
    truncate: () => EINVAL,
    // only shared mappings: EINVAL for a private one (kvm_gmem_mmap())
    mmap: (_k, file, { shared }) =>
        (gmemOf(file).flags & GUEST_MEMFD_FLAG_MMAP) === 0 ? err('ENODEV') : shared ? 0 : EINVAL,
    load: loadFrom,
    store: storeInto,
    fallocate(k, file, mode, offset, length) {
        const inode = gmemOf(file);
        if ((mode & FALLOC_FL_KEEP_SIZE) === 0 || (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0) {
            return EOPNOTSUPP;
        }
        const { size } = k.page;
        if (rest(offset, size) !== 0 || rest(length, size) !== 0) {
            return EINVAL;
        }
        if (inode.frozen) {
            return EPERM;
        }
        const first = quotient(offset, size);
        const end = first + quotient(length, size);
        if (mode & FALLOC_FL_PUNCH_HOLE) {
            inode.drop(k, first, end - 1);
            inode.vm.space.unmap(inode, first * size, (end - first) * size);
            return 0;
        }
        if (plus(offset, length) > inode.size) {
            return EINVAL;
        }
        for (let index = first; index < end; index++) {
            const page = inode.page(k, index);
            if (page instanceof Err) {
                return page;
            }
        }
        return 0;
    },
    // memory slots hold no reference: they have no memory then
    release: (_k, file) => gmemOf(file).vm.space.forget(file),
};

/**
 * Accesses a guest_memfd through a mapping (kvm_gmem_fault_user_mapping()), where the memory is shared with the host.
 * @returns EFAULT (SIGBUS) beyond the end, for private memory, for a write to a page that the RMP gives to a guest, for
 * a page with a hardware error, or for a missing page of a frozen file; the pages before it were accessed
 * @param writes whether the pages are written
 * @param access gets an address, the number of bytes there, and those done before
 */
function throughMapping(
    k: KernelCore,
    file: OpenFile,
    pos: Int,
    total: number,
    writes: boolean,
    access: (address: number, bytes: number, done: number) => void,
): 0 | Err {
    const inode = gmemOf(file);
    const { size } = k.page;
    for (let done = 0; done < total; ) {
        const at = plus(pos, done);
        const index = quotient(at, size);
        const skip = rest(at, size);
        const length = Math.min(size - skip, total - done);
        const page = inode.isShared(index) && !inode.poisoned.includes(index) ? inode.page(k, index) : EPERM;
        if (page instanceof Err) {
            return err('EFAULT');
        }
        if (writes && inode.vm.isPrivate(page * size)) {
            return err('EFAULT');
        }
        access(page * size + skip, length, done);
        done += length;
    }
    return 0;
}

function storeInto(k: KernelCore, file: OpenFile, pos: Int, data: Bytes): 0 | Err {
    return throughMapping(k, file, pos, data.length, true, (address, bytes, done) => {
        k.memory.writeBytes(address, data.slice(done, done + bytes));
    });
}

function loadFrom(k: KernelCore, file: OpenFile, pos: Int, length: number): Bytes | Err {
    const out = new BytesBuilder();
    const failed = throughMapping(k, file, pos, length, false, (address, bytes) => {
        out.append(gmemOf(file).vm.hostReads(address, bytes));
    });
    return failed === 0 ? out.build() : failed;
}

function gmemOf(file: OpenFile): GuestMemfdInode {
    if (!(file.inode instanceof GuestMemfdInode)) {
        throw new TypeError(`file ${file.id} (${file.kind}) is not a guest_memfd`);
    }
    return file.inode;
}

/** KVM_CREATE_GUEST_MEMFD: memory that belongs to a VM. @returns EINVAL (the size, flags) */
export function makeGuestMemfd(k: KernelCore, vm: VirtualMachine, size: number, flags: number): OpenFile | Err {
    if (size <= 0 || size % k.page.size !== 0 || flags < 0 || (flags & ~ALL_FLAGS) !== 0) {
        return EINVAL;
    }
    const inode = new GuestMemfdInode(
        k,
        k.ids.nextInode(k.journal),
        flags,
        k.owners.id(`guest_memfd of ${vm.name}`),
        vm,
    );
    const file = allocFile(k, 'guest_memfd', gmemOps, inode, O_RDWR | O_LARGEFILE, 'anon_inode:[kvm-gmem]');
    k.journal.edit<Inode>(inode).size = size;
    return file;
}

/** KVM_CREATE_GUEST_MEMFD of a process. @returns its descriptor; EMFILE, or the errors of {@link makeGuestMemfd} */
export function createGuestMemfd(
    k: KernelCore,
    p: Process,
    vm: VirtualMachine,
    size: number,
    flags: number,
): number | Err {
    const free = p.fds.unused(p.nofile);
    if (free instanceof Err) {
        return free;
    }
    const file = makeGuestMemfd(k, vm, size, flags);
    return file instanceof Err ? file : installFd(p, file, true);
}

/** The guest_memfd behind a descriptor. @returns EBADF; ENOTTY for other files */
export function guestMemfdOf(p: Process, fd: number): GuestMemfdInode | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    return file.inode instanceof GuestMemfdInode ? file.inode : err('ENOTTY');
}

/** Puts a restored page into a new guest_memfd. @returns EEXIST, EINVAL (no single page, beyond the end) */
export function addGuestPage(k: KernelCore, inode: GuestMemfdInode, pfn: number, index: number): 0 | Err {
    if (k.memmap.orderOf(pfn) !== 0 || offsetOf(k, index) >= inode.size) {
        return EINVAL;
    }
    if (inode.cache.at(index) >= 0) {
        return err('EEXIST');
    }
    k.folios.get(pfn);
    k.memmap.setOwner(pfn, inode.owner);
    k.memmap.setIndex(pfn, index);
    setFlags(k.memmap, pfn, DIRTY_AND_UPTODATE);
    inode.cache.insert(index, pfn, 0);
    return 0;
}
