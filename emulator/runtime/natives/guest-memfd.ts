/** guest_memfd for `.lus` code, and natives for the handlers of guest_memfd and of VMs. */
import { OpenFile } from '../../kernel/fs/file';
import { pageOf } from '../../kernel/fs/offset';
import { guestMemfdOfFile, makeVm, vmOf } from '../../kernel/kvm/file';
import {
    addGuestPage,
    createGuestMemfd,
    GUEST_MEMFD_FLAG_INIT_SHARED,
    GUEST_MEMFD_FLAG_MMAP,
    GuestMemfd,
    GuestMemfdInode,
    guestMemfdOf,
} from '../../kernel/kvm/guest-memfd';
import { VirtualMachine } from '../../kernel/kvm/vm';
import { Err } from '../../kernel/release/errno';
import { BOOL, FD, INT, objectOf, STRING, SIZE } from '../../language/types';
import { asBool, asNumber, asString } from '../../language/values';
import { fileArg, folioArg, indexArg, lengthArg, offsetArg } from './arguments';
import { constant, done, fdMethodOn, fn, Members, param } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

export const guestMemfdObject = new Members(
    GuestMemfd,
    'guest_memory',
    'The memory of a `guest_memfd`, as used by its handler.',
)
    .field('size', SIZE, 'The size in bytes.', ({ inode }) => inode.size)
    .field('flags', INT, 'The OR of `GUEST_MEMFD_FLAG_…`.', ({ inode }) => inode.flags)
    .field(
        'shared',
        BOOL,
        'Whether it was created shared with the host, and none of it was converted.',
        ({ inode }) => inode.shared,
    )
    .journaledIn(
        (memory: GuestMemfd) => memory.inode,
        'frozen',
        'frozen',
        BOOL,
        'Whether its pages are frozen. Can be assigned.',
        asBool,
    )
    .field('poisoned', INT, 'The number of pages with a hardware error.', ({ inode }) => inode.poisoned.length)
    .field('vm', objectOf('file'), 'The VM that it belongs to; `none` if that VM is gone.', ({ inode }) =>
        inode.vm.gone ? null : inode.vm.file,
    )
    .method(
        'folios',
        [],
        { result: objectOf('folios') },
        'Its pages in their order, without holes.',
        ({ inode }, _args, { running }) => inode.folios(running.page),
    )
    .method(
        'add_folio',
        [param('folio', objectOf('folio')), param('index', INT)],
        { fails: true },
        'Adds a page at a page offset, and takes its own reference. EINVAL, EEXIST.',
        ({ inode }, [folio, index], { running }) =>
            done(addGuestPage(running, inode, folioArg(folio), indexArg(index, 'the index'))),
    );

export const vmObject = new Members(
    VirtualMachine,
    'virtual_machine',
    'A virtual machine, as used by its handler.',
).field('name', STRING, 'Its name.', (machine) => machine.name);

/** Members of an open file for its handler. */
export const guestOfFile = new Members(OpenFile, 'file', '')
    .field(
        'guest_memfd',
        objectOf('guest_memory'),
        'The memory behind a `guest_memfd`; `none` for other files.',
        ({ inode }) => (inode instanceof GuestMemfdInode ? inode.memory : null),
    )
    .field(
        'kvm',
        objectOf('virtual_machine'),
        'The virtual machine behind a `kvm_vm`; `none` for other files.',
        ({ priv }) => (priv instanceof VirtualMachine ? priv : null),
    );

export const guestMemfdFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'kvm_alloc_file',
        [param('name', STRING)],
        { fails: true, result: objectOf('file') },
        'Creates a VM without vCPUs and memory, and its file, without a descriptor. EEXIST if the name is taken.',
        ({ running }, [name]) => {
            const made = makeVm(running, asString(name, 'the name'));
            return made instanceof Err ? made : made.file;
        },
    ),
    fn(
        'guest_memfd_alloc_file',
        [param('vm', objectOf('file')), param('size', INT), param('flags', INT)],
        { fails: true, result: objectOf('file') },
        'Creates a guest_memfd of a VM, without a descriptor. EINVAL.',
        ({ running }, [owner, size, flags]) =>
            guestMemfdOfFile(running, fileArg(owner), lengthArg(size, 'the size'), asNumber(flags, 'the flags')),
    ),
];

const onVm = fdMethodOn(vmOf);
const onGuestMemfd = fdMethodOn(guestMemfdOf);

export const guestMemfdSyscalls: readonly NativeFunction<NativeContext>[] = [
    onVm(
        'create_guest_memfd',
        [param('size', INT), param('flags', INT, GUEST_MEMFD_FLAG_MMAP + GUEST_MEMFD_FLAG_INIT_SHARED)],
        { result: FD },
        '`KVM_CREATE_GUEST_MEMFD` on a VM: creates memory that belongs to it, for `set_memory()`. `flags`: the OR of `GUEST_MEMFD_FLAG_…` (default: both). ' +
            'The file has no read and write, its size is fixed, and fallocate() takes whole pages only. EINVAL (the size, flags), EMFILE. ENOTTY if the file is not a VM.',
        (owner, [size, flags], { running, process }) =>
            createGuestMemfd(running, process, owner, lengthArg(size, 'the size'), asNumber(flags, 'the flags')),
    ),
    onVm(
        'create_vcpus',
        [param('count', INT)],
        {},
        '`KVM_CREATE_VCPU` on a VM without vCPUs, such as a retrieved one. EEXIST if it has vCPUs, EINVAL. ENOTTY if the file is not a VM.',
        (owner, [count]) => owner.createVcpus(asNumber(count, 'the count')),
    ),
    onVm(
        'set_private',
        [param('at', INT), param('length', INT), param('private', BOOL, true)],
        {},
        '`KVM_SET_MEMORY_ATTRIBUTES` on a VM: makes a range of guest addresses private to the guest, or shared with the host. EINVAL if the memory is not a guest_memfd, EPERM if it is frozen. ENOTTY if the file is not a VM.',
        (owner, [at, length, isPrivate]) =>
            owner.convert(asNumber(at, 'the address'), asNumber(length, 'the length'), asBool(isPrivate, 'private')),
    ),
    onGuestMemfd(
        'poison',
        [param('at', INT)],
        {},
        'Injects a hardware error into the page at an offset of a guest_memfd (`MADV_HWPOISON`): guests that access it are notified. ENOENT if there is no page. ENOTTY on other files.',
        (inode, [at], { running }) => inode.poison(running, pageOf(running, offsetArg(at, 'the offset'))),
    ),
];

export const guestMemfdConstants: readonly NativeGlobal<NativeContext>[] = [
    constant('GUEST_MEMFD_FLAG_MMAP', GUEST_MEMFD_FLAG_MMAP, 'create_guest_memfd(): user space may map the memory.'),
    constant(
        'GUEST_MEMFD_FLAG_INIT_SHARED',
        GUEST_MEMFD_FLAG_INIT_SHARED,
        'create_guest_memfd(): the memory is shared with the host from the start.',
    ),
];
