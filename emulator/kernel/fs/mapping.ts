/** Mappings of files in the memory of a process (mm/mmap.c, mm/mprotect.c, mm/memory.c). */
import { type Bytes, BytesBuilder } from '../../machine/bytes';
import { plus, quotient, rest, times, type Int } from '../../machine/int';
import { type Journal, type JournaledList, JournaledMap, JournaledRecord } from '../../machine/journal';
import { HugetlbInode, hugePageThere } from '../hugetlb/inode';
import { sizeText } from '../../text/text';
import { Err, err } from '../release/errno';
import type { KernelCore } from './core';
import { PROT_NONE, PROT_WRITE } from './fcntl';
import { fput, type OpenFile } from './file';
import { ShmemInode } from './shmem';

const EACCES = err('EACCES');
const EFAULT = err('EFAULT');
const ENOMEM = err('ENOMEM');

/** What a mapping was made with. */
export interface MappingOptions {
    /** In bytes, a multiple of a page. */
    readonly offset: Int;
    /** In bytes, rounded up to whole pages. */
    readonly length: number;
    readonly prot: number;
    /** MAP_SHARED, otherwise MAP_PRIVATE. */
    readonly shared: boolean;
    /** VM_MAYWRITE: mprotect() may make it writable. */
    readonly mayWrite: boolean;
}

/** A mapping (struct vm_area_struct), which holds a reference to its file. */
export class Mapping extends JournaledRecord {
    readonly prot: number;
    /** False after munmap(), and at the end of its process. */
    readonly mapped: boolean = true;
    readonly offset: Int;
    readonly length: number;
    readonly shared: boolean;
    readonly mayWrite: boolean;
    /** The pages of its own that a private mapping has, since they were written: by page of the file. */
    readonly own: JournaledMap<number, number>;

    constructor(
        journal: Journal,
        /** Where it belongs: the mappings of its process. */
        readonly space: JournaledList<Mapping>,
        readonly file: OpenFile,
        { offset, length, prot, shared, mayWrite }: MappingOptions,
    ) {
        super(journal);
        this.offset = offset;
        this.length = length;
        this.prot = prot;
        this.shared = shared;
        this.mayWrite = mayWrite;
        this.own = new JournaledMap(journal);
    }

    display(): string {
        const access = this.prot === PROT_NONE ? 'no access' : this.prot & PROT_WRITE ? 'writable' : 'readable';
        return `${this.shared ? 'shared' : 'private'}, ${access}: ${sizeText(this.length)} at ${this.offset} of ${this.file.display()}`;
    }

    /** Whether it has memory of its own where it is written: if it is private, or of /dev/zero (shmem_zero_setup()). */
    get copies(): boolean {
        return !this.shared || this.file.ops.store === undefined;
    }

    /** Whether it counts among the writable mappings of its file (i_mmap_writable): VM_SHARED with VM_MAYWRITE. */
    get counts(): boolean {
        return this.shared && this.mayWrite;
    }
}

/** Adds to the writable mappings of a file in memory. */
export function countWritable(k: KernelCore, { inode }: OpenFile, by: 1 | -1): void {
    if (inode instanceof ShmemInode || inode instanceof HugetlbInode) {
        k.journal.edit<ShmemInode | HugetlbInode>(inode).writableMaps += by;
    }
}

/** munmap(2) of a whole mapping. The file is released at the return to user mode, if this was its last reference. */
export function unmap(k: KernelCore, mapping: Mapping): void {
    if (!mapping.mapped) {
        return;
    }
    const { file } = mapping;
    mapping.space.remove(mapping);
    k.journal.edit<Mapping>(mapping).mapped = false;
    if (mapping.counts) {
        countWritable(k, file, -1);
    }
    for (const pfn of mapping.own.values()) {
        k.folios.put(pfn);
    }
    if (file.inode instanceof HugetlbInode && !mapping.shared) {
        file.inode.pool.unreserve(mapping.length / file.inode.pool.size - mapping.own.size);
    }
    mapping.own.clear();
    fput(k, file);
}

/** mprotect(2) of a whole mapping. ENOMEM if it was unmapped, EACCES if it may not become writable. */
export function protect(k: KernelCore, mapping: Mapping, prot: number): 0 | Err {
    if (!mapping.mapped) {
        return ENOMEM;
    }
    if (prot & PROT_WRITE && !mapping.mayWrite) {
        return EACCES;
    }
    k.journal.edit<Mapping>(mapping).prot = prot;
    return 0;
}

/** Whether the process gets a signal instead of access to these bytes of a mapping. */
function faults({ mapped, length }: Mapping, at: Int, bytes: Int): boolean {
    return !mapped || at < 0 || plus(at, bytes) > length;
}

/**
 * Reads from a mapping. Writable memory is readable too. EFAULT stands for SIGSEGV (outside of it, no access) and
 * SIGBUS (beyond the end of the file, no memory).
 * @param at bytes from its start
 */
export function load(k: KernelCore, mapping: Mapping, at: Int, length: number): Bytes | Err {
    const { file, own, offset, prot } = mapping;
    if (faults(mapping, at, length) || prot === PROT_NONE) {
        return EFAULT;
    }
    if (!mapping.copies || (own.size === 0 && !(file.inode instanceof HugetlbInode))) {
        return file.ops.load?.(k, file, plus(offset, at), length) ?? EFAULT;
    }
    const out = new BytesBuilder();
    for (const part of parts(k, mapping, at, length)) {
        const bytes = loadPart(k, mapping, part);
        if (bytes instanceof Err) {
            return bytes;
        }
        out.append(bytes);
    }
    return out.build();
}

/** Reads a part of a page of a private mapping: its own page, or that of the file. */
function loadPart(k: KernelCore, mapping: Mapping, { page, inside, from, length }: Part): Bytes | Err {
    const { file, own } = mapping;
    const { inode } = file;
    if (isBeyond(k, mapping, page)) {
        return EFAULT;
    }
    // a hole of a file of huge pages gets a page in the mapping, not in the file (hugetlb_no_page())
    const pfn =
        own.get(page) ??
        (inode instanceof HugetlbInode && !hugePageThere(inode, page) ? copyPage(k, mapping, page) : undefined);
    if (pfn instanceof Err) {
        return pfn;
    }
    return pfn === undefined
        ? (file.ops.load?.(k, file, from, length) ?? EFAULT)
        : k.memory.readBytes(pfn * k.page.size + inside, length);
}

/**
 * Writes through a mapping; the first write to a page of a private one copies it. Errors as for {@link load}; what
 * comes before the fault is written.
 */
export function store(k: KernelCore, mapping: Mapping, at: Int, data: Bytes): 0 | Err {
    const { file, offset, prot } = mapping;
    if (faults(mapping, at, data.length) || !(prot & PROT_WRITE)) {
        return EFAULT;
    }
    if (data.length === 0) {
        return 0;
    }
    if (!mapping.copies) {
        return file.ops.store?.(k, file, plus(offset, at), data) ?? EFAULT;
    }
    let done = 0;
    for (const part of parts(k, mapping, at, data.length)) {
        const pfn = isBeyond(k, mapping, part.page)
            ? EFAULT
            : (mapping.own.get(part.page) ?? copyPage(k, mapping, part.page));
        if (pfn instanceof Err) {
            return pfn;
        }
        k.memory.writeBytes(pfn * k.page.size + part.inside, data.slice(done, done + part.length));
        done += part.length;
    }
    return 0;
}

interface Part {
    /** The page of the file. */
    readonly page: number;
    readonly inside: number;
    readonly from: Int;
    readonly length: number;
}

/** The pages of the file that a range of a mapping consists of. */
function parts(k: KernelCore, mapping: Mapping, at: Int, length: number): Part[] {
    const size = pageSize(k, mapping);
    const all: Part[] = [];
    for (let done = 0; done < length; ) {
        const from = plus(mapping.offset, plus(at, done));
        const inside = rest(from, size);
        const n = Math.min(size - inside, length - done);
        all.push({ page: quotient(from, size), inside, from, length: n });
        done += n;
    }
    return all;
}

/** Whether a page is beyond the end of its file, where an access raises SIGBUS. */
function isBeyond(k: KernelCore, mapping: Mapping, page: number): boolean {
    const { inode } = mapping.file;
    return inode.isRegular && times(page, pageSize(k, mapping)) >= inode.size;
}

function pageSize({ page }: KernelCore, { file: { inode } }: Mapping): number {
    return inode instanceof HugetlbInode ? inode.pool.size : page.size;
}

/** Copies a page of the file for a private mapping (do_cow_fault()). EFAULT beyond the end, and without memory. */
function copyPage(k: KernelCore, mapping: Mapping, page: number): number | Err {
    const { inode, ops } = mapping.file;
    const size = pageSize(k, mapping);
    const from = times(page, size);
    // a hole of a file of huge pages stays one
    const content = (inode instanceof HugetlbInode ? ops.read : ops.load)?.(k, mapping.file, from, size) ?? EFAULT;
    if (content instanceof Err) {
        return content;
    }
    const pfn =
        inode instanceof HugetlbInode
            ? inode.pool.take(true)
            : k.folios.alloc(0, { owner: k.owners.id('private memory of a process') });
    if (pfn instanceof Err || pfn < 0) {
        return EFAULT;
    }
    k.memory.writeBytes(pfn * k.page.size, content);
    k.journal.edit<Mapping>(mapping).own.set(page, pfn);
    return pfn;
}
