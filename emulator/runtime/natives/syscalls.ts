/** The plain system calls: methods and fields of descriptors, and functions of a process block. */
import {
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    maxRwCount,
    MFD_HUGETLB,
    O_RDWR,
    O_TMPFILE,
    SEEK_SET,
} from '../../kernel/fs/fcntl';
import type { OpenFile } from '../../kernel/fs/file';
import { getSeals } from '../../kernel/fs/memfd';
import { fgetRaw, hugetlbCurrent, memoryCurrent, setHugetlbMax, setMemoryMax } from '../../kernel/fs/process';
import { sysMemfdCreate, sysPipe, sysSetrlimitNofile, sysSocket, sysSocketpair } from '../../kernel/fs/syscalls/create';
import { sysOpen, sysUnlink } from '../../kernel/fs/syscalls/open';
import { sysReadlink } from '../../kernel/fs/syscalls/proc';
import {
    Stat,
    sysAddSeals,
    sysClose,
    sysDup,
    sysFallocate,
    sysFchmod,
    sysFstat,
    sysFtruncate,
    sysGetfd,
    sysGetfl,
    sysGetSeals,
    sysSetfd,
    sysSetfl,
} from '../../kernel/fs/syscalls/file';
import { sysLseek, sysPread, sysPwrite, sysRead, sysWrite } from '../../kernel/fs/syscalls/rw';
import { Err } from '../../kernel/release/errno';
import { ANY, BOOL, BYTES, FD, INT, listOf, objectOf, STRING, type Type, type Value, SIZE } from '../../language/types';
import { asBool, asString, ProgramError } from '../../language/values';
import { type Bytes, BytesBuilder } from '../../machine/bytes';
import { minus, plus, type Int } from '../../machine/int';
import { dataArg, flagsArg, indexArg, isLeftOut, lengthArg, offsetArg } from './arguments';
import { done, fdField, fdMethod, fn, Members, nothing, param, SYSCALL } from './define';
import { inodeLock } from './locks';
import type { NativeContext, NativeField, NativeFunction } from './native';

/** Changes a file in memory while holding the lock of its inode. */
const CHANGES = { ...SYSCALL, takes: inodeLock } as const;

/** Writes all data, like a program that repeats the call after maxRwCount() bytes; stops at the first short write. */
function writeAll(
    { page }: NativeContext['running'],
    data: Bytes,
    write: (part: Bytes, at: number) => number | Err,
): number | Err {
    let total = 0;
    for (;;) {
        const n = write(total === 0 ? data : data.slice(total), total);
        if (n instanceof Err) {
            return total > 0 ? total : n;
        }
        total += n;
        if (n < maxRwCount(page) || total === data.length) {
            return total;
        }
    }
}

/** Reads all data, in the same way. */
function readAll(
    { page }: NativeContext['running'],
    length: Int,
    read: (length: Int, at: number) => Bytes | Err,
): Bytes | Err {
    const most = maxRwCount(page);
    const first = read(length, 0);
    if (first instanceof Err || first.length < most || first.length === length) {
        return first;
    }
    const out = new BytesBuilder().append(first);
    for (let total = first.length; ; ) {
        const part = read(minus(length, total), total);
        if (part instanceof Err) {
            return out.build();
        }
        out.append(part);
        total += part.length;
        if (part.length < most || total === length) {
            return out.build();
        }
    }
}

const LENGTH = param('length', INT);
const OFFSET = param('offset', INT);
const AT = param('at', INT);
const DATA = param('data', ANY);

/** The methods of every descriptor, without those for live update. */
export const descriptorMethods: readonly NativeFunction<NativeContext>[] = [
    fdMethod('close', [], SYSCALL, '`close(2)`. `EBADF`.', ({ running, process }, fd) =>
        done(sysClose(running, process, fd)),
    ),
    fdMethod(
        'dup',
        [],
        { ...SYSCALL, result: FD },
        '`dup(2)`: another descriptor for the same open file, with the same position. `EBADF`, `EMFILE`.',
        ({ running, process }, fd) => sysDup(running, process, fd),
    ),
    fdMethod(
        'read',
        [LENGTH],
        { ...SYSCALL, result: BYTES },
        '`read(2)` at the file position, which advances. Returns fewer bytes at the end of the file.',
        ({ running, process }, fd, [length]) =>
            readAll(running, offsetArg(length, 'the length'), (part) => sysRead(running, process, fd, part)),
    ),
    fdMethod(
        'pread',
        [LENGTH, AT],
        { ...SYSCALL, result: BYTES },
        '`pread(2)`. `ESPIPE` on pipes, sockets and anonymous files.',
        ({ running, process }, fd, [length, at]) => {
            const from = offsetArg(at, 'the offset');
            return readAll(running, offsetArg(length, 'the length'), (part, i) =>
                sysPread(running, process, fd, part, plus(from, i)),
            );
        },
    ),
    fdMethod(
        'write',
        [DATA],
        { ...CHANGES, result: INT },
        '`write(2)` of bytes or a string at the file position, which advances. Returns the number of bytes written.',
        ({ running, process }, fd, [data]) =>
            writeAll(running, dataArg(data, 'what is written'), (part) => sysWrite(running, process, fd, part)),
    ),
    fdMethod(
        'pwrite',
        [DATA, AT],
        { ...CHANGES, result: INT },
        '`pwrite(2)` of bytes or a string. Returns the number of bytes written. `EPERM` because of seals, and beyond the size of a preserved memfd. With `O_APPEND`, the offset is ignored.',
        ({ running, process }, fd, [data, at]) => {
            const from = offsetArg(at, 'the offset');
            return writeAll(running, dataArg(data, 'what is written'), (part, i) =>
                sysPwrite(running, process, fd, part, plus(from, i)),
            );
        },
    ),
    fdMethod(
        'lseek',
        [OFFSET, param('whence', INT, SEEK_SET)],
        { ...SYSCALL, result: INT },
        '`lseek(2)` with `SEEK_SET`, `SEEK_CUR`, `SEEK_END`, `SEEK_DATA` or `SEEK_HOLE`. Returns the new position. `ENXIO` if there is no more data.',
        ({ running, process }, fd, [offset, whence]) =>
            sysLseek(running, process, fd, offsetArg(offset, 'the offset'), flagsArg(whence, 'the origin')),
    ),
    fdMethod(
        'truncate',
        [LENGTH],
        CHANGES,
        '`ftruncate(2)`: sets the size. `EPERM` because of seals, and on a preserved memfd.',
        ({ running, process }, fd, [length]) =>
            done(sysFtruncate(running, process, fd, offsetArg(length, 'the length'))),
    ),
    fdMethod(
        'fallocate',
        [OFFSET, LENGTH, param('keep_size', BOOL, false)],
        CHANGES,
        '`fallocate(2)`: allocates memory for this range, and grows the file unless `keep_size` is true. `EPERM` on a preserved memfd.',
        (context, fd, [offset, length, keep]) =>
            fallocate(context, fd, asBool(keep, 'keep_size') ? FALLOC_FL_KEEP_SIZE : 0, offset, length),
    ),
    fdMethod(
        'punch',
        [OFFSET, LENGTH],
        CHANGES,
        '`fallocate(2)` with `FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE`: frees the pages in this range and zeroes the rest of it. `EPERM` on a preserved memfd.',
        (context, fd, [offset, length]) =>
            fallocate(context, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length),
    ),
    fdMethod(
        'add_seals',
        [param('seals', INT)],
        CHANGES,
        '`fcntl(F_ADD_SEALS)` with the OR of `F_SEAL_…`. `EPERM` if `F_SEAL_SEAL` is set; `EBUSY` for `F_SEAL_WRITE` while the file is pinned or mapped writable.',
        ({ running, process }, fd, [seals]) => done(sysAddSeals(running, process, fd, flagsArg(seals, 'the seals'))),
    ),
    fdMethod(
        'get_seals',
        [],
        { ...SYSCALL, result: INT },
        '`fcntl(F_GET_SEALS)`: the OR of `F_SEAL_…`. `EINVAL` for files that cannot be sealed.',
        ({ running, process }, fd) => sysGetSeals(running, process, fd),
    ),
    fdMethod(
        'getfl',
        [],
        { ...SYSCALL, result: INT },
        '`fcntl(F_GETFL)`: access mode and status flags.',
        ({ running, process }, fd) => sysGetfl(running, process, fd),
    ),
    fdMethod(
        'setfl',
        [param('flags', INT)],
        SYSCALL,
        '`fcntl(F_SETFL)`: `O_APPEND` and `O_NONBLOCK`.',
        ({ running, process }, fd, [flags]) => done(sysSetfl(running, process, fd, flagsArg(flags, 'the flags'))),
    ),
    fdMethod(
        'getfd',
        [],
        { ...SYSCALL, result: INT },
        '`fcntl(F_GETFD)`: `FD_CLOEXEC` or 0.',
        ({ running, process }, fd) => sysGetfd(running, process, fd),
    ),
    fdMethod(
        'setfd',
        [param('flags', INT)],
        SYSCALL,
        '`fcntl(F_SETFD)`: `FD_CLOEXEC` or 0.',
        ({ running, process }, fd, [flags]) => done(sysSetfd(running, process, fd, flagsArg(flags, 'the flags'))),
    ),
    fdMethod(
        'fchmod',
        [param('mode', INT)],
        CHANGES,
        '`fchmod(2)`, by root: sets the permission bits. `EPERM` if `F_SEAL_EXEC` forbids to change the execute bits, `EOPNOTSUPP` for anonymous files.',
        ({ running, process }, fd, [mode]) => done(sysFchmod(running, process, fd, flagsArg(mode, 'the mode'))),
    ),
    fdMethod(
        'stat',
        [],
        { ...SYSCALL, result: objectOf('stat') },
        '`fstat(2)`: returns an object with `size`, `blocks`, `nlink`, `mode`, `ino`.',
        ({ running, process }, fd) => sysFstat(running, process, fd),
    ),
];

function fallocate(
    { running, process }: NativeContext,
    fd: number,
    mode: number,
    offset: Value,
    length: Value,
): undefined | Err {
    return done(
        sysFallocate(running, process, fd, mode, offsetArg(offset, 'the offset'), offsetArg(length, 'the length')),
    );
}

/** A field of a descriptor's file. */
function fileField(
    name: string,
    type: Type,
    doc: string,
    get: (file: OpenFile) => Value | Err,
): NativeField<NativeContext> {
    return fdField(name, type, doc, ({ process }, fd) => {
        const file = fgetRaw(process, fd);
        return file instanceof Err ? file : get(file);
    });
}

/** Fields that every descriptor has. */
export const descriptorFields: readonly NativeField<NativeContext>[] = [
    fileField('size', SIZE, "The file's size in bytes.", ({ inode }) => inode.size),
    fileField('pos', INT, 'The file position, shared by all descriptors of the open file.', (file) => file.pos),
    fileField('seals', INT, 'The OR of `F_SEAL_…`.', getSeals),
    fileField('nlink', INT, 'The number of names of the file; a memfd has none.', ({ inode }) => inode.nlink),
    fileField('blocks', INT, 'Allocated memory in units of 512 bytes.', ({ inode }) => inode.blocks),
    fileField('mode', INT, 'File type and permissions, as `st_mode`.', ({ inode }) => inode.mode),
    fileField(
        'kind',
        { k: 'decl', of: 'file', name: '' },
        'The kind of file: `memfd`, `pipe` or a declared kind.',
        (file) => file.kind,
    ),
];

/** `hugetlb: 1GiB` as the flags of memfd_create(). */
function hugetlbFlags({ page, hugetlb }: NativeContext['running'], v: Value): number {
    if (isLeftOut(v)) {
        return 0;
    }
    const log2 = Math.log2(indexArg(v, 'the size of a huge page'));
    if (!Number.isInteger(log2) || log2 < page.shift || log2 > 63) {
        throw new ProgramError(`the size of huge pages must be ${hugetlb.sizes.join(' or ')}`);
    }
    return MFD_HUGETLB + log2 * 2 ** 26;
}

/** A size of huge pages that the machine has, in bytes. */
function hugeSize({ hugetlb }: NativeContext['running'], v: Value): number {
    const pool = hugetlb.sized(lengthArg(v, 'the size of a huge page'));
    if (!pool) {
        throw new ProgramError(`the size of huge pages must be ${hugetlb.sizes.join(' or ')}`);
    }
    return pool.size;
}

export const fileSyscalls: readonly NativeFunction<NativeContext>[] = [
    fn(
        'memfd_create',
        [param('name', STRING), param('flags', INT, 0), param('huge', BOOL, null), param('hugetlb', INT, null)],
        { ...SYSCALL, result: FD },
        '`memfd_create(2)`: creates an unnamed file in memory. `flags`: the OR of `MFD_…`; without `MFD_ALLOW_SEALING` it has `F_SEAL_SEAL`. `huge: true` allocates it in folios of 2 MiB, as a kernel with `transparent_hugepage_shmem=always` does for every memfd. `hugetlb: 2MiB` or `1GiB` means `MFD_HUGETLB` with the flag of this size: pages of a pool. `ENODEV` if there is no pool of this size.',
        ({ running, process }, [name, flags, huge, hugetlb]) =>
            sysMemfdCreate(
                running,
                process,
                asString(name, 'the name'),
                flagsArg(flags, 'the flags') + hugetlbFlags(running, hugetlb),
                huge === null ? undefined : asBool(huge, 'huge'),
            ),
    ),
    fn(
        'pipe',
        [],
        { ...SYSCALL, result: listOf(FD) },
        '`pipe(2)`: returns a list of the read end and the write end.',
        (context) => {
            const ends = sysPipe(context.running, context.process);
            return ends instanceof Err ? ends : context.list([...ends]);
        },
    ),
    fn('socket', [], { ...SYSCALL, result: FD }, 'An unconnected `AF_UNIX` socket.', ({ running, process }) =>
        sysSocket(running, process),
    ),
    fn(
        'socketpair',
        [],
        { ...SYSCALL, result: listOf(FD) },
        '`socketpair(2)`: two connected `AF_UNIX` stream sockets. `EMFILE`.',
        (context) => {
            const ends = sysSocketpair(context.running, context.process);
            return ends instanceof Err ? ends : context.list([...ends]);
        },
    ),
    fn(
        'readlink',
        [param('path', STRING)],
        { ...SYSCALL, result: STRING },
        '`readlink(2)` of `/proc/PID/fd/N` (or `self`): what a descriptor is, as a path (`/memfd:ram (deleted)`) or a class (`anon_inode:[luo_session] vm-1`). `ENOENT`, `EINVAL`.',
        ({ running, process }, [path]) => sysReadlink(running, process, asString(path, 'the path')),
    ),
    fn(
        'tmpfile',
        [param('directory', STRING, '/dev/shm')],
        { ...SYSCALL, result: FD },
        '`open(2)` with `O_TMPFILE | O_RDWR`: an unnamed file on a tmpfs, preserved like a memfd.',
        ({ running, process }, [directory]) =>
            sysOpen(running, process, asString(directory, 'the directory'), O_TMPFILE | O_RDWR),
    ),
    fn('unlink', [param('path', STRING)], SYSCALL, '`unlink(2)` of a file on a tmpfs.', ({ running }, [path]) =>
        done(sysUnlink(running, asString(path, 'the path'))),
    ),
    fn(
        'setrlimit_nofile',
        [param('limit', INT)],
        SYSCALL,
        '`setrlimit(RLIMIT_NOFILE)`, soft and hard: the most descriptors that the process may have (1024 by default). Beyond it, `EMFILE`.',
        ({ running, process }, [limit]) => done(sysSetrlimitNofile(running, process, indexArg(limit, 'the limit'))),
    ),
    fn(
        'memory_max',
        [param('bytes', INT)],
        SYSCALL,
        'Writes `memory.max` of the memory cgroup of the process; each process has its own. Memory files that the process creates or retrieves from then on are charged to it: beyond the limit, `ENOMEM`.',
        ({ running, process }, [bytes]) => nothing(setMemoryMax(running, process, lengthArg(bytes, 'the limit'))),
    ),
    fn(
        'memory_current',
        [],
        { ...SYSCALL, result: INT },
        '`memory.current` of that cgroup: the number of bytes charged to it. 0 if it has no limit.',
        ({ running, process }) => memoryCurrent(running, process),
    ),
    fn(
        'hugetlb_max',
        [param('bytes', INT), param('size', INT, 2 ** 21)],
        SYSCALL,
        'Writes `hugetlb.2MB.max` (or of another `size` of pages) of the cgroup of the process. Memfds of huge pages that the process creates or retrieves from then on are charged to it: beyond the limit a store faults, `fallocate()` fails with `ENOSPC`, and retrieving with `ENOMEM`.',
        ({ running, process }, [bytes, size]) =>
            nothing(setHugetlbMax(running, process, hugeSize(running, size), lengthArg(bytes, 'the limit'))),
    ),
    fn(
        'hugetlb_current',
        [param('size', INT, 2 ** 21)],
        { ...SYSCALL, result: INT },
        '`hugetlb.2MB.current` (or of another `size` of pages) of that cgroup: the number of bytes charged to it. 0 if it has no limit.',
        ({ running, process }, [size]) => hugetlbCurrent(running, process, hugeSize(running, size)),
    ),
];

export const statObject = new Members(Stat, 'stat', 'The result of `stat()`.', false)
    .field('size', SIZE, 'The size in bytes.', (stat) => stat.size)
    .field('blocks', INT, 'Allocated memory in units of 512 bytes.', (stat) => stat.blocks)
    .field('nlink', INT, 'How many names the file has.', (stat) => stat.nlink)
    .field('mode', INT, 'File type and permissions.', (stat) => stat.mode)
    .field('ino', INT, 'The inode number.', (stat) => stat.ino)
    .field('blksize', INT, 'The preferred size of reads and writes.', (stat) => stat.blksize);
