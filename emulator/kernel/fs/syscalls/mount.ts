/** mount(2), umount(2), fsmount(2) and move_mount(2) of tmpfs, and statfs(2) (fs/namespace.c, mm/shmem.c). */
import { Err, err } from '../../release/errno';
import type { OpenFile } from '../file';
import { Mount, type MountEnv, NO_LIMITS } from '../mounts';
import { fgetRaw, installNewFd, type Process } from '../process';
import { DirectoryInode, Superblock } from '../superblock';
import { destroyIfUnused, makeDetached, mountRefOf } from '../tmpfs';
import type { TmpfsOptions } from '../tmpfs-limits';

const EINVAL = err('EINVAL');
const ENOENT = err('ENOENT');
const EOPNOTSUPP = err('EOPNOTSUPP');
const ENOTDIR = err('ENOTDIR');

/** The options of a mount as a program gives them; what is left out has its default. */
export interface GivenOptions {
    /** Bytes; 0: unlimited. Default: half of the memory. */
    readonly size?: number;
    /** 0: unlimited. Default: one for each two pages of memory. */
    readonly inodes?: number;
    readonly mode?: number;
    readonly mpol?: boolean;
    readonly quota?: boolean;
    readonly casefold?: boolean;
}

function optionsOf(k: MountEnv, { size, inodes, mode, mpol, quota, casefold }: GivenOptions): TmpfsOptions {
    const half = Math.floor(k.pages.managedPages / 2);
    return {
        maxBlocks: size === undefined ? half : Math.ceil(size / k.page.size),
        maxInodes: inodes ?? half,
        mode: (mode ?? NO_LIMITS.mode) & 0o7777,
        mpol: mpol ?? false,
        quota: quota ?? false,
        casefold: casefold ?? false,
    };
}

/** mount(2) of a new tmpfs. ENOENT, ENOTDIR for the directory. */
export function sysMountTmpfs(k: MountEnv, path: string, given: GivenOptions, idmapped: boolean): 0 | Err {
    const target = k.mounts.directoryAt(path);
    if (target === 0) {
        const sb = new Superblock(k.journal, optionsOf(k, given));
        k.mounts.attach(new Mount(k.journal, sb, sb.root, idmapped), path);
    }
    return target;
}

/** fsopen(2), fsconfig(2) and fsmount(2) of a new tmpfs: a descriptor (O_PATH) of a detached mount. EMFILE. */
export function sysFsmountTmpfs(k: MountEnv, p: Process, given: GivenOptions): number | Err {
    return installNewFd(k, p, makeDetached(k, optionsOf(k, given)));
}

/**
 * Remounts the tmpfs at a path with other options (shmem_reconfigure). EINVAL if there is no mount, for limits below
 * what is used, and for limits where there were none.
 */
export function sysRemountTmpfs(
    k: MountEnv,
    path: string,
    given: Pick<GivenOptions, 'size' | 'inodes' | 'mpol'>,
): 0 | Err {
    const mount = mountAt(k, path);
    if (!mount) {
        return EINVAL;
    }
    const { sb } = mount;
    const now = sb.options;
    const wanted = optionsOf(k, { size: now.maxBlocks * k.page.size, inodes: now.maxInodes, ...given });
    const refused = (max: number, old: number, used: number): boolean =>
        max !== old && max > 0 && (old === 0 || max < used);
    if (
        refused(wanted.maxBlocks, now.maxBlocks, sb.usedBlocks) ||
        refused(wanted.maxInodes, now.maxInodes, sb.usedInodes)
    ) {
        return EINVAL;
    }
    k.journal.edit<Superblock>(sb).options = {
        ...now,
        maxBlocks: wanted.maxBlocks,
        maxInodes: wanted.maxInodes,
        mpol: given.mpol ?? now.mpol,
    };
    return 0;
}

/** The mount whose root a path is. */
function mountAt(k: MountEnv, path: string): Mount | undefined {
    const found = k.mounts.lookup(path);
    return found === undefined || found instanceof Err || found.inode !== found.mount.root ? undefined : found.mount;
}

/** mount(2) with MS_BIND: a directory of a tmpfs appears at another path, too. ENOENT, ENOTDIR. */
export function sysBindMount(k: MountEnv, from: string, to: string): 0 | Err {
    const found = k.mounts.lookup(from) ?? ENOENT;
    if (found instanceof Err) {
        return found;
    }
    if (!(found.inode instanceof DirectoryInode)) {
        return found.inode ? ENOTDIR : ENOENT;
    }
    const target = k.mounts.directoryAt(to);
    if (target === 0) {
        k.mounts.attach(new Mount(k.journal, found.mount.sb, found.inode, found.mount.idmapped), to);
    }
    return target;
}

/** umount(2). EINVAL, EBUSY; see {@link Mounts.detach}. The last mount takes the files with it. */
export function sysUmount(k: MountEnv, path: string): 0 | Err {
    const mount = k.mounts.detach(path);
    if (mount instanceof Err) {
        return mount;
    }
    destroyIfUnused(k, mount.sb);
    return 0;
}

/**
 * move_mount(2) with MOVE_MOUNT_F_EMPTY_PATH: attaches the mount of a descriptor. EBADF, EINVAL if it is not the root
 * of a mount, or the mount is gone; the errors of {@link Mounts.move}.
 */
export function sysMoveMount(k: MountEnv, p: Process, fd: number, path: string): 0 | Err {
    const file = fgetRaw(p, fd);
    if (file instanceof Err) {
        return file;
    }
    const mount = rootedAt(file);
    return mount ? k.mounts.move(mount, path) : EINVAL;
}

/** The mount of whose root a file is. */
function rootedAt(file: OpenFile): Mount | undefined {
    const mount = mountRefOf(file)?.mount;
    return mount && file.inode === mount.root ? mount : undefined;
}

/** The result of statfs(2) of a tmpfs: `blocks` in pages; 0: no limit. */
interface Statfs {
    readonly blocks: number;
    readonly bfree: number;
    readonly files: number;
    readonly ffree: number;
}

/** statfs(2) of a path on a tmpfs. ENOENT; EOPNOTSUPP for other file systems, which the emulator does not have. */
export function sysStatfs(k: MountEnv, path: string): Statfs | Err {
    const found = k.mounts.lookup(path) ?? EOPNOTSUPP;
    if (found instanceof Err) {
        return found;
    }
    if (!found.inode) {
        return ENOENT;
    }
    const { usedBlocks, usedInodes, options } = found.mount.sb;
    const free = (max: number, used: number): number => (max === 0 ? 0 : max - used);
    return {
        blocks: options.maxBlocks,
        bfree: free(options.maxBlocks, usedBlocks),
        files: options.maxInodes,
        ffree: free(options.maxInodes, usedInodes),
    };
}
