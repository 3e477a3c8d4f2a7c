/** Mounts of tmpfs for processes, and natives for their handlers. */
import { O_DIRECTORY, O_PATH, O_RDWR } from '../../kernel/fs/fcntl';
import { OpenFile } from '../../kernel/fs/file';
import { Inode } from '../../kernel/fs/inode';
import { chargeTo } from '../../kernel/fs/memfd';
import { Mount, NO_LIMITS } from '../../kernel/fs/mounts';
import { Superblock } from '../../kernel/fs/superblock';
import {
    type GivenOptions,
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
import { Err, err } from '../../kernel/release/errno';
import { BOOL, FD, INT, objectOf, RECORD, STRING, type Value } from '../../language/types';
import { asBool, asString } from '../../language/values';
import { fileArg, flagsArg, isLeftOut, lengthArg, numberOr } from './arguments';
import { constant, done, fdMethod, fn, Members, param, SYSCALL } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

export const mountObject = new Members(Mount, 'mount', 'A mount of a tmpfs (`struct vfsmount`).')
    .field('sb', objectOf('superblock'), 'The tmpfs.', (mount) => mount.sb)
    .field('root', objectOf('inode'), 'The directory that is mounted.', (mount) => mount.root)
    .field('idmapped', BOOL, 'Mapped ids of owners.', (mount) => mount.idmapped);

export const superblockObject = new Members(Superblock, 'superblock', 'A tmpfs (`struct shmem_sb_info`).')
    .field('root', objectOf('inode'), 'Its root directory.', (sb) => sb.root)
    .field('max_blocks', INT, 'Its limit in pages.', (sb) => sb.options.maxBlocks)
    .field('mode', INT, 'The option `mode=`.', (sb) => sb.options.mode)
    .field('mpol', BOOL, 'A memory policy.', (sb) => sb.options.mpol)
    .field('quota', BOOL, 'Quotas of users.', (sb) => sb.options.quota)
    .field('casefold', BOOL, 'Names regardless of case.', (sb) => sb.options.casefold);

/** Members of an open file for the handlers of tmpfs. */
export const mountOfFile = new Members(OpenFile, 'file', '').field(
    'mount',
    objectOf('mount'),
    'Its mount of a tmpfs, or `none`.',
    (file) => mountRefOf(file)?.mount ?? null,
);

/** Members of an inode for the handlers of tmpfs. */
export const namedInode = new Members(Inode, 'inode', '')
    .field(
        'parent',
        objectOf('inode'),
        'The directory of its name, or `none`.',
        (inode) => dentryOf(inode)?.parent ?? null,
    )
    .field('dentry_name', STRING, 'Its name in a tmpfs.', (inode) => dentryOf(inode)?.name ?? '');

export const tmpfsConstants: readonly NativeGlobal[] = [
    constant('O_DIRECTORY', O_DIRECTORY, 'only a directory'),
    constant('O_PATH', O_PATH, 'a place only: most calls fail with `EBADF`'),
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

const SIZES = [SIZE_PARAM, INODES_PARAM, param('mode', INT, NO_LIMITS.mode)];

/** The flags of `options:`, as mount(8) and mount_setattr(2) name them. */
const FLAGS = ['usrquota', 'casefold', 'idmap'];

const pathArg = (v: Value): string => asString(v, 'the path');

export const tmpfsFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'mount_tmpfs',
        [param('path', STRING), ...SIZES, MPOL_PARAM, param('options', STRING, '')],
        SYSCALL,
        '`mount(2)` of a new tmpfs. Limits: half of the memory, and an inode for two pages; 0: none. `options`: `usrquota`, `casefold`, `idmap`.',
        ({ running }, [path, size, inodes, mode, mpol, text]) => {
            const flags = asString(text, 'the options').split(',');
            if (flags.some((f) => f !== '' && !FLAGS.includes(f))) {
                return err('EINVAL');
            }
            const given = {
                ...options(size, inodes, mpol),
                mode: flagsArg(mode, 'the mode'),
                quota: flags.includes('usrquota'),
                casefold: flags.includes('casefold'),
            };
            return done(sysMountTmpfs(running, pathArg(path), given, flags.includes('idmap')));
        },
    ),
    fn(
        'fsmount_tmpfs',
        SIZES,
        { ...SYSCALL, result: FD },
        '`fsmount(2)` of a new tmpfs: a descriptor (`O_PATH`) with which the mount ends, unless it is attached.',
        ({ running, process }, [size, inodes, mode]) =>
            sysFsmountTmpfs(running, process, {
                ...options(size, inodes, null),
                mode: flagsArg(mode, 'the mode'),
            }),
    ),
    fn(
        'remount_tmpfs',
        [param('path', STRING), SIZE_PARAM, INODES_PARAM, MPOL_PARAM],
        SYSCALL,
        '`mount(2)` with `MS_REMOUNT`. `EINVAL` for a limit below what is used.',
        ({ running }, [path, size, inodes, mpol]) =>
            done(sysRemountTmpfs(running, pathArg(path), options(size, inodes, mpol))),
    ),
    fn(
        'bind_mount',
        [param('from', STRING), param('to', STRING)],
        SYSCALL,
        '`mount(2)` with `MS_BIND` of a directory of a tmpfs.',
        ({ running }, [from, to]) => done(sysBindMount(running, pathArg(from), pathArg(to))),
    ),
    fn(
        'umount',
        [param('path', STRING)],
        SYSCALL,
        '`umount(2)` of a tmpfs. `EBUSY` while a file in it is open.',
        ({ running }, [path]) => done(sysUmount(running, pathArg(path))),
    ),
    fn(
        'statfs',
        [param('path', STRING)],
        { ...SYSCALL, result: RECORD },
        '`statfs(2)` of a tmpfs: a record of `blocks`, `bfree`, `files`, `ffree`.',
        (context, [path]) => {
            const numbers = sysStatfs(context.running, pathArg(path));
            return numbers instanceof Err ? numbers : context.record(Object.entries(numbers));
        },
    ),
    fn(
        'mkdir',
        [param('path', STRING), param('mode', INT, 0o755)],
        SYSCALL,
        '`mkdir(2)` on a tmpfs.',
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
        'Creates a tmpfs, with a file as `fsmount(2)` does.',
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
        '`file_open_root()`: creates a file in the root of a mount. `EEXIST`, `ENOSPC`.',
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
        '`openat(2)` in a directory of a tmpfs.',
        ({ running, process }, fd, [path, flags, mode]) =>
            sysOpenat(running, process, fd, pathArg(path), flagsArg(flags, 'the flags'), flagsArg(mode, 'the mode')),
    ),
    fdMethod(
        'move_mount',
        [param('path', STRING)],
        SYSCALL,
        '`move_mount(2)` of this mount. `EINVAL` if it is not the root of one, or it is gone.',
        ({ running, process }, fd, [path]) => done(sysMoveMount(running, process, fd, pathArg(path))),
    ),
];
