/**
 * Allocation of huge pages during boot: the pages on the command line, minus those that the previous kernel preserved.
 */
import { allocateBootPages, fillPools } from '../../kernel/hugetlb/boot';
import type { HugePagesWanted } from '../../kernel/hugetlb/parameters';
import type { BootContext } from '../../kernel/kho/boot-context';
import type { Area } from '../../kernel/kho/env';
import { JournaledRecord } from '../../machine/journal';
import type { Host } from './host';

export class BootHugePages extends JournaledRecord {
    /** Pages by their size in bytes. Replaced, never changed in place. */
    readonly preserved: ReadonlyMap<number, number> = new Map();
    /** The addresses of the gigantic pages allocated so far. */
    readonly taken: readonly number[] = [];

    constructor(
        private readonly host: Host,
        private readonly context: BootContext,
        private readonly wanted: readonly HugePagesWanted[],
    ) {
        super(host.machine.journal);
    }

    /** Records that the previous kernel preserved `count` pages of `size` bytes; a size of 0 means none. */
    preserve(size: number, count: number): undefined {
        if (size > 0 && count > 0) {
            this.host.machine.journal.edit<BootHugePages>(this).preserved = new Map(this.preserved).set(size, count);
        }
        return undefined;
    }

    /** hugetlb_bootmem_alloc(): once all of RAM is known. */
    bootmemAlloc(scratch: readonly Area[]): undefined {
        if (this.wanted.length > 0) {
            this.host.machine.journal.edit<BootHugePages>(this).taken = allocateBootPages(
                this.context,
                this.wanted,
                this.preserved,
                scratch,
            );
        }
        return undefined;
    }

    /** hugetlb_init(): once there is a page allocator. */
    init(): undefined {
        fillPools(this.host.running.hugetlb, this.context, this.wanted, this.taken, this.preserved);
        return undefined;
    }
}
