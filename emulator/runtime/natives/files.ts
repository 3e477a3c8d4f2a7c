/** Open files, inodes and descriptors as kernel code sees them. */
import { err, Err } from '../../kernel/release/errno';
import { F_ALL_SEALS, MFD_ALLOW_SEALING, O_CLOEXEC, O_RDWR, PAGE_SIZE } from '../../kernel/fs/fcntl';
import { fput, getFile, OpenFile } from '../../kernel/fs/file';
import { FolioList, FolioRef } from '../../kernel/mm/file-folios';
import { HugetlbInode } from '../../kernel/hugetlb/inode';
import { Inode } from '../../kernel/fs/inode';
import { addSeals, chargeTo, memfdAllocFile, memfdPinFolios, unpinFolios } from '../../kernel/fs/memfd';
import { fget } from '../../kernel/fs/process';
import { addFolio, ShmemInode } from '../../kernel/fs/shmem';
import { isPlainPath, sysOpen } from '../../kernel/fs/syscalls/create';
import { BOOL, FD, INT, NONE, objectOf, STRING, type Type, type Value } from '../../language/types';
import type { NativeParam } from '../../language/natives';
import type { NativeField } from './native';
import { asBool, asInt, asNumber, asString, ProgramError } from '../../language/values';
import {
    fdArg,
    fileArg,
    flagsArg,
    folioArg,
    inodeArg,
    lengthArg,
    objectType,
    offsetArg,
    type FileNative,
    type VmCore,
} from './arguments';

const EINVAL = err('EINVAL');

const FILE = objectOf('file');
const INODE = objectOf('inode');
const FOLIO = objectOf('folio');
const FOLIOS = objectOf('folios');

// ---------------------------------------------------------------- objects

type Setter = (vm: VmCore, object: object, value: Value) => void;

function field(
    name: string,
    type: Type,
    doc: string,
    get: (vm: VmCore, object: object) => Value | Err,
    set?: Setter,
): NativeField {
    return set ? { name, type, writable: true, doc, get, set } : { name, type, doc, get };
}

const fileField = (
    name: string,
    type: Type,
    doc: string,
    get: (f: OpenFile) => Value | Err,
    set?: Setter,
): NativeField => field(name, type, doc, (_vm, object) => get(fileArg(object)), set);

export const fileType = objectType(
    'file',
    'An open file (`struct file`).',
    [
        fileField(
            'kind',
            { k: 'decl', of: 'file', name: '' },
            'What kind of file it is: `memfd`, `pipe`, a declared one.',
            (f) => f.kind,
        ),
        fileField(
            'pos',
            INT,
            'The file position.',
            (f) => f.pos,
            (vm, object, value) => {
                vm.running.journal.edit(fileArg(object)).pos = offsetArg(value, 'a file position');
            },
        ),
        fileField('refs', INT, 'References: descriptors, and what the kernel holds.', (f) => f.refs),
        fileField('flags', INT, 'Access mode and status flags.', (f) => f.flags),
        fileField('inode', INODE, 'Its inode.', (f) => f.inode),
        fileField(
            'is_shmem',
            BOOL,
            'Whether it is a shared memory file: a memfd, or a file on a tmpfs (`shmem_file()`).',
            (f) => f.inode instanceof ShmemInode,
        ),
        fileField('is_hugetlb', BOOL, 'Whether it is a memfd of huge pages.', (f) => f.inode instanceof HugetlbInode),
        fileField('nlink', INT, 'How many names the inode has.', (f) => f.inode.nlink),
        fileField('size', INT, "The inode's size in bytes.", (f) => f.inode.size),
        fileField('name', STRING, 'As `/proc/pid/fd` shows it.', (f) => f.name),
    ],
    [
        {
            name: 'add_seals',
            params: [{ name: 'seals', type: INT }],
            result: NONE,
            context: 'kernel',
            fails: true,
            doc: '`memfd_add_seals()`: the OR of `F_SEAL_…`. `F_SEAL_EXEC` on a file with execute bits brings the seals against shrinking, growing and writing.',
            call: (vm: VmCore, [file, seals]) =>
                nothing(addSeals(vm.running, fileArg(file), flagsArg(seals, 'the seals'))),
        },
    ],
);

const inodeField = (name: string, type: Type, doc: string, get: (i: Inode) => Value | Err, set?: Setter): NativeField =>
    field(name, type, doc, (_vm, object) => get(inodeArg(object)), set);

function shmemArg(v: Value): ShmemInode {
    if (v instanceof ShmemInode) {
        return v;
    }
    throw new ProgramError('this is no inode of a shared memory file');
}

/** An inode of a memfd, of huge pages or not. */
function memoryArg(v: Value): ShmemInode | HugetlbInode {
    return v instanceof HugetlbInode ? v : shmemArg(v);
}

export const inodeType = objectType(
    'inode',
    'An inode: what all opens of one file share.',
    [
        inodeField('ino', INT, 'The inode number.', (i) => i.ino),
        inodeField(
            'size',
            INT,
            'In bytes.',
            (i) => i.size,
            (vm, object, value) => {
                vm.running.journal.edit(inodeArg(object)).size = lengthArg(value, 'a size');
            },
        ),
        inodeField(
            'mode',
            INT,
            'File type and permissions.',
            (i) => i.mode,
            (vm, object, value) => {
                vm.running.journal.edit(inodeArg(object)).mode = asNumber(value, 'a mode');
            },
        ),
        inodeField('nlink', INT, 'How many names it has.', (i) => i.nlink),
        inodeField('blocks', INT, 'Allocated memory in units of 512 bytes.', (i) => i.blocks),
        inodeField('pages', INT, 'Pages in its page cache.', (i) =>
            i instanceof ShmemInode || i instanceof HugetlbInode ? i.cache.pages : 0,
        ),
        inodeField('page_size', INT, 'Bytes of the huge pages that it consists of; 4 KiB for other files.', (i) =>
            i instanceof HugetlbInode ? i.pool.size : PAGE_SIZE,
        ),
        inodeField('opens', INT, 'How many open files are on it.', (i) => i.opens),
        inodeField(
            'seals',
            INT,
            'The OR of `F_SEAL_…`.',
            (i) => (i instanceof ShmemInode || i instanceof HugetlbInode ? i.seals : EINVAL),
            (vm, object, value) => {
                vm.running.journal.edit<ShmemInode | HugetlbInode>(memoryArg(object)).seals = Number(
                    BigInt(asInt(value, 'seals')) & BigInt(F_ALL_SEALS),
                );
            },
        ),
        inodeField(
            'frozen',
            BOOL,
            'Whether its pages and size may not change (`SHMEM_F_MAPPING_FROZEN`).',
            (i) => (i instanceof ShmemInode || i instanceof HugetlbInode) && i.frozen,
            (vm, object, value) => {
                vm.running.journal.edit<ShmemInode | HugetlbInode>(memoryArg(object)).frozen = asBool(value, 'frozen');
            },
        ),
        inodeField('locked', BOOL, 'Whether kernel code holds its lock.', (i) => i.locked),
    ],
    [],
);

// ---------------------------------------------------------------- functions of kernel code

function kernel(
    name: string,
    params: readonly NativeParam[],
    result: Type,
    fails: boolean,
    doc: string,
    call: (vm: VmCore, args: Value[]) => Value | Err,
): FileNative {
    return { name, params, result, fails, doc, context: 'kernel', call };
}

/** A function without result that cannot fail. */
function effect(
    name: string,
    params: readonly NativeParam[],
    doc: string,
    call: (vm: VmCore, args: Value[]) => void,
): FileNative {
    return {
        name,
        params,
        doc,
        result: NONE,
        fails: false,
        context: 'kernel',
        call(vm: VmCore, args) {
            call(vm, args);
            return undefined;
        },
    };
}

function nothing(result: 0 | Err): undefined | Err {
    return result === 0 ? undefined : result;
}

function listArg(v: Value): FolioList {
    if (v instanceof FolioList) {
        return v;
    }
    throw new ProgramError('these are no folios that memfd_pin_folios() gave');
}

const FILE_PARAM: NativeParam = { name: 'file', type: FILE };
const FD_PARAM: NativeParam = { name: 'fd', type: FD };

/** The kernel's functions for files and descriptors (fs/file.c, fs/file_table.c). */
const descriptorFunctions: readonly FileNative[] = [
    kernel(
        'fget',
        [FD_PARAM],
        FILE,
        true,
        'The open file behind a descriptor of the calling process, with a reference. `EBADF`.',
        (vm, [fd]) => {
            const file = fget(vm.process, fdArg(fd));
            return file instanceof Err ? file : getFile(vm.running, file);
        },
    ),
    kernel('get_file', [FILE_PARAM], FILE, false, 'Takes another reference to an open file.', (vm, [file]) =>
        getFile(vm.running, fileArg(file)),
    ),
    effect(
        'fput',
        [FILE_PARAM],
        'Drops a reference to an open file. The last one has it released at the return to user mode.',
        (vm, [file]) => {
            fput(vm.running, fileArg(file));
        },
    ),
    kernel(
        'get_unused_fd',
        [{ name: 'flags', type: INT, default: 0 }],
        FD,
        true,
        'Reserves the lowest free descriptor number of the calling process; `O_CLOEXEC` may be given. `EMFILE`.',
        (vm, [flags]) => vm.process.fds.reserve(vm.process.nofile, (flagsArg(flags, 'the flags') & O_CLOEXEC) !== 0),
    ),
    effect('put_unused_fd', [FD_PARAM], 'Gives a reserved descriptor number back.', (vm, [fd]) =>
        vm.process.fds.unreserve(fdArg(fd)),
    ),
    effect(
        'fd_install',
        [FD_PARAM, FILE_PARAM],
        "Puts an open file behind a reserved descriptor number, with the caller's reference.",
        (vm, [fd, file]) => vm.process.fds.install(fdArg(fd), fileArg(file)),
    ),
    kernel(
        'is_plain_path',
        [{ name: 'path', type: STRING }],
        BOOL,
        false,
        'Whether a path is /dev/null or on a tmpfs.',
        (_vm, [path]) => isPlainPath(asString(path, 'the path')),
    ),
    kernel(
        'open_plain',
        [
            { name: 'path', type: STRING },
            { name: 'flags', type: INT, default: O_RDWR },
        ],
        FD,
        true,
        'Opens /dev/null or a file on a tmpfs. `EMFILE`, `ENOENT`, `EEXIST`, `EISDIR`.',
        (vm, [path, flags]) =>
            sysOpen(vm.running, vm.process, asString(path, 'the path'), flagsArg(flags, 'the flags')),
    ),
];

/** The kernel's functions for memfds (mm/memfd.c, mm/gup.c, mm/shmem.c). */
const memfdFunctions: readonly FileNative[] = [
    kernel(
        'memfd_alloc_file',
        [
            { name: 'name', type: STRING },
            { name: 'flags', type: INT, default: MFD_ALLOW_SEALING },
        ],
        FILE,
        true,
        'A new memfd of size 0 and mode 0777, without a descriptor.',
        (vm, [name, flags]) => {
            const file = memfdAllocFile(vm.running, asString(name, 'the name'), flagsArg(flags, 'the flags'));
            chargeTo(vm.running, file, vm.process);
            return file;
        },
    ),
    kernel(
        'memfd_pin_folios',
        [FILE_PARAM, { name: 'start', type: INT }, { name: 'end', type: INT }],
        FOLIOS,
        true,
        'Pins the folios of a memfd that cover the bytes from `start` up to and including `end`, in order. Holes become zeroed folios; folios in scratch memory (CMA pageblocks) move out first. `EINVAL`, `ENOMEM`.',
        (vm, [file, start, end]) =>
            memfdPinFolios(vm.running, fileArg(file), offsetArg(start, 'the start'), offsetArg(end, 'the end')),
    ),
    effect('unpin_folios', [{ name: 'folios', type: FOLIOS }], 'Unpins them all.', (vm, [list]) =>
        unpinFolios(vm.running, listArg(list)),
    ),
    kernel(
        'shmem_add_folio',
        [
            { name: 'inode', type: INODE },
            { name: 'folio', type: FOLIO },
            { name: 'index', type: INT },
        ],
        NONE,
        true,
        'Puts a folio into the page cache of a shared memory file at page offset `index`, and accounts it. The cache takes references of its own. `EEXIST`, `EINVAL`.',
        (vm, [inode, folio, index]) =>
            nothing(addFolio(vm.running, shmemArg(inode), folioArg(folio), offsetArg(index, 'the index'))),
    ),
];

export const fileFunctions: readonly FileNative[] = [...descriptorFunctions, ...memfdFunctions];

/** The object type of an object of these classes, or undefined. */
export function fileObjectType(object: object): 'file' | 'inode' | 'folio' | 'folios' | undefined {
    if (object instanceof FolioRef) {
        return 'folio';
    }
    if (object instanceof OpenFile) {
        return 'file';
    }
    if (object instanceof FolioList) {
        return 'folios';
    }
    return object instanceof Inode ? 'inode' : undefined;
}
