/** A tmpfs with its tree of directories and files (mm/shmem.c, fs/dcache.c). */
import { type Journal, JournaledMap } from '../../machine/journal';
import { S_IFDIR } from './fcntl';
import { Inode } from './inode';
import { TmpfsLimits, type TmpfsOptions } from './tmpfs-limits';

/** The number of the root directory in its tmpfs. Other numbers are given out by the kernel. */
const ROOT_INO = 1;

/** A tmpfs. */
export class Superblock extends TmpfsLimits {
    /** Its attached mounts, and the open files on it. Without any, it is destroyed with its files. */
    readonly users: number = 0;
    readonly root: DirectoryInode;

    constructor(journal: Journal, options: TmpfsOptions) {
        super(journal, options);
        this.root = new DirectoryInode(journal, ROOT_INO, options.mode, this);
    }
}

/** A name in a directory (struct dentry). A name that was unlinked keeps its directory. */
export class Dentry {
    constructor(
        readonly parent: DirectoryInode,
        readonly name: string,
    ) {}

    /** The path from the root of its tmpfs, without a slash at the start. */
    get path(): string {
        const { dentry } = this.parent;
        return dentry ? `${dentry.path}/${this.name}` : this.name;
    }
}

/** A directory of a tmpfs. */
export class DirectoryInode extends Inode {
    /** Files and directories by name. */
    readonly children: JournaledMap<string, Inode>;
    /** Null: the root directory. */
    readonly dentry: Dentry | null = null;

    constructor(
        journal: Journal,
        ino: number,
        mode: number,
        readonly sb: Superblock,
    ) {
        super(journal, ino, 'directory', S_IFDIR + mode);
        this.children = new JournaledMap(journal);
        journal.edit<Inode>(this).nlink = 2;
    }
}
