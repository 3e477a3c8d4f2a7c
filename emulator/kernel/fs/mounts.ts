/** Mounts of tmpfs, and the paths that lead into them (fs/namespace.c, fs/namei.c). */
import { type Journal, JournaledList, JournaledRecord } from '../../machine/journal';
import { Err, err } from '../release/errno';
import type { Inode } from './inode';
import type { KernelCore } from './core';
import { Dentry, DirectoryInode, Superblock } from './superblock';
import type { TmpfsOptions } from './tmpfs-limits';

const EBUSY = err('EBUSY');
const EINVAL = err('EINVAL');
const ELOOP = err('ELOOP');
const ENOENT = err('ENOENT');
const ENOTDIR = err('ENOTDIR');

/** The options of a tmpfs that is mounted without any: the mounts of the boot have no limits here. */
export const NO_LIMITS: TmpfsOptions = {
    maxBlocks: 0,
    maxInodes: 0,
    mode: 0o1777,
    mpol: false,
    quota: false,
    casefold: false,
};

/** Where a tmpfs is mounted when a kernel has started. */
const AT_BOOT = ['/dev/shm', '/tmp', '/run'];

/** A tree of a tmpfs at a place in the file system, or detached (struct mount). */
export class Mount extends JournaledRecord {
    /** The path of the directory that it covers; null: it is detached. */
    readonly point: string | null = null;
    /** Open files that were opened through it. */
    readonly opens: number = 0;
    /** It was unmounted, or its descriptor was closed before it was attached: it cannot be attached any more. */
    readonly gone: boolean = false;

    constructor(
        journal: Journal,
        readonly sb: Superblock,
        /** The directory that appears at its place: not the root of the tmpfs for a bind mount of a directory in it. */
        readonly root: DirectoryInode,
        readonly idmapped: boolean,
    ) {
        super(journal);
    }

    display(): string {
        return `${this.point ?? (this.gone ? 'gone' : 'detached')}: ${this.sb.display()}`;
    }
}

/** What a path leads to: a name in a directory, where `inode` need not exist; or the root of a mount. */
export interface Found {
    readonly mount: Mount;
    readonly inode: Inode | undefined;
    /** Null: the root of the mount, which has no name there. */
    readonly name: Dentry | null;
}

/** The attached mounts of a kernel, oldest first. Paths outside of them are those of directories that exist. */
export class Mounts {
    readonly all: JournaledList<Mount>;

    constructor(private readonly journal: Journal) {
        this.all = new JournaledList(journal);
        for (const point of AT_BOOT) {
            const sb = new Superblock(journal, NO_LIMITS);
            this.attach(new Mount(journal, sb, sb.root, false), point);
        }
    }

    /** Those that were mounted since the boot. */
    get later(): readonly Mount[] {
        return this.all.items.slice(AT_BOOT.length);
    }

    /** The mount that covers a path: the newest of those with the longest mount point. */
    covering(path: string): Mount | undefined {
        let best: Mount | undefined;
        for (const mount of this.all) {
            const { point } = mount;
            if (
                point !== null &&
                (path === point || path.startsWith(`${point}/`)) &&
                point.length >= (best?.point?.length ?? 0)
            ) {
                best = mount;
            }
        }
        return best;
    }

    /**
     * Where a path leads; undefined: out of all mounts.
     * @returns ENOENT, ENOTDIR for a directory on the way
     */
    lookup(path: string): Found | Err | undefined {
        const at = normal(path);
        const mount = this.covering(at);
        return mount && walk(mount, mount.root, at.slice(mount.point?.length ?? 0));
    }

    /** Whether a directory exists at a path: outside of the mounts all do. */
    directoryAt(path: string): 0 | Err {
        const found = this.lookup(path);
        if (found instanceof Err) {
            return found;
        }
        return found === undefined || found.inode instanceof DirectoryInode ? 0 : found.inode ? ENOTDIR : ENOENT;
    }

    /** Attaches a detached mount; the directory at the path is covered by it. */
    attach(mount: Mount, path: string): void {
        this.journal.edit<Mount>(mount).point = normal(path);
        this.all.push(mount);
        this.journal.edit<Superblock>(mount.sb).users++;
    }

    /**
     * Moves a mount, attached or not (do_move_mount()). ELOOP into a directory of itself; EINVAL if it is gone, ENOENT
     * and ENOTDIR for the target.
     */
    move(mount: Mount, path: string): 0 | Err {
        if (mount.gone) {
            return EINVAL;
        }
        const target = this.directoryAt(path);
        if (target instanceof Err) {
            return target;
        }
        if (this.covering(normal(path)) === mount) {
            return ELOOP;
        }
        if (mount.point === null) {
            this.attach(mount, path);
        } else {
            this.journal.edit<Mount>(mount).point = normal(path);
        }
        return 0;
    }

    /**
     * Takes the mount at a path away (umount(2)). EINVAL if there is none, EBUSY while a file in it is open, or while
     * another mount lies in it.
     */
    detach(path: string): Mount | Err {
        const at = normal(path);
        const mount = this.all.items.findLast((m) => m.point === at);
        if (!mount) {
            return EINVAL;
        }
        if (mount.opens > 0 || this.all.items.some((m) => m.point?.startsWith(`${at}/`) === true)) {
            return EBUSY;
        }
        const gone = this.journal.edit<Mount>(mount);
        gone.point = null;
        gone.gone = true;
        this.all.remove(mount);
        this.journal.edit<Superblock>(mount.sb).users--;
        return mount;
    }
}

/** What system calls with paths need from their kernel. */
export interface MountEnv extends KernelCore {
    readonly mounts: Mounts;
}

/** A path without superfluous slashes. */
function normal(path: string): string {
    return path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}

/**
 * Walks from a directory of a mount (link_path_walk). `.` is the directory itself; `..` is not supported.
 * @param path relative
 */
export function walk(mount: Mount, from: DirectoryInode, path: string): Found | Err {
    let inode: Inode | undefined = from;
    let name: Dentry | null = from === mount.root ? null : from.dentry;
    for (const part of path.split('/').filter((p) => p !== '' && p !== '.')) {
        if (!(inode instanceof DirectoryInode)) {
            return inode ? ENOTDIR : ENOENT;
        }
        name = new Dentry(inode, part);
        inode = inode.children.get(part);
    }
    return { mount, inode, name };
}
