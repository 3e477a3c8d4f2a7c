/** memfds: creation, seals, and pinning their memory (mm/memfd.c, mm/gup.c). */
import { costId } from '../../machine/costs';
import type { Int } from '../../machine/int';
import type { KernelCore } from './core';
import { Err, err } from '../release/errno';
import {
    F_ALL_SEALS,
    F_SEAL_EXEC,
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    MFD_ALLOW_SEALING,
    MFD_NOEXEC_SEAL,
    O_LARGEFILE,
    O_RDWR,
} from './fcntl';
import { allocFile, type OpenFile } from './file';
import { FolioList, folioOf, folioOrder } from '../mm/file-folios';
import { HugetlbInode, hugetlbOps, pinHugePages } from '../hugetlb/inode';
import type { HugePool, Hugetlb } from '../hugetlb/pool';
import type { Inode } from './inode';
import { moveToOrdinary } from './movable';
import type { Process } from './process';
import { pageOf } from './offset';
import { getFolio, makeShmemInode, ShmemInode } from './shmem';
import { shmemOps } from './shmem-file';

const PIN = costId('pin');

const EBUSY = err('EBUSY');
const EINVAL = err('EINVAL');
const ENODEV = err('ENODEV');
const ENOMEM = err('ENOMEM');
const EPERM = err('EPERM');

/** Maximum length of a memfd's name, in bytes. */
export const MFD_NAME_MAX = 249;

/** MFD_HUGE_SHIFT: position of the base-2 logarithm of a huge page's size in the flags. */
const MFD_HUGE_SHIFT = 2 ** 26;
/** What creating a memfd needs from a kernel. */
export interface MemfdEnv extends KernelCore {
    readonly hugetlb: Hugetlb;
}

/**
 * The pool selected by the flags of a MFD_HUGETLB memfd, by default that of the smallest huge pages. ENODEV: there are
 * no huge pages of this size.
 */
export function hugePoolOf(k: MemfdEnv, flags: number): HugePool | Err {
    const log2 = Math.floor(flags / MFD_HUGE_SHIFT) % 64;
    return (log2 === 0 ? k.hugetlb.pools[0] : k.hugetlb.poolOf(log2 - k.page.shift)) ?? ENODEV;
}

/**
 * A new memfd without a descriptor (memfd_alloc_file), as LUO creates one for a retrieved file. Mode 0777; the flags
 * MFD_NOEXEC_SEAL (0666, F_SEAL_EXEC, sealing allowed) and MFD_ALLOW_SEALING decide about seals.
 * @param name the file's name; memfd_create() puts `memfd:` before its argument
 * @param huge whether it is allocated in huge folios; default: as the kernel is configured
 */
export function memfdAllocFile(k: KernelCore, name: string, flags: number, huge?: boolean): OpenFile {
    const exec = (flags & MFD_NOEXEC_SEAL) === 0;
    const mode = exec ? 0o777 : 0o666;
    const seals = exec ? (flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL) : F_SEAL_EXEC;
    const shown = `/${name} (deleted)`;
    const inode = makeShmemInode(k, name.replace(/^memfd:/, ''), null, mode, 0, huge);
    k.journal.edit<ShmemInode>(inode).seals = seals;
    return allocFile(k, 'memfd', shmemOps, inode, O_RDWR | O_LARGEFILE, shown);
}

/** A new memfd of huge pages without a descriptor, of size 0. Mode and seals as for {@link memfdAllocFile}. */
export function hugetlbAllocFile(k: KernelCore, name: string, flags: number, pool: HugePool): OpenFile {
    const exec = (flags & MFD_NOEXEC_SEAL) === 0;
    const what = name.replace(/^memfd:/, '');
    const owner = k.owners.id(what === '' ? 'memfd' : `memfd ${what}`);
    const inode = new HugetlbInode(k, k.ids.nextInode(k.journal), exec ? 0o777 : 0o666, what, pool, owner);
    const i = k.journal.edit<HugetlbInode>(inode);
    i.nlink = 0;
    i.seals = exec ? (flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL) : F_SEAL_EXEC;
    return allocFile(k, 'memfd', hugetlbOps, inode, O_RDWR | O_LARGEFILE, `/${name} (deleted)`);
}

/** The same with pages of this many bytes. @returns ENODEV if there is no pool of them */
export function hugetlbFileOfSize(k: MemfdEnv, name: string, flags: number, size: number): OpenFile | Err {
    const pool = k.hugetlb.sized(size);
    return pool ? hugetlbAllocFile(k, name, flags, pool) : ENODEV;
}

/** Charges the pages of a file in memory to the cgroup of a process, if that has a limit. */
export function chargeTo(k: KernelCore, { inode }: OpenFile, { memcg, hugetlbLimits }: Process): void {
    const of = inode instanceof HugetlbInode ? (hugetlbLimits.get(inode.pool.size) ?? null) : memcg;
    if (of !== null && (inode instanceof ShmemInode || inode instanceof HugetlbInode)) {
        k.journal.edit<ShmemInode | HugetlbInode>(inode).memcg = of;
    }
}

/** Pages in the page cache of an inode; none for files outside of memory. */
export function cachedPages(inode: Inode): number {
    return sealable(inode)?.cache.pages ?? 0;
}

/** Whether the pages and the size of an inode are frozen. */
export function isFrozen(inode: Inode): boolean {
    return sealable(inode)?.frozen ?? false;
}

function sealable(inode: Inode): ShmemInode | HugetlbInode | undefined {
    return inode instanceof ShmemInode || inode instanceof HugetlbInode ? inode : undefined;
}

/** F_GET_SEALS: the F_SEAL_ bits; EINVAL for files without seals. */
export function getSeals({ inode }: Pick<OpenFile, 'inode'>): number | Err {
    return sealable(inode)?.seals ?? EINVAL;
}

/**
 * F_ADD_SEALS (memfd_add_seals). EPERM if the file is not open for writing, EINVAL for unknown seals and files without
 * seals, EPERM if F_SEAL_SEAL is set. If F_SEAL_WRITE is requested explicitly, there must be no writable mapping
 * (EBUSY) and no pin (EBUSY); the four seals that F_SEAL_EXEC implies on an executable file are added without that
 * check.
 */
export function addSeals(k: KernelCore, file: OpenFile, seals: number): 0 | Err {
    if (!file.writable) {
        return EPERM;
    }
    if (seals < 0 || seals > F_ALL_SEALS) {
        return EINVAL;
    }
    const inode = sealable(file.inode);
    if (!inode) {
        return EINVAL;
    }
    if (inode.seals & F_SEAL_SEAL) {
        return EPERM;
    }
    if (seals & F_SEAL_WRITE && !(inode.seals & F_SEAL_WRITE)) {
        if (inode.writableMaps > 0 || hasPins(k, inode)) {
            return EBUSY;
        }
        k.journal.edit<ShmemInode | HugetlbInode>(inode).writableMaps = -1;
    }
    let all = seals;
    if (seals & F_SEAL_EXEC && inode.mode & 0o111) {
        all |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
    }
    k.journal.edit<ShmemInode | HugetlbInode>(inode).seals = inode.seals | all;
    return 0;
}

/** memfd_wait_for_pins: whether a folio of the file has another user. */
function hasPins(k: KernelCore, inode: ShmemInode | HugetlbInode): boolean {
    for (let index = inode.cache.next(0, Infinity); index >= 0; ) {
        const page = inode.cache.at(index);
        const pfn = folioOf(k, page);
        if (k.memmap.pins(pfn) > 0) {
            return true;
        }
        index = inode.cache.next(index - (page - pfn) + 2 ** folioOrder(k, pfn), Infinity);
    }
    return false;
}

/**
 * Pins the folios of a memfd that cover the bytes `start` up to and including `end`, for an unlimited time
 * (memfd_pin_folios with FOLL_LONGTERM). Holes are filled with zeroed folios, and folios in CMA pageblocks (the next
 * kernel's scratch memory) are moved out first. EINVAL if it is no memfd or the range is beyond its size; ENOMEM, with
 * nothing pinned. Folios that were allocated for holes stay in either case.
 * @param holes `keep`: they are left out (the layer `sparse_memfd`)
 */
export function memfdPinFolios(
    k: KernelCore,
    file: OpenFile,
    start: Int,
    end: Int,
    holes: 'fill' | 'keep' = 'fill',
): FolioList | Err {
    const { inode } = file;
    if (
        !(inode instanceof ShmemInode || inode instanceof HugetlbInode) ||
        start < 0 ||
        start > end ||
        end >= inode.size
    ) {
        return EINVAL;
    }
    if (inode instanceof HugetlbInode) {
        return pinHugetlb(k, inode, start, end);
    }
    const first = pageOf(k, start);
    const last = pageOf(k, end);
    const list = new FolioList(k.page);
    const { cache } = inode;
    for (let index = first; index <= last; ) {
        if (holes === 'keep') {
            index = cache.next(index, last);
            if (index < 0) {
                break;
            }
        }
        let page = cache.at(index);
        let pfn = page < 0 ? -1 : k.memmap.headOf(page);
        if (pfn < 0 || k.memmap.isCma(pfn)) {
            const ready = makePinnable(k, inode, index);
            if (ready instanceof Err) {
                unpinFolios(k, list);
                return ready;
            }
            page = cache.at(index);
            pfn = ready;
        }
        const many = pinPages(k, inode, index, pfn, last);
        if (many > 0) {
            for (let i = 0; i < many; i++) {
                list.push(pfn + i);
            }
            index += many;
            continue;
        }
        k.clock.charge(PIN);
        k.folios.pin(pfn);
        list.push(pfn);
        index += pfn - page + 2 ** folioOrder(k, pfn);
    }
    return list;
}

/** The most folios that are pinned at once. */
const AT_ONCE = 1 << 15;

/**
 * Pins several folios of one page at once: those from page offset `index` on, if their page frames are consecutive from
 * `pfn` on and outside of CMA pageblocks.
 * @returns their number; 0 if they must be pinned one by one
 */
function pinPages(k: KernelCore, { cache }: ShmemInode, index: number, pfn: number, last: number): number {
    const { memmap, clock } = k;
    const most = Math.min(last - index + 1, AT_ONCE);
    const cached = cache.at(index) === pfn && memmap.orderOf(pfn) === 0 ? cache.runFrom(index, pfn, most) : 0;
    if (cached < 2 || memmap.cma.some((r) => r.start < pfn + cached && pfn < r.end)) {
        return 0;
    }
    const pinned = clock.mergesUnits([PIN], cached) ? memmap.pinPages(pfn, cached) : 0;
    clock.charge(PIN, pinned);
    return pinned;
}

function pinHugetlb(k: KernelCore, inode: HugetlbInode, start: Int, end: Int): FolioList | Err {
    const list = new FolioList(k.page);
    const failed = pinHugePages(k, inode, start, end, (pfn) => {
        k.clock.charge(PIN);
        list.push(pfn);
    });
    if (failed === 0) {
        return list;
    }
    unpinFolios(k, list);
    return failed;
}

/**
 * Fills a hole, and moves a folio out of CMA pageblocks; returns the folio that is then at `index`. If a folio cannot
 * be moved, the caller gets ENOMEM (mm/gup.c, migrate_longterm_unpinnable_folios()).
 */
function makePinnable(k: KernelCore, inode: ShmemInode, index: number): number | Err {
    const page = inode.cache.at(index);
    const pfn = page >= 0 ? folioOf(k, page) : getFolio(k, inode, index, 'cache');
    if (pfn instanceof Err || !k.memmap.isCma(pfn)) {
        return pfn;
    }
    const to = moveToOrdinary(k, inode, index);
    return to instanceof Err ? ENOMEM : to;
}

/** Unpins every folio of a list that {@link memfdPinFolios} returned. */
export function unpinFolios(k: KernelCore, list: FolioList): void {
    for (let i = 0; i < list.length; i++) {
        k.folios.unpin(list.pfn(i));
    }
}
