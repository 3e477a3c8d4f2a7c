/**
 * Constants of the system call interface on x86-64: open and descriptor flags, seals, memfd flags, file modes, seek
 * origins (include/uapi/linux, include/uapi/asm-generic).
 */
import type { PageGeometry } from '../../machine/arch';

export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_ACCMODE = 0o3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DIRECT = 0o40000;
export const O_LARGEFILE = 0o100000;
export const O_DIRECTORY = 0o200000;
export const O_NOATIME = 0o1000000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
export const O_TMPFILE = 0o20200000;

export const FD_CLOEXEC = 1;

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;

export const F_SEAL_SEAL = 0x01;
export const F_SEAL_SHRINK = 0x02;
export const F_SEAL_GROW = 0x04;
export const F_SEAL_WRITE = 0x08;
export const F_SEAL_FUTURE_WRITE = 0x10;
export const F_SEAL_EXEC = 0x20;
/** All seals. */
export const F_ALL_SEALS = 0x3f;

export const MFD_CLOEXEC = 0x01;
export const MFD_ALLOW_SEALING = 0x02;
export const MFD_HUGETLB = 0x04;
export const MFD_NOEXEC_SEAL = 0x08;
export const MFD_EXEC = 0x10;
/** Shift and mask of the huge page size (log2) in the flags of a MFD_HUGETLB memfd. */
export const MFD_HUGE_BITS = 0x3f * 2 ** 26;

export const FALLOC_FL_KEEP_SIZE = 0x01;
export const FALLOC_FL_PUNCH_HOLE = 0x02;

export const PROT_NONE = 0;
export const PROT_READ = 0x1;
export const PROT_WRITE = 0x2;

export const MAP_SHARED = 0x1;
export const MAP_PRIVATE = 0x2;

export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFSOCK = 0o140000;

/** The maximum size of one read or write (include/linux/fs.h): INT_MAX rounded down to a page. */
export function maxRwCount(page: PageGeometry): number {
    return 0x7fffffff - (0x7fffffff % page.size);
}

/**
 * The largest file offset of the emulator, 2^53−1: up to here offsets are exact numbers. It replaces the kernel's limit
 * (MAX_LFS_FILESIZE, 2^63−1).
 */
export const MAX_OFFSET = 2n ** 63n - 1n;
