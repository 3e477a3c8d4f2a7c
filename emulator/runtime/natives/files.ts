/** Open files, inodes and descriptors for kernel code. */
import { F_ALL_SEALS, MFD_ALLOW_SEALING, O_CLOEXEC, O_RDWR } from '../../kernel/fs/fcntl';
import { fput, getFile, OpenFile } from '../../kernel/fs/file';
import { Inode } from '../../kernel/fs/inode';
import {
    addSeals,
    cachedPages,
    chargeTo,
    getSeals,
    isFrozen,
    memfdAllocFile,
    memfdPinFolios,
    unpinFolios,
} from '../../kernel/fs/memfd';
import { setPos } from '../../kernel/fs/llseek';
import { fget } from '../../kernel/fs/process';
import { addFolio, ShmemInode } from '../../kernel/fs/shmem';
import { isPlainPath, sysOpen } from '../../kernel/fs/syscalls/open';
import { HugetlbInode } from '../../kernel/hugetlb/inode';
import { FolioList } from '../../kernel/mm/file-folios';
import { Err } from '../../kernel/release/errno';
import { BOOL, FD, INT, objectOf, STRING, type Value, SIZE } from '../../language/types';
import { asBool, asInt, asNumber, asString } from '../../language/values';
import { expect, fdArg, fileArg, flagsArg, folioArg, indexArg, offsetArg } from './arguments';
import { callback, done, fn, nothing, param, RecordMembers } from './define';
import { nullPointer } from '../host/oops';
import type { Host } from '../host/host';
import type { NativeContext, NativeFunction } from './native';

const FILE = objectOf('file');
const INODE = objectOf('inode');
const FOLIO = objectOf('folio');
const FOLIOS = objectOf('folios');

// ---------------------------------------------------------------- objects

export const fileObject = new RecordMembers(OpenFile, 'file', 'An open file (`struct file`).')
    .field(
        'kind',
        { k: 'decl', of: 'file', name: '' },
        'The kind of file: `memfd`, `pipe` or a declared kind.',
        (file) => file.kind,
    )
    .field(
        'pos',
        INT,
        'The file position. One that no file can have is not set (`vfs_setpos()`).',
        (file) => file.pos,
        (file, value, { running }) => nothing(setPos(running, file, offsetArg(value, 'pos'))),
    )
    .field('refs', INT, 'The number of references: by descriptors, and by the kernel.', (file) => file.refs)
    .field('flags', INT, 'Access mode and status flags.', (file) => file.flags)
    .field('inode', INODE, 'Its inode.', (file) => file.inode)
    .field(
        'is_shmem',
        BOOL,
        'Whether it is a shared memory file: a memfd, or a file on a tmpfs (`shmem_file()`).',
        ({ inode }) => inode instanceof ShmemInode,
    )
    .field('is_hugetlb', BOOL, 'Whether it is a memfd of huge pages.', ({ inode }) => inode instanceof HugetlbInode)
    .field('nlink', INT, 'The number of names of the inode.', ({ inode }) => inode.nlink)
    .field('size', SIZE, "The inode's size in bytes.", ({ inode }) => inode.size)
    .field('name', STRING, 'The name that `/proc/pid/fd` shows.', (file) => file.name)
    .method(
        'add_seals',
        [param('seals', INT)],
        { fails: true },
        '`memfd_add_seals()`: the OR of `F_SEAL_…`. `F_SEAL_EXEC` on a file with execute bits adds the seals against shrinking, growing and writing.',
        (file, [seals], { running }) => done(addSeals(running, file, flagsArg(seals, 'the seals'))),
    )
    .add(
        // Members of files beyond those of the plain kernel.
        callback('open', [], {}, 'Calls the open() callback of the file kind.'),
        callback('release', [], {}, 'Calls the release() callback of the file kind.'),
    );

const shmemArg = (v: Value): ShmemInode => expect(ShmemInode, v, 'the inode of a shared memory file');

/** An inode of a memfd, of huge pages or not. */
function memory(inode: Inode): ShmemInode | HugetlbInode {
    return inode instanceof HugetlbInode ? inode : shmemArg(inode);
}

export const inodeObject = new RecordMembers(Inode, 'inode', 'An inode, shared by all opens of a file.')
    .field('ino', INT, 'The inode number.', (inode) => inode.ino)
    .field('name', STRING, 'The name of a memfd, or the path; may be empty.', (inode) =>
        inode instanceof ShmemInode ? inode.name : '',
    )
    .journaled('size', 'size', SIZE, 'The size in bytes.', offsetArg)
    .journaled('mode', 'mode', INT, 'File type and permissions.', asNumber)
    .field('nlink', INT, 'The number of names.', (inode) => inode.nlink)
    .field('blocks', INT, 'Allocated memory in units of 512 bytes.', (inode) => inode.blocks)
    .field('pages', INT, 'The number of pages in its page cache.', cachedPages)
    .field(
        'page_size',
        SIZE,
        'The page size in bytes: that of its huge pages, or of ordinary pages for other files.',
        (inode, { machine }) => (inode instanceof HugetlbInode ? inode.pool.size : machine.page.size),
    )
    .field('opens', INT, 'The number of open files of this inode.', (inode) => inode.opens)
    .field(
        'seals',
        INT,
        'The OR of `F_SEAL_…`.',
        (inode) => getSeals({ inode }),
        (inode, seals, { machine }) => {
            machine.journal.edit(memory(inode)).seals = Number(BigInt(asInt(seals, 'seals')) & BigInt(F_ALL_SEALS));
        },
    )
    .field(
        'frozen',
        BOOL,
        'Whether its pages and size are frozen (`SHMEM_F_MAPPING_FROZEN`).',
        isFrozen,
        (inode, frozen, { machine }) => {
            machine.journal.edit(memory(inode)).frozen = asBool(frozen, 'frozen');
        },
    )
    .field(
        'keeps_holes',
        BOOL,
        'Whether its holes are fixed, too: with the layer `sparse_memfd`, a write to one fails with EPERM.',
        (inode) => inode instanceof ShmemInode && inode.keepsHoles,
        (inode, keeps, { machine }) => {
            machine.journal.edit(shmemArg(inode)).keepsHoles = asBool(keeps, 'keeps_holes');
        },
    )
    .field('locked', BOOL, 'Whether kernel code holds its lock.', (inode) => inode.locked);

// ---------------------------------------------------------------- functions of kernel code

/** The kernel's functions for files and descriptors (fs/file.c, fs/file_table.c). */
const descriptorFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'fget',
        [param('fd', FD)],
        { result: FILE, fails: true },
        'The open file behind a descriptor of the calling process, with a reference. `EBADF`.',
        ({ running, process }, [fd]) => {
            const file = fget(process, fdArg(fd));
            return file instanceof Err ? file : getFile(running, file);
        },
    ),
    fn(
        'fput',
        [param('file', FILE)],
        {},
        'Drops a reference to an open file. After the last one, the file is released at the return to user mode.',
        ({ running }, [file]) => nothing(fput(running, fileArg(file))),
    ),
    fn(
        'get_unused_fd',
        [param('flags', INT, 0)],
        { result: FD, fails: true },
        'Reserves the lowest free descriptor number of the calling process; `O_CLOEXEC` may be given. `EMFILE`.',
        ({ process }, [flags]) => process.fds.reserve(process.nofile, (flagsArg(flags, 'the flags') & O_CLOEXEC) !== 0),
    ),
    fn('put_unused_fd', [param('fd', FD)], {}, 'Frees a reserved descriptor number.', ({ process }, [fd]) =>
        nothing(process.fds.unreserve(fdArg(fd))),
    ),
    fn(
        'is_plain_path',
        [param('path', STRING)],
        { result: BOOL },
        'Whether a path is a memory device (/dev/null, /dev/zero, …) or on a tmpfs.',
        ({ running }, [path]) => isPlainPath(running, asString(path, 'the path')),
    ),
    fn(
        'open_plain',
        [param('path', STRING), param('flags', INT, O_RDWR)],
        { result: FD, fails: true },
        'Opens a memory device or a file on a tmpfs. `EMFILE`, `ENOENT`, `EEXIST`, `EISDIR`.',
        ({ running, process }, [path, flags]) =>
            sysOpen(running, process, asString(path, 'the path'), flagsArg(flags, 'the flags')),
    ),
];

/** Those that follow a null pointer where they are given no file. */
export const fileReferences: readonly NativeFunction[] = [
    fn(
        'get_file',
        [param('file', FILE)],
        { result: FILE },
        'Another reference to an open file.',
        (host: Host, [file]) =>
            file === null
                ? nullPointer(host, host.frame?.code.name ?? 'get_file')
                : getFile(host.running, fileArg(file)),
    ),
    fn(
        'fd_install',
        [param('fd', FD), param('file', FILE)],
        {},
        "Puts an open file behind a reserved descriptor number, with the caller's reference.",
        (host: Host, [fd, file]) =>
            file === null
                ? nullPointer(host, 'fd_install')
                : nothing(host.process.fds.install(fdArg(fd), fileArg(file))),
    ),
];

/** The kernel's functions for memfds (mm/memfd.c, mm/gup.c, mm/shmem.c). */
const memfdFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'memfd_alloc_file',
        [param('name', STRING), param('flags', INT, MFD_ALLOW_SEALING)],
        { result: FILE, fails: true },
        'Creates a memfd of size 0 and mode 0777, without a descriptor.',
        ({ running, process }, [name, flags]) => {
            const file = memfdAllocFile(running, asString(name, 'the name'), flagsArg(flags, 'the flags'));
            chargeTo(running, file, process);
            return file;
        },
    ),
    fn(
        'memfd_pin_folios',
        [param('file', FILE), param('start', INT), param('end', INT), param('holes', BOOL, false)],
        { result: FOLIOS, fails: true, long: true },
        'Pins the folios of a memfd that cover the bytes from `start` up to and including `end`, in order. Holes become zeroed folios or, with `holes` (the layer `sparse_memfd`), stay out; folios in scratch memory (CMA pageblocks) move out first. `EINVAL`, `ENOMEM`.',
        ({ running }, [file, start, end, holes]) =>
            memfdPinFolios(
                running,
                fileArg(file),
                offsetArg(start, 'the start'),
                offsetArg(end, 'the end'),
                holes === true ? 'keep' : 'fill',
            ),
    ),
    fn('unpin_folios', [param('folios', FOLIOS)], {}, 'Unpins all of these folios.', ({ running }, [list]) =>
        nothing(unpinFolios(running, expect(FolioList, list, 'the result of memfd_pin_folios()'))),
    ),
    fn(
        'shmem_add_folio',
        [param('inode', INODE), param('folio', FOLIO), param('index', INT), param('as_one', BOOL, false)],
        { fails: true },
        'Adds a folio to the page cache of a shared memory file at page offset `index`, and accounts for it: for all of its pages or, with `as_one`, for one. The cache takes its own references. `EEXIST`, `EINVAL`.',
        ({ running }, [inode, folio, index, asOne]) =>
            done(addFolio(running, shmemArg(inode), folioArg(folio), indexArg(index, 'the index'), asOne === true)),
    ),
];

export const fileFunctions: readonly NativeFunction<NativeContext>[] = [...descriptorFunctions, ...memfdFunctions];
