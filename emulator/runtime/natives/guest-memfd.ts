/** guest_memfd for `.lus` code, and what handlers of it and of VMs need. */
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
import { BOOL, FD, INT, objectOf, STRING } from '../../language/types';
import { asBool, asNumber, asString } from '../../language/values';
import { fileArg, folioArg, indexArg, lengthArg, offsetArg } from './arguments';
import { constant, done, fdMethodOn, fn, Members, param } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

export const guestMemfdObject = new Members(
    GuestMemfd,
    'guest_memory',
    'Memory that belongs to a virtual machine (`guest_memfd`), as its handler sees it.',
)
    .field('size', INT, 'In bytes.', ({ inode }) => inode.size)
    .field('flags', INT, 'The OR of `GUEST_MEMFD_FLAG_…`.', ({ inode }) => inode.flags)
    .field(
        'shared',
        BOOL,
        'It was made shared with the host, and nothing of it was converted.',
        ({ inode }) => inode.shared,
    )
    .journaledIn(
        (memory: GuestMemfd) => memory.inode,
        'frozen',
        'frozen',
        BOOL,
        'Its pages stay as they are. Can be assigned.',
        asBool,
    )
    .field('poisoned', INT, 'Pages with a hardware error.', ({ inode }) => inode.poisoned.length)
    .field('vm', objectOf('file'), 'The VM that it belongs to; `none` where that is gone.', ({ inode }) =>
        inode.vm.gone ? null : inode.vm.file,
    )
    .method(
        'folios',
        [],
        { result: objectOf('folios') },
        'Its pages in their order, without the holes.',
        ({ inode }, _args, { running }) => inode.folios(running.page),
    )
    .method(
        'add_folio',
        [param('folio', objectOf('folio')), param('index', INT)],
        { fails: true },
        'Puts a page into it at a page offset; it takes a reference of its own. EINVAL, EEXIST.',
        ({ inode }, [folio, index], { running }) =>
            done(addGuestPage(running, inode, folioArg(folio), indexArg(index, 'the index'))),
    );

export const vmObject = new Members(
    VirtualMachine,
    'virtual_machine',
    'A virtual machine, as its handler sees it.',
).field('name', STRING, 'Its name.', (machine) => machine.name);

/** What an open file of a kind is to its handler. */
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
        'A new VM without vCPUs and memory, and its file, without a descriptor. EEXIST where there is one of this name.',
        ({ running }, [name]) => {
            const made = makeVm(running, asString(name, 'the name'));
            return made instanceof Err ? made : made.file;
        },
    ),
    fn(
        'guest_memfd_alloc_file',
        [param('vm', objectOf('file')), param('size', INT), param('flags', INT)],
        { fails: true, result: objectOf('file') },
        'A new guest_memfd of a VM, without a descriptor. EINVAL.',
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
        '`KVM_CREATE_GUEST_MEMFD` on a VM: memory that belongs to it, for `set_memory()`. `flags`: the OR of `GUEST_MEMFD_FLAG_…`, left out: both. ' +
            'It has no read and write, its size stays as it is, and fallocate() is for whole pages. EINVAL (the size, flags), EMFILE. ENOTTY on other files than a VM.',
        (owner, [size, flags], { running, process }) =>
            createGuestMemfd(running, process, owner, lengthArg(size, 'the size'), asNumber(flags, 'the flags')),
    ),
    onVm(
        'create_vcpus',
        [param('count', INT)],
        {},
        '`KVM_CREATE_VCPU` on a VM that has no vCPUs, as a retrieved one. EEXIST where it has some, EINVAL. ENOTTY on other files than a VM.',
        (owner, [count]) => owner.createVcpus(asNumber(count, 'the count')),
    ),
    onVm(
        'set_private',
        [param('at', INT), param('length', INT), param('private', BOOL, true)],
        {},
        "`KVM_SET_MEMORY_ATTRIBUTES` on a VM: a range of the guest's addresses becomes private to it, or shared with the host. EINVAL where that is no guest_memfd; EPERM where that is frozen. ENOTTY on other files than a VM.",
        (owner, [at, length, isPrivate]) =>
            owner.space.convert(
                asNumber(at, 'the address'),
                asNumber(length, 'the length'),
                asBool(isPrivate, 'private'),
            ),
    ),
    onGuestMemfd(
        'poison',
        [param('at', INT)],
        {},
        'A hardware error in the page at an offset of a guest_memfd (`MADV_HWPOISON`): guests that touch it are told. ENOENT where no page is. ENOTTY on other files.',
        (inode, [at], { running }) => inode.poison(running, pageOf(running, offsetArg(at, 'the offset'))),
    ),
];

export const guestMemfdConstants: readonly NativeGlobal<NativeContext>[] = [
    constant('GUEST_MEMFD_FLAG_MMAP', GUEST_MEMFD_FLAG_MMAP, 'create_guest_memfd(): user space may map it.'),
    constant(
        'GUEST_MEMFD_FLAG_INIT_SHARED',
        GUEST_MEMFD_FLAG_INIT_SHARED,
        'create_guest_memfd(): it is shared with the host from the start.',
    ),
];
