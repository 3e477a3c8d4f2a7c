/** guest_memfd for `.lus` code, and what handlers of it and of VMs need. */
import { Err, err } from '../../kernel/release/errno';
import { FolioList } from '../../kernel/mm/file-folios';
import { makeVm, vmOf } from '../../kernel/kvm/file';
import {
    addGuestPage,
    GUEST_MEMFD_FLAG_INIT_SHARED,
    GUEST_MEMFD_FLAG_MMAP,
    GuestMemfd,
    GuestMemfdInode,
    makeGuestMemfd,
} from '../../kernel/kvm/guest-memfd';
import { VirtualMachine } from '../../kernel/kvm/vm';
import { fget, installFd } from '../../kernel/fs/process';
import { PAGE_SIZE } from '../../machine/memory';
import { BOOL, FD, INT, NONE, objectOf, STRING } from '../../language/types';
import type { NativeField, NativeFunction, NativeGlobal } from './native';
import { asBool, asNumber, asString } from '../../language/values';
import { constant, fdArg, fileArg, folioArg, lengthArg, offsetArg } from './arguments';
import { fn, Members, param } from './define';

const EINVAL = err('EINVAL');
const ENOTTY = err('ENOTTY');

export const guestMemfdObject = new Members(
    GuestMemfd,
    'guest_memory',
    'Memory that belongs to a virtual machine (`guest_memfd`), as its handler sees it.',
)
    .field('size', INT, 'In bytes.', ({ inode: g }) => g.size)
    .field('flags', INT, 'The OR of `GUEST_MEMFD_FLAG_…`.', ({ inode: g }) => g.flags)
    .field(
        'shared',
        BOOL,
        'It was made shared with the host, and nothing of it was converted.',
        ({ inode: g }) => g.shared,
    )
    .field(
        'frozen',
        BOOL,
        'Its pages stay as they are. Can be assigned.',
        ({ inode: g }) => g.frozen,
        ({ inode: g }, v, vm) => {
            vm.machine.journal.edit(g).frozen = asBool(v, 'frozen');
        },
    )
    .field('poisoned', INT, 'Pages with a hardware error.', ({ inode: g }) => g.poisoned.length)
    .field('vm', objectOf('file'), 'The VM that it belongs to; `none` where that is gone.', ({ inode: g }) =>
        g.vm.gone ? null : g.vm.file,
    )
    .method(
        'folios',
        [],
        { result: objectOf('folios') },
        'Its pages in their order, without the holes.',
        ({ inode: g }) => {
            const list = new FolioList(g.cache.pages);
            for (let index = g.cache.next(0, Infinity); index >= 0; index = g.cache.next(index + 1, Infinity)) {
                list.push(g.cache.at(index));
            }
            return list;
        },
    )
    .method(
        'add_folio',
        [param('folio', objectOf('folio')), param('index', INT)],
        { fails: true },
        'Puts a page into it at a page offset; it takes a reference of its own. EINVAL, EEXIST.',
        ({ inode: g }, [folio, index], vm) => {
            const result = addGuestPage(vm.running, g, folioArg(folio), offsetArg(index, 'the index'));
            return result === 0 ? undefined : result;
        },
    );

export const vmObject = new Members(
    VirtualMachine,
    'virtual_machine',
    'A virtual machine, as its handler sees it.',
).field('name', STRING, 'Its name.', (v) => v.name);

/** What an open file of a kind is to its handler. */
export const guestFileFields: readonly NativeField[] = [
    {
        name: 'guest_memfd',
        type: objectOf('guest_memory'),
        doc: 'The memory behind a `guest_memfd`; `none` for other files.',
        get: (_vm, file) => {
            const { inode } = fileArg(file);
            return inode instanceof GuestMemfdInode ? inode.memory : null;
        },
    },
    {
        name: 'kvm',
        type: objectOf('virtual_machine'),
        doc: 'The virtual machine behind a `kvm_vm`; `none` for other files.',
        get: (_vm, file) => {
            const { priv } = fileArg(file);
            return priv instanceof VirtualMachine ? priv : null;
        },
    },
];

export const guestMemfdFunctions: readonly NativeFunction[] = [
    fn(
        'kvm_alloc_file',
        [param('name', STRING)],
        { fails: true, result: objectOf('file') },
        'A new VM without vCPUs and memory, and its file, without a descriptor. EEXIST where there is one of this name.',
        (vm, [name]) => {
            const made = makeVm(vm.running, asString(name, 'the name'));
            return made instanceof Err ? made : made.file;
        },
    ),
    fn(
        'guest_memfd_alloc_file',
        [param('vm', objectOf('file')), param('size', INT), param('flags', INT)],
        { fails: true, result: objectOf('file') },
        'A new guest_memfd of a VM, without a descriptor. EINVAL.',
        (vm, [owner, size, flags]) => {
            const { priv } = fileArg(owner);
            return priv instanceof VirtualMachine
                ? makeGuestMemfd(vm.running, priv, lengthArg(size, 'the size'), asNumber(flags, 'the flags'))
                : EINVAL;
        },
    ),
];

export const guestMemfdSyscalls: readonly NativeFunction[] = [
    fn(
        'create_guest_memfd',
        [param('size', INT), param('flags', INT, GUEST_MEMFD_FLAG_MMAP + GUEST_MEMFD_FLAG_INIT_SHARED)],
        { context: 'user', result: FD, fails: true, syscall: true },
        '`KVM_CREATE_GUEST_MEMFD` on a VM: memory that belongs to it, for `set_memory()`. `flags`: the OR of `GUEST_MEMFD_FLAG_…`, left out: both. ' +
            'It has no read and write, its size stays as it is, and fallocate() is for whole pages. EINVAL (the size, flags), EMFILE. ENOTTY on other files than a VM.',
        (vm, [fd, size, flags]) => {
            const owner = vmOf(vm.process, fdArg(fd));
            if (owner instanceof Err) {
                return owner;
            }
            const free = vm.process.fds.unused(vm.process.nofile);
            if (free instanceof Err) {
                return free;
            }
            const file = makeGuestMemfd(vm.running, owner, lengthArg(size, 'the size'), asNumber(flags, 'the flags'));
            return file instanceof Err ? file : installFd(vm.process, file, true);
        },
    ),
    fn(
        'create_vcpus',
        [param('count', INT)],
        { context: 'user', result: NONE, fails: true, syscall: true },
        '`KVM_CREATE_VCPU` on a VM that has no vCPUs, as a retrieved one. EEXIST where it has some, EINVAL. ENOTTY on other files than a VM.',
        (vm, [fd, count]) => {
            const owner = vmOf(vm.process, fdArg(fd));
            const n = asNumber(count, 'the count');
            return owner instanceof Err ? owner : n < 1 ? EINVAL : owner.createVcpus(n);
        },
    ),
    fn(
        'set_private',
        [param('at', INT), param('length', INT), param('private', BOOL, true)],
        { context: 'user', result: NONE, fails: true, syscall: true },
        "`KVM_SET_MEMORY_ATTRIBUTES` on a VM: a range of the guest's addresses becomes private to it, or shared with the host. EINVAL where that is no guest_memfd; EPERM where that is frozen. ENOTTY on other files than a VM.",
        (vm, [fd, at, length, isPrivate]) => {
            const owner = vmOf(vm.process, fdArg(fd));
            return owner instanceof Err
                ? owner
                : owner.space.convert(
                      asNumber(at, 'the address'),
                      asNumber(length, 'the length'),
                      asBool(isPrivate, 'private'),
                  );
        },
    ),
    fn(
        'poison',
        [param('at', INT)],
        { context: 'user', result: NONE, fails: true, syscall: true },
        'A hardware error in the page at an offset of a guest_memfd (`MADV_HWPOISON`): guests that touch it are told. ENOENT where no page is. ENOTTY on other files.',
        (vm, [fd, at]) => {
            const file = fget(vm.process, fdArg(fd));
            if (file instanceof Err) {
                return file;
            }
            const { inode } = file;
            if (!(inode instanceof GuestMemfdInode)) {
                return ENOTTY;
            }
            const index = Math.floor(offsetArg(at, 'the offset') / PAGE_SIZE);
            if (inode.cache.at(index) < 0) {
                return err('ENOENT');
            }
            vm.machine.journal.edit(inode).poisoned = [...new Set([...inode.poisoned, index])].sort((a, b) => a - b);
            inode.vm.space.unmap(inode, index * PAGE_SIZE, PAGE_SIZE);
            return undefined;
        },
    ),
];

export const guestMemfdConstants: readonly NativeGlobal[] = [
    constant('GUEST_MEMFD_FLAG_MMAP', GUEST_MEMFD_FLAG_MMAP, 'create_guest_memfd(): user space may map it.'),
    constant(
        'GUEST_MEMFD_FLAG_INIT_SHARED',
        GUEST_MEMFD_FLAG_INIT_SHARED,
        'create_guest_memfd(): it is shared with the host from the start.',
    ),
];
