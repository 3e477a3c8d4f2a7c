/** The limits of a tmpfs, and what its files use of them (struct shmem_sb_info, mm/shmem.c). */
import { type Journal, JournaledRecord } from '../../machine/journal';

/** The options of a mount; see tmpfs(5). */
export interface TmpfsOptions {
    /** `size=` or `nr_blocks=`, in pages. 0: unlimited. */
    readonly maxBlocks: number;
    /** `nr_inodes=`. 0: unlimited. */
    readonly maxInodes: number;
    /** `mode=`: permission bits of the root directory. */
    readonly mode: number;
    /** `mpol=`: whether its files have a memory policy. */
    readonly mpol: boolean;
    /** `usrquota`: whether the quotas of users are enforced. */
    readonly quota: boolean;
    /** `casefold`: whether names are looked up regardless of case. */
    readonly casefold: boolean;
}

export class TmpfsLimits extends JournaledRecord {
    readonly options: TmpfsOptions;
    /** Pages of its files. */
    readonly usedBlocks: number = 0;
    /** At first the root directory. */
    readonly usedInodes: number = 1;

    constructor(
        protected readonly journal: Journal,
        options: TmpfsOptions,
    ) {
        super(journal);
        this.options = options;
    }

    /** Accounts for pages of a file (shmem_inode_acct_blocks). False if the limit would be exceeded. */
    charge(pages: number): boolean {
        const { maxBlocks } = this.options;
        if (maxBlocks > 0 && this.usedBlocks + pages > maxBlocks) {
            return false;
        }
        this.journal.edit<TmpfsLimits>(this).usedBlocks += pages;
        return true;
    }

    uncharge(pages: number): void {
        this.journal.edit<TmpfsLimits>(this).usedBlocks -= pages;
    }

    /** Accounts for an inode (shmem_reserve_inode). False if there are as many as the limit allows. */
    takeInode(): boolean {
        const { maxInodes } = this.options;
        if (maxInodes > 0 && this.usedInodes >= maxInodes) {
            return false;
        }
        this.journal.edit<TmpfsLimits>(this).usedInodes++;
        return true;
    }

    freeInode(): void {
        this.journal.edit<TmpfsLimits>(this).usedInodes--;
    }

    display(): string {
        return `tmpfs of ${limited(this.usedBlocks, this.options.maxBlocks, 'pages')}, ${limited(this.usedInodes, this.options.maxInodes, 'inodes')}`;
    }
}

function limited(used: number, max: number, what: string): string {
    return max === 0 ? `${used} ${what}` : `${used} of ${max} ${what}`;
}
