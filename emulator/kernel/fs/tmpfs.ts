/** Files and directories of a tmpfs: how they are created, opened, named and released (mm/shmem.c, fs/namei.c). */
import type { KernelCore } from './core';
import { type Err, err } from '../release/errno';
import { O_ACCMODE, O_APPEND, O_LARGEFILE, O_NONBLOCK, O_PATH, O_RDWR, O_TMPFILE } from './fcntl';
import { allocFile, type FileOps, type OpenFile } from './file';
import type { Inode } from './inode';
import { genericLlseek } from './llseek';
import { type Found, Mount } from './mounts';
import { makeShmemInode, ShmemInode } from './shmem';
import { shmemOps } from './shmem-file';
import { Dentry, DirectoryInode, Superblock } from './superblock';
import type { TmpfsOptions } from './tmpfs-limits';
import { encodeText } from '../../text/utf8';

const EEXIST = err('EEXIST');
const EINVAL = err('EINVAL');
const EISDIR = err('EISDIR');
const ENAMETOOLONG = err('ENAMETOOLONG');
const ENOENT = err('ENOENT');
const ENOSPC = err('ENOSPC');
const ENOTDIR = err('ENOTDIR');
const ENOTEMPTY = err('ENOTEMPTY');
const EXDEV = err('EXDEV');

/** The longest name, in bytes. */
const NAME_MAX = 255;

/** How an open file refers to the mount through which it was opened. */
class MountRef {
    constructor(
        readonly mount: Mount,
        /**
         * FMODE_NEED_UNMOUNT: the descriptor of a mount that was created detached. Closed before the mount is attached,
         * it takes the mount with it.
         */
        readonly owns: boolean,
    ) {}
}

/** The reference of a file to its mount; undefined for files that are not on a tmpfs. */
export function mountRefOf({ priv }: OpenFile): MountRef | undefined {
    return priv instanceof MountRef ? priv : undefined;
}

const tmpfsOps: FileOps = { ...shmemOps, release: releaseRef };

const directoryOps: FileOps = {
    positioned: true,
    read: () => EISDIR,
    llseek: (k, file, offset, whence) => genericLlseek(k, file, offset, whence, file.inode.size),
    release: releaseRef,
};

/** The status flags that a file keeps of those of open(). */
export const STATUS = O_ACCMODE | O_APPEND | O_NONBLOCK;

/** Opens a file or a directory through a mount. */
function openOn(k: KernelCore, mount: Mount, inode: Inode, flags: number, name: string, owns = false): OpenFile {
    const [kind, ops] = inode instanceof DirectoryInode ? ['directory', directoryOps] : ['tmpfs', tmpfsOps];
    const file = allocFile(k, kind, ops, inode, flags, name);
    k.journal.edit(file).priv = new MountRef(mount, owns);
    k.journal.edit<Mount>(mount).opens++;
    k.journal.edit<Superblock>(mount.sb).users++;
    return file;
}

/** The flags of a file: O_PATH stands alone, and files are opened by programs of 64 bits. */
function fileFlags(flags: number): number {
    return flags & O_PATH ? O_PATH : (flags & STATUS) | O_LARGEFILE;
}

/** Opens what a path has led to. */
export function openFound(k: KernelCore, { mount, name }: Found, inode: Inode, flags: number): OpenFile {
    return openOn(k, mount, inode, fileFlags(flags), pathIn(mount, inode, name));
}

/** Opens the inode of an open file once more, through the same mount (`/proc/self/fd/N`). */
export function reopen(k: KernelCore, file: OpenFile, { mount }: MountRef, flags: number): OpenFile {
    return openOn(k, mount, file.inode, fileFlags(flags), file.name);
}

/** The mount that ends when this file is released; undefined: none. */
export function mountEndedBy(file: OpenFile): Mount | undefined {
    const ref = mountRefOf(file);
    return ref?.owns === true && ref.mount.point === null ? ref.mount : undefined;
}

/** The release of a file on a tmpfs, with dissolve_on_fput() of fs/namespace.c. */
function releaseRef(k: KernelCore, file: OpenFile): void {
    const ref = mountRefOf(file);
    if (ref) {
        const mount = k.journal.edit<Mount>(ref.mount);
        mount.opens--;
        if (mountEndedBy(file)) {
            mount.gone = true;
        }
        k.journal.edit<Superblock>(mount.sb).users--;
        destroyIfUnused(k, mount.sb);
    }
}

/** Frees a tmpfs that is neither mounted nor has open files, with its files (kill_anon_super()). */
export function destroyIfUnused(k: KernelCore, sb: Superblock): void {
    if (sb.users === 0) {
        dropTree(k, sb.root);
    }
}

function dropTree(k: KernelCore, { children }: DirectoryInode): void {
    for (const inode of children.values()) {
        if (inode instanceof DirectoryInode) {
            dropTree(k, inode);
        }
        k.journal.edit(inode).nlink = 0;
        inode.evict(k);
    }
    children.clear();
}

/** The files of a tmpfs with names, with their paths from its root. */
export function* filesOf({ children }: DirectoryInode): IterableIterator<ShmemInode> {
    for (const inode of children.values()) {
        if (inode instanceof DirectoryInode) {
            yield* filesOf(inode);
        } else if (inode instanceof ShmemInode) {
            yield inode;
        }
    }
}

/** Creates a tmpfs with a detached mount, and the file that owns the mount (fsmount(2), tmpfs_create_mount()). */
export function makeDetached(k: KernelCore, options: TmpfsOptions, idmapped = false): OpenFile {
    const sb = new Superblock(k.journal, options);
    return openOn(k, new Mount(k.journal, sb, sb.root, idmapped), sb.root, O_PATH, '/', true);
}

/**
 * Creates an empty file under a name that does not exist, and opens it. ENAMETOOLONG, ENOSPC.
 * @param mode permission bits
 */
export function createNamed(k: KernelCore, mount: Mount, name: Dentry, flags: number, mode: number): OpenFile | Err {
    const failed = newName(mount, name);
    if (failed !== 0) {
        return failed;
    }
    const inode = makeShmemInode(k, pathOf(mount, name), mount.sb, mode, 1);
    k.journal.edit<ShmemInode>(inode).dentry = name;
    name.parent.children.set(name.name, inode);
    return openOn(k, mount, inode, fileFlags(flags), pathOf(mount, name));
}

/** Accounts for an inode with a new name. */
function newName({ sb }: Mount, { name }: Dentry): 0 | Err {
    if (encodeText(name).length > NAME_MAX) {
        return ENAMETOOLONG;
    }
    return sb.takeInode() ? 0 : ENOSPC;
}

/** Creates a file without a name in a directory (O_TMPFILE), and opens it. ENOSPC. */
export function createUnnamed(
    k: KernelCore,
    mount: Mount,
    directory: DirectoryInode,
    flags: number,
    mode: number,
): OpenFile | Err {
    if (!mount.sb.takeInode()) {
        return ENOSPC;
    }
    const at = pathIn(mount, directory, directory.dentry);
    const inode = makeShmemInode(k, `${at}/#tmpfile`, mount.sb, mode, 0);
    const name = `${at}/#${inode.ino} (deleted)`;
    return openOn(k, mount, inode, fileFlags(flags) | O_TMPFILE, name);
}

/** Creates a directory. EEXIST, ENAMETOOLONG, ENOSPC. */
export function makeDirectory(k: KernelCore, { mount, inode, name }: Found, mode: number): 0 | Err {
    if (inode || !name) {
        return EEXIST;
    }
    const failed = newName(mount, name);
    if (failed !== 0) {
        return failed;
    }
    const directory = new DirectoryInode(k.journal, k.ids.nextInode(k.journal), mode, mount.sb);
    k.journal.edit<DirectoryInode>(directory).dentry = name;
    k.journal.edit<Inode>(name.parent).nlink++;
    name.parent.children.set(name.name, directory);
    return 0;
}

/** Removes a name of a file (unlink(2)). ENOENT; EISDIR for directories. */
export function removeName(k: KernelCore, { inode, name }: Found): 0 | Err {
    if (!inode) {
        return ENOENT;
    }
    if (!name || inode instanceof DirectoryInode) {
        return EISDIR;
    }
    name.parent.children.delete(name.name);
    k.journal.edit(inode).nlink--;
    inode.evict(k);
    return 0;
}

/**
 * Gives a file or a directory another name (rename(2)); a file that had the name loses it. ENOENT, EXDEV between
 * mounts, EINVAL into itself, EISDIR, ENOTDIR and ENOTEMPTY for a name that another one has.
 */
export function rename(k: KernelCore, from: Found, to: Found): 0 | Err {
    const { inode, name } = from;
    if (from.mount !== to.mount) {
        return EXDEV;
    }
    if (!inode) {
        return ENOENT;
    }
    if (!name || !to.name) {
        return err('EBUSY');
    }
    if (encodeText(to.name.name).length > NAME_MAX) {
        return ENAMETOOLONG;
    }
    if (inode === to.inode) {
        return 0;
    }
    if (inode instanceof DirectoryInode && isIn(to.name.parent, inode)) {
        return EINVAL;
    }
    const replaced = replace(k, inode, to);
    if (replaced !== 0) {
        return replaced;
    }
    name.parent.children.delete(name.name);
    to.name.parent.children.set(to.name.name, inode);
    if (inode instanceof DirectoryInode) {
        k.journal.edit<Inode>(name.parent).nlink--;
        k.journal.edit<Inode>(to.name.parent).nlink++;
        k.journal.edit<DirectoryInode>(inode).dentry = to.name;
    } else if (inode instanceof ShmemInode) {
        k.journal.edit<ShmemInode>(inode).dentry = to.name;
    }
    return 0;
}

/** Removes what has the new name of an inode. */
function replace(k: KernelCore, inode: Inode, to: Found): 0 | Err {
    const old = to.inode;
    if (!old || !to.name) {
        return 0;
    }
    if (!(old instanceof DirectoryInode)) {
        return inode instanceof DirectoryInode ? ENOTDIR : removeName(k, to);
    }
    if (!(inode instanceof DirectoryInode)) {
        return EISDIR;
    }
    if (old.children.size > 0) {
        return ENOTEMPTY;
    }
    k.journal.edit<Inode>(to.name.parent).nlink--;
    to.name.parent.children.delete(to.name.name);
    old.sb.freeInode();
    return 0;
}

function isIn(directory: DirectoryInode, other: DirectoryInode): boolean {
    for (let at: DirectoryInode | undefined = directory; at; at = at.dentry?.parent) {
        if (at === other) {
            return true;
        }
    }
    return false;
}

/** The path of a name, as d_path() builds it: in a detached mount it begins at the root of the mount. */
function pathOf(mount: Mount, name: Dentry): string {
    const { dentry } = mount.root;
    const path = dentry ? name.path.slice(dentry.path.length + 1) : name.path;
    return `${mount.point ?? ''}/${path}`;
}

function pathIn(mount: Mount, inode: Inode, name: Dentry | null): string {
    return inode === mount.root || !name ? (mount.point ?? '/') : pathOf(mount, name);
}

/** The name of a file or directory, also if it was unlinked; null: it has never had one, or is a root directory. */
export function dentryOf(inode: Inode): Dentry | null {
    const name = inode instanceof DirectoryInode || inode instanceof ShmemInode ? inode.dentry : null;
    return name instanceof Dentry ? name : null;
}

/** The path of an open file of a tmpfs, as it is now. */
export function pathOfFile(file: OpenFile, { mount }: MountRef): string {
    const { inode } = file;
    const name = dentryOf(inode);
    if (inode instanceof ShmemInode && (name === null || inode.nlink === 0)) {
        return name ? `${pathOf(mount, name)} (deleted)` : file.name;
    }
    return pathIn(mount, inode, name);
}

/**
 * Creates a file in the root of a mount for a handler (file_open_root() with O_CREAT | O_EXCL). EEXIST, EINVAL, ENOSPC.
 */
export function createInRoot(k: KernelCore, mountFile: OpenFile, name: string, mode: number): OpenFile | Err {
    const ref = mountRefOf(mountFile);
    if (!ref) {
        return EINVAL;
    }
    const { root } = ref.mount;
    return root.children.has(name) ? EEXIST : createNamed(k, ref.mount, new Dentry(root, name), O_RDWR, mode);
}
