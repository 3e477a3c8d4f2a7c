/** The plain system calls: methods and fields of descriptors, and functions of a process block. */
import { Err } from '../../kernel/release/errno';
import {
    FALLOC_FL_KEEP_SIZE,
    FALLOC_FL_PUNCH_HOLE,
    MAX_RW_COUNT,
    MFD_HUGETLB,
    O_RDWR,
    O_TMPFILE,
    PAGE_SIZE,
    SEEK_SET,
} from '../../kernel/fs/fcntl';
import type { OpenFile } from '../../kernel/fs/file';
import { getSeals } from '../../kernel/fs/memfd';
import { fget, setMemoryMax } from '../../kernel/fs/process';
import {
    sysEventfd,
    sysMemfdCreate,
    sysOpen,
    sysPipe,
    sysSetrlimitNofile,
    sysSocket,
    sysUnlink,
} from '../../kernel/fs/syscalls/create';
import {
    Stat,
    sysAddSeals,
    sysClose,
    sysDup,
    sysFallocate,
    sysFstat,
    sysFtruncate,
    sysGetfd,
    sysGetfl,
    sysGetSeals,
    sysMmapStore,
    sysMmapWrite,
    sysSetfd,
    sysSetfl,
} from '../../kernel/fs/syscalls/file';
import { sysLseek, sysPread, sysPwrite, sysRead, sysWrite } from '../../kernel/fs/syscalls/rw';
import { type Bytes, BytesBuilder } from '../../machine/bytes';
import { ANY, BOOL, BYTES, FD, INT, listOf, NONE, objectOf, STRING, type Type, type Value } from '../../language/types';
import type { NativeParam } from '../../language/natives';
import type { NativeField } from './native';
import { asBool, asString, ProgramError } from '../../language/values';
import { dataArg, fdArg, flagsArg, lengthArg, objectType, offsetArg, type FileNative, type VmCore } from './arguments';

type Call = (vm: VmCore, fd: number, args: readonly Value[]) => Value | Err;

const int = (name: string): NativeParam => ({ name, type: INT });

/** A method of descriptors. `call` gets the descriptor and the arguments after it. */
function method(name: string, params: readonly NativeParam[], result: Type, doc: string, call: Call): FileNative {
    return {
        name,
        params,
        result,
        doc,
        context: 'user',
        fails: true,
        syscall: true,
        call: (vm: VmCore, args) => call(vm, fdArg(args[0]), args.slice(1)),
    };
}

/** A system call of a process block. */
function syscall(
    name: string,
    params: readonly NativeParam[],
    result: Type,
    doc: string,
    call: (vm: VmCore, args: readonly Value[]) => Value | Err,
): FileNative {
    return { name, params, result, doc, context: 'user', fails: true, syscall: true, call };
}

/** What returns 0 gives nothing. */
function done(result: 0 | Err): undefined | Err {
    return result === 0 ? undefined : result;
}

/** Writes all, as a program does that calls again after MAX_RW_COUNT bytes; stops at the first call that does less. */
function writeAll(data: Bytes, write: (part: Bytes, at: number) => number | Err): number | Err {
    if (data.length <= MAX_RW_COUNT) {
        return write(data, 0);
    }
    let total = 0;
    while (total < data.length) {
        const part = data.slice(total, total + MAX_RW_COUNT);
        const n = write(part, total);
        if (n instanceof Err) {
            return total > 0 ? total : n;
        }
        total += n;
        if (n < part.length) {
            break;
        }
    }
    return total;
}

/** Reads all, in the same way. */
function readAll(length: number, read: (length: number, at: number) => Bytes | Err): Bytes | Err {
    if (length <= MAX_RW_COUNT) {
        return read(length, 0);
    }
    const out = new BytesBuilder();
    for (let total = 0; total < length; ) {
        const want = Math.min(length - total, MAX_RW_COUNT);
        const part = read(want, total);
        if (part instanceof Err) {
            return total > 0 ? out.build() : part;
        }
        out.append(part);
        total += part.length;
        if (part.length < want) {
            break;
        }
    }
    return out.build();
}

const fdMethods: readonly FileNative[] = [
    method('close', [], NONE, '`close(2)`. `EBADF`.', (vm, fd) => done(sysClose(vm.running, vm.process, fd))),
    method(
        'dup',
        [],
        FD,
        '`dup(2)`: another descriptor for the same open file, position included. `EBADF`, `EMFILE`.',
        (vm, fd) => sysDup(vm.running, vm.process, fd),
    ),
    method(
        'read',
        [int('length')],
        BYTES,
        '`read(2)` at the file position, which moves on. Fewer bytes at the end of the file.',
        (vm, fd, [length]) => readAll(offsetArg(length, 'the length'), (n) => sysRead(vm.running, vm.process, fd, n)),
    ),
    method(
        'pread',
        [int('length'), int('at')],
        BYTES,
        '`pread(2)`. `ESPIPE` on pipes, sockets and anonymous files.',
        (vm, fd, [length, at]) => {
            const from = offsetArg(at, 'the offset');
            return readAll(offsetArg(length, 'the length'), (n, i) =>
                sysPread(vm.running, vm.process, fd, n, from + i),
            );
        },
    ),
    method(
        'write',
        [{ name: 'data', type: ANY }],
        INT,
        '`write(2)` of bytes or a string at the file position, which moves on. The number of bytes written.',
        (vm, fd, [data]) =>
            writeAll(dataArg(data, 'what is written'), (part) => sysWrite(vm.running, vm.process, fd, part)),
    ),
    method(
        'pwrite',
        [{ name: 'data', type: ANY }, int('at')],
        INT,
        '`pwrite(2)` of bytes or a string. The number of bytes written; `EPERM` by seals, and beyond the size of a preserved memfd. With `O_APPEND` the offset is ignored.',
        (vm, fd, [data, at]) => {
            const from = offsetArg(at, 'the offset');
            return writeAll(dataArg(data, 'what is written'), (part, i) =>
                sysPwrite(vm.running, vm.process, fd, part, from + i),
            );
        },
    ),
    method(
        'lseek',
        [int('offset'), { name: 'whence', type: INT, default: SEEK_SET }],
        INT,
        '`lseek(2)` with `SEEK_SET`, `SEEK_CUR`, `SEEK_END`, `SEEK_DATA` or `SEEK_HOLE`; the new position. `ENXIO` where there is no more data.',
        (vm, fd, [offset, whence]) =>
            sysLseek(vm.running, vm.process, fd, offsetArg(offset, 'the offset'), flagsArg(whence, 'the origin')),
    ),
    method(
        'truncate',
        [int('length')],
        NONE,
        '`ftruncate(2)`: sets the size. `EPERM` by seals, and on a preserved memfd.',
        (vm, fd, [length]) => done(sysFtruncate(vm.running, vm.process, fd, offsetArg(length, 'the length'))),
    ),
    method(
        'fallocate',
        [int('offset'), int('length'), { name: 'keep_size', type: BOOL, default: false }],
        NONE,
        '`fallocate(2)`: allocates memory for this range, which grows the file unless `keep_size`. `EPERM` on a preserved memfd.',
        (vm, fd, [offset, length, keep]) => {
            const mode = asBool(keep, 'keep_size') ? FALLOC_FL_KEEP_SIZE : 0;
            return done(
                sysFallocate(
                    vm.running,
                    vm.process,
                    fd,
                    mode,
                    offsetArg(offset, 'the offset'),
                    offsetArg(length, 'the length'),
                ),
            );
        },
    ),
    method(
        'punch',
        [int('offset'), int('length')],
        NONE,
        '`fallocate(2)` with `FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE`: frees the pages in this range and zeroes the rest of it. `EPERM` on a preserved memfd.',
        (vm, fd, [offset, length]) =>
            done(
                sysFallocate(
                    vm.running,
                    vm.process,
                    fd,
                    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    offsetArg(offset, 'the offset'),
                    offsetArg(length, 'the length'),
                ),
            ),
    ),
    method(
        'add_seals',
        [int('seals')],
        NONE,
        '`fcntl(F_ADD_SEALS)` with the OR of `F_SEAL_…`. `EPERM` where `F_SEAL_SEAL` is set; `EBUSY` for `F_SEAL_WRITE` while the file is pinned or mapped writable.',
        (vm, fd, [seals]) => done(sysAddSeals(vm.running, vm.process, fd, flagsArg(seals, 'the seals'))),
    ),
    method(
        'get_seals',
        [],
        INT,
        '`fcntl(F_GET_SEALS)`: the OR of `F_SEAL_…`. `EINVAL` for files that cannot be sealed.',
        (vm, fd) => sysGetSeals(vm.running, vm.process, fd),
    ),
    method('getfl', [], INT, '`fcntl(F_GETFL)`: access mode and status flags.', (vm, fd) =>
        sysGetfl(vm.running, vm.process, fd),
    ),
    method('setfl', [int('flags')], NONE, '`fcntl(F_SETFL)`: `O_APPEND` and `O_NONBLOCK`.', (vm, fd, [flags]) =>
        done(sysSetfl(vm.running, vm.process, fd, flagsArg(flags, 'the flags'))),
    ),
    method('getfd', [], INT, '`fcntl(F_GETFD)`: `FD_CLOEXEC` or 0.', (vm, fd) => sysGetfd(vm.running, vm.process, fd)),
    method('setfd', [int('flags')], NONE, '`fcntl(F_SETFD)`: `FD_CLOEXEC` or 0.', (vm, fd, [flags]) =>
        done(sysSetfd(vm.running, vm.process, fd, flagsArg(flags, 'the flags'))),
    ),
    method(
        'mmap_write',
        [],
        NONE,
        'Maps the first page shared and writable, and unmaps it: whether that is allowed. `EACCES`, `EPERM` by seals, `ENODEV`.',
        (vm, fd) => done(sysMmapWrite(vm.running, vm.process, fd)),
    ),
    method(
        'mmap_store',
        [{ name: 'data', type: ANY }, int('at')],
        NONE,
        'Maps a range shared and writable, stores bytes or a string there, and unmaps it: how a program writes to its memory. Files of huge pages take no other writes. `EACCES`, `EPERM` by seals, `ENODEV`, `ENOMEM` where huge pages cannot be promised; `EFAULT` where the access would be a SIGBUS: beyond the size, or without memory for a hole.',
        (vm, fd, [data, at]) =>
            done(
                sysMmapStore(vm.running, vm.process, fd, dataArg(data, 'what is stored'), offsetArg(at, 'the offset')),
            ),
    ),
    method(
        'stat',
        [],
        objectOf('stat'),
        '`fstat(2)`: an object with `size`, `blocks`, `nlink`, `mode`, `ino`.',
        (vm, fd) => sysFstat(vm.running, vm.process, fd),
    ),
];

function fdField(name: string, type: Type, doc: string, of: (file: OpenFile) => Value | Err): NativeField {
    return {
        name,
        type,
        doc,
        get(vm: VmCore, object) {
            const file = fget(vm.process, fdArg(object));
            return file instanceof Err ? file : of(file);
        },
    };
}

const fdFields: readonly NativeField[] = [
    fdField('size', INT, "The file's size in bytes.", (f) => f.inode.size),
    fdField('pos', INT, 'The file position, shared by all descriptors of the open file.', (f) => f.pos),
    fdField('seals', INT, 'The OR of `F_SEAL_…`.', getSeals),
    fdField('nlink', INT, 'How many names the file has; a memfd has none.', (f) => f.inode.nlink),
    fdField('blocks', INT, 'Allocated memory in units of 512 bytes.', (f) => f.inode.blocks),
    fdField('mode', INT, 'File type and permissions, as `st_mode`.', (f) => f.inode.mode),
    fdField(
        'kind',
        { k: 'decl', of: 'file', name: '' },
        'What kind of file it is: `memfd`, `pipe`, a declared one.',
        (f) => f.kind,
    ),
];

/** `hugetlb: 1GiB` as the flags of memfd_create(). */
function hugetlbFlags(v: Value): number {
    if (v === null || v === undefined) {
        return 0;
    }
    const log2 = Math.log2(offsetArg(v, 'the size of a huge page'));
    if (!Number.isInteger(log2) || log2 < 12 || log2 > 63) {
        throw new ProgramError('huge pages are of 2MiB or 1GiB');
    }
    return MFD_HUGETLB + log2 * 2 ** 26;
}

/** Methods and fields that every descriptor has. Live update's own come on top. */
export const descriptor = { methods: fdMethods, fields: fdFields };

export const fileSyscalls: readonly FileNative[] = [
    syscall(
        'memfd_create',
        [
            { name: 'name', type: STRING },
            { name: 'flags', type: INT, default: 0 },
            { name: 'huge', type: BOOL, default: null },
            { name: 'hugetlb', type: INT, default: null },
        ],
        FD,
        '`memfd_create(2)`: an unnamed file in memory. `flags`: the OR of `MFD_…`; without `MFD_ALLOW_SEALING` it has `F_SEAL_SEAL`. `huge: true` allocates it in folios of 2 MiB, as every memfd is where the kernel was booted with `transparent_hugepage_shmem=always`. `hugetlb: 2MiB` or `1GiB` stands for `MFD_HUGETLB` and the flag of this size: pages of a pool. `ENODEV` where there is no pool of this size.',
        (vm, [name, flags, huge, hugetlb]) =>
            sysMemfdCreate(
                vm.running,
                vm.process,
                asString(name, 'the name'),
                flagsArg(flags, 'the flags') + hugetlbFlags(hugetlb),
                huge === null ? undefined : asBool(huge, 'huge'),
            ),
    ),
    syscall('pipe', [], listOf(FD), '`pipe(2)`: a list of the read end and the write end.', (vm) => {
        const ends = sysPipe(vm.running, vm.process);
        return ends instanceof Err ? ends : vm.list([...ends]);
    }),
    syscall('socket', [], FD, 'An unconnected `AF_UNIX` stream socket.', (vm) => sysSocket(vm.running, vm.process)),
    syscall('eventfd', [], FD, '`eventfd(2)` with count 0.', (vm) => sysEventfd(vm.running, vm.process)),
    syscall(
        'tmpfile',
        [{ name: 'directory', type: STRING, default: '/dev/shm' }],
        FD,
        '`open(2)` with `O_TMPFILE | O_RDWR`: a file on a tmpfs without a name. It cannot be sealed, and is preserved like a memfd.',
        (vm, [directory]) => sysOpen(vm.running, vm.process, asString(directory, 'the directory'), O_TMPFILE | O_RDWR),
    ),
    syscall(
        'unlink',
        [{ name: 'path', type: STRING }],
        NONE,
        '`unlink(2)` of a file on a tmpfs: open descriptors keep it, without a name.',
        (vm, [path]) => done(sysUnlink(vm.running, asString(path, 'the path'))),
    ),
    syscall(
        'setrlimit_nofile',
        [int('limit')],
        NONE,
        '`setrlimit(RLIMIT_NOFILE)`, soft and hard: how many descriptors the process may have (1024 at first). Beyond it, `EMFILE`.',
        (vm, [limit]) => done(sysSetrlimitNofile(vm.running, vm.process, offsetArg(limit, 'the limit'))),
    ),
    syscall(
        'memory_max',
        [int('bytes')],
        NONE,
        'Writes `memory.max` of the memory cgroup that the process is in; each process has one of its own. Memory files that it makes or retrieves from then on are charged to it: beyond the limit, `ENOMEM`.',
        (vm, [bytes]) => {
            setMemoryMax(vm.running, vm.process, lengthArg(bytes, 'the limit'));
            return undefined;
        },
    ),
    syscall(
        'memory_current',
        [],
        INT,
        '`memory.current` of that cgroup: bytes that are charged to it. 0 where it has no limit.',
        (vm) => (vm.process.memcg?.usage ?? 0) * PAGE_SIZE,
    ),
];

const statField = (name: string, doc: string, get: (s: Stat) => number): NativeField => ({
    name,
    type: INT,
    doc,
    get: (_vm, object) => (object instanceof Stat ? get(object) : undefined),
});

export const statType = objectType(
    'stat',
    'What `stat()` gives.',
    [
        statField('size', 'In bytes.', (s) => s.size),
        statField('blocks', 'Allocated memory in units of 512 bytes.', (s) => s.blocks),
        statField('nlink', 'How many names the file has.', (s) => s.nlink),
        statField('mode', 'File type and permissions.', (s) => s.mode),
        statField('ino', 'The inode number.', (s) => s.ino),
        statField('blksize', 'The preferred size of reads and writes.', (s) => s.blksize),
    ],
    [],
    false,
);
