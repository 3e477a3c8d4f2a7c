/** What the memory of an owner is for. */
import { TREE_OWNER } from '../../kernel/kho/kho';
import { GuestMemfdInode } from '../../kernel/kvm/guest-memfd';
import { HugetlbInode } from '../../kernel/hugetlb/inode';
import { ShmemInode } from '../../kernel/fs/shmem';
import { TABLE_OWNER } from '../../kernel/devices/tables';
import type { Kernel } from '../../kernel/kernel';
import type { Kind } from './map';

/** Owners of tables: of translations, of interrupts, of preserved memory. */
const TABLES = new RegExp(`^(?:${TABLE_OWNER} |${TREE_OWNER}$|page tables|KHO vmalloc chunk|interrupt |LPI )`, 'i');
/** Owners of memory of files and processes. */
const USER = /^(?:memfd|tmpfs |page cache|HugeTLB|other programs|rest of the host)/;

/** The owners of the memory that virtual machines have as their own, by their memory slots. */
export function guestOwners(kernel: Kernel): Set<string> {
    const found = new Set<string>();
    for (const vm of kernel.vms) {
        for (const { file } of vm.slots) {
            const { inode } = file;
            if (inode instanceof ShmemInode || inode instanceof HugetlbInode || inode instanceof GuestMemfdInode) {
                found.add(kernel.owners.name(inode.owner));
            }
        }
    }
    return found;
}

/** @param guests see {@link guestOwners} */
export function kindOf(owner: string, guests: ReadonlySet<string>): Kind {
    if (guests.has(owner) || owner.startsWith('guest_memfd')) {
        return 'guest';
    }
    if (owner.startsWith('KHO scratch') && owner !== 'KHO scratch array') {
        return 'scratch';
    }
    return TABLES.test(owner) ? 'tables' : USER.test(owner) ? 'user' : 'kernel';
}
