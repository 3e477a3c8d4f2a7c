/** Mounts of tmpfs for processes, and natives for their handlers. */
import { O_DIRECTORY, O_PATH, O_RDWR } from '../../kernel/fs/fcntl';
import { OpenFile } from '../../kernel/fs/file';
import { Inode } from '../../kernel/fs/inode';
import { chargeTo } from '../../kernel/fs/memfd';
import { Mount, NO_LIMITS } from '../../kernel/fs/mounts';
import { Superblock } from '../../kernel/fs/superblock';
import {
    type GivenOptions,
    Statfs,
    sysBindMount,
    sysFsmountTmpfs,
    sysMountTmpfs,
    sysMoveMount,
    sysRemountTmpfs,
    sysStatfs,
    sysUmount,
} from '../../kernel/fs/syscalls/mount';
import { sysMkdir, sysOpenat, sysRename } from '../../kernel/fs/syscalls/open';
import { createInRoot, dentryOf, makeDetached, mountRefOf } from '../../kernel/fs/tmpfs';
import { Err } from '../../kernel/release/errno';
import { BOOL, FD, INT, objectOf, STRING, type Value } from '../../language/types';
import { asBool, asString } from '../../language/values';
import { fileArg, flagsArg, isLeftOut, lengthArg, numberOr } from './arguments';
import { constant, done, fdMethod, fn, Members, param, SYSCALL } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

export const mountObject = new Members(
    Mount,
    'mount',
    'A mount of a tmpfs (`struct vfsmount`), as used by its handler.',
)
    .field('sb', objectOf('superblock'), 'The tmpfs that is mounted.', (mount) => mount.sb)
    .field(
        'root',
        objectOf('inode'),
        'The directory that is mounted: not the root of the tmpfs for a bind mount of a directory in it.',
        (mount) => mount.root,
    )
    .field(
        'point',
        STRING,
        'The path where it is mounted; empty if it is detached or unmounted.',
        (mount) => mount.point ?? '',
    )
    .field('idmapped', BOOL, 'Whether it maps the ids of owners.', (mount) => mount.idmapped);

export const superblockObject = new Members(Superblock, 'superblock', 'A tmpfs (`struct shmem_sb_info`).')
    .field('root', objectOf('inode'), 'Its root directory.', (sb) => sb.root)
    .field('max_blocks', INT, 'Its limit in pages; 0: unlimited.', (sb) => sb.options.maxBlocks)
    .field('used_blocks', INT, 'The number of pages of its files.', (sb) => sb.usedBlocks)
    .field('max_inodes', INT, 'Its limit in inodes; 0: unlimited.', (sb) => sb.options.maxInodes)
    .field('used_inodes', INT, 'The number of its inodes.', (sb) => sb.usedInodes)
    .field(
        'mode',
        INT,
        'The option `mode=`, which a later chmod() of the root directory does not change.',
        (sb) => sb.options.mode,
    )
    .field('mpol', BOOL, 'Whether it has a memory policy.', (sb) => sb.options.mpol)
    .field('quota', BOOL, 'Whether it enforces quotas of users.', (sb) => sb.options.quota)
    .field('casefold', BOOL, 'Whether it looks up names regardless of case.', (sb) => sb.options.casefold);

export const statfsObject = new Members(Statfs, 'statfs', 'The result of `statfs()`.', false)
    .field('blocks', INT, 'The limit in pages; 0: unlimited.', (s) => s.blocks)
    .field('bfree', INT, 'Pages below the limit.', (s) => s.bfree)
    .field('files', INT, 'The limit in inodes; 0: unlimited.', (s) => s.files)
    .field('ffree', INT, 'Inodes below the limit.', (s) => s.ffree);

/** Members of an open file for the handlers of tmpfs. */
export const mountOfFile = new Members(OpenFile, 'file', '').field(
    'mount',
    objectOf('mount'),
    'The mount of the tmpfs that a file or directory is on; `none` for other files.',
    (file) => mountRefOf(file)?.mount ?? null,
);

/** Members of an inode for the handlers of tmpfs. */
export const namedInode = new Members(Inode, 'inode', '')
    .field(
        'parent',
        objectOf('inode'),
        'The directory in which it has its name, also if it was unlinked there; `none` for a memfd and for the root of a tmpfs.',
        (inode) => dentryOf(inode)?.parent ?? null,
    )
    .field(
        'dentry_name',
        STRING,
        'Its name in that directory; empty without one.',
        (inode) => dentryOf(inode)?.name ?? '',
    );

export const tmpfsConstants: readonly NativeGlobal[] = [
    constant('O_DIRECTORY', O_DIRECTORY, 'fail with `ENOTDIR` if it is not a directory'),
    constant(
        'O_PATH',
        O_PATH,
        'a descriptor that only stands for a place: most calls, PRESERVE_FD too, fail with `EBADF`',
    ),
];

const SIZE_PARAM = param('size', INT, null);
const INODES_PARAM = param('inodes', INT, null);
const MPOL_PARAM = param('mpol', BOOL, null);

const boolOr = (v: Value, what: string): boolean | undefined => (isLeftOut(v) ? undefined : asBool(v, what));

function options(size: Value, inodes: Value, mpol: Value): GivenOptions {
    const bytes = isLeftOut(size) ? undefined : lengthArg(size, 'the size');
    const count = numberOr(inodes, 'the number of inodes', undefined);
    const policy = boolOr(mpol, 'mpol');
    return {
        ...(bytes === undefined ? {} : { size: bytes }),
        ...(count === undefined ? {} : { inodes: count }),
        ...(policy === undefined ? {} : { mpol: policy }),
    };
}

/** The options of a new mount, in the order of {@link MOUNT_PARAMS}. */
function newOptions([size, inodes, mode, mpol, quota, casefold]: readonly Value[]): GivenOptions {
    return {
        ...options(size, inodes, mpol),
        mode: numberOr(mode, 'the mode', NO_LIMITS.mode),
        quota: quota === true,
        casefold: casefold === true,
    };
}

const MOUNT_PARAMS = [
    SIZE_PARAM,
    INODES_PARAM,
    param('mode', INT, NO_LIMITS.mode),
    MPOL_PARAM,
    param('quota', BOOL, false),
    param('casefold', BOOL, false),
];

const pathArg = (v: Value): string => asString(v, 'the path');

export const tmpfsFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'mount_tmpfs',
        [param('path', STRING), ...MOUNT_PARAMS, param('idmapped', BOOL, false)],
        SYSCALL,
        '`mount(2)` of a new tmpfs at a directory. `size` in bytes and `inodes`: its limits, half of the memory and one for each two pages if left out, 0: none. `mode`: of its root directory. `mpol`, `quota`, `casefold`, `idmapped`: whether it has a memory policy, quotas of users, names regardless of case, mapped ids. Outside of tmpfs, every directory exists.',
        ({ running }, [path, ...rest]) =>
            done(sysMountTmpfs(running, pathArg(path), newOptions(rest), rest[MOUNT_PARAMS.length] === true)),
    ),
    fn(
        'fsmount_tmpfs',
        MOUNT_PARAMS,
        { ...SYSCALL, result: FD },
        '`fsmount(2)` of a new tmpfs: a descriptor (`O_PATH`) of a mount that is not attached anywhere. Options as for `mount_tmpfs()`. Closing it before `move_mount()` ends the mount.',
        ({ running, process }, args) => sysFsmountTmpfs(running, process, newOptions(args)),
    ),
    fn(
        'remount_tmpfs',
        [param('path', STRING), SIZE_PARAM, INODES_PARAM, MPOL_PARAM],
        SYSCALL,
        '`mount(2)` with `MS_REMOUNT`: changes options of the tmpfs at a path. `EINVAL` for a limit below what is used, or where there was none.',
        ({ running }, [path, size, inodes, mpol]) =>
            done(sysRemountTmpfs(running, pathArg(path), options(size, inodes, mpol))),
    ),
    fn(
        'bind_mount',
        [param('from', STRING), param('to', STRING)],
        SYSCALL,
        '`mount(2)` with `MS_BIND`: a directory of a tmpfs appears at another path, too.',
        ({ running }, [from, to]) => done(sysBindMount(running, pathArg(from), pathArg(to))),
    ),
    fn(
        'umount',
        [param('path', STRING)],
        SYSCALL,
        '`umount(2)` of a tmpfs. `EBUSY` while a file in it is open, also by a session; `EINVAL` if nothing is mounted there. The last mount takes the files with it.',
        ({ running }, [path]) => done(sysUmount(running, pathArg(path))),
    ),
    fn(
        'statfs',
        [param('path', STRING)],
        { ...SYSCALL, result: objectOf('statfs') },
        '`statfs(2)` of a tmpfs: `blocks` and `bfree` in pages, `files` and `ffree` in inodes.',
        ({ running }, [path]) => sysStatfs(running, pathArg(path)),
    ),
    fn(
        'mkdir',
        [param('path', STRING), param('mode', INT, 0o755)],
        SYSCALL,
        '`mkdir(2)` on a tmpfs. `EEXIST`, `ENOENT`, `ENOTDIR`, `ENOSPC`.',
        ({ running }, [path, mode]) => done(sysMkdir(running, pathArg(path), flagsArg(mode, 'the mode'))),
    ),
    fn(
        'rename',
        [param('from', STRING), param('to', STRING)],
        SYSCALL,
        '`rename(2)` within a tmpfs. `EXDEV` between mounts.',
        ({ running }, [from, to]) => done(sysRename(running, pathArg(from), pathArg(to))),
    ),
    fn(
        'tmpfs_create_mount',
        [param('max_blocks', INT), param('mode', INT)],
        { result: objectOf('file') },
        'Creates a tmpfs with a detached mount, and the file that `fsmount(2)` would give: `O_PATH`, and it ends the mount if it is closed first. The other options have their defaults.',
        ({ running }, [blocks, mode]) =>
            makeDetached(running, {
                ...NO_LIMITS,
                maxBlocks: lengthArg(blocks, 'the number of blocks'),
                maxInodes: Math.floor(running.pages.managedPages / 2),
                mode: flagsArg(mode, 'the mode'),
            }),
    ),
    fn(
        'tmpfs_create_file',
        [param('mount', objectOf('file')), param('name', STRING), param('mode', INT)],
        { result: objectOf('file'), fails: true },
        '`file_open_root()` with `O_CREAT | O_EXCL`: creates an empty file in the root of a mount, without a descriptor. It is visible by its name from now on. `EEXIST`, `ENOSPC`.',
        ({ running, process }, [mount, name, mode]) => {
            const file = createInRoot(running, fileArg(mount), asString(name, 'the name'), flagsArg(mode, 'the mode'));
            if (!(file instanceof Err)) {
                chargeTo(running, file, process);
            }
            return file;
        },
    ),
];

export const tmpfsMethods: readonly NativeFunction<NativeContext>[] = [
    fdMethod(
        'openat',
        [param('path', STRING), param('flags', INT, O_RDWR), param('mode', INT, 0o600)],
        { ...SYSCALL, result: FD },
        '`openat(2)`: a path that begins at this directory of a tmpfs; `.` is the directory itself. `ENOTDIR`; the errors of `open()`.',
        ({ running, process }, fd, [path, flags, mode]) =>
            sysOpenat(running, process, fd, pathArg(path), flagsArg(flags, 'the flags'), flagsArg(mode, 'the mode')),
    ),
    fdMethod(
        'move_mount',
        [param('path', STRING)],
        SYSCALL,
        '`move_mount(2)` with `MOVE_MOUNT_F_EMPTY_PATH`: attaches the mount of this descriptor at a directory. `EINVAL` if it is not the root of a mount, or the mount is gone.',
        ({ running, process }, fd, [path]) => done(sysMoveMount(running, process, fd, pathArg(path))),
    ),
];
