/** What system calls and kernel functions refuse, errno by errno, asked of the kernel itself. */
import assert from 'node:assert/strict';
import { Hwpt } from '../../../emulator/kernel/devices/hwpt';
import { iommufdOf, openIommufd } from '../../../emulator/kernel/devices/iommufd';
import { MFD_ALLOW_SEALING, O_RDWR } from '../../../emulator/kernel/fs/fcntl';
import { cachedPages, getSeals, hugetlbFileOfSize, isFrozen, memfdAllocFile } from '../../../emulator/kernel/fs/memfd';
import { openMemDevice } from '../../../emulator/kernel/fs/mem-devices';
import { installFd, memoryCurrent, type Process, setMemoryMax } from '../../../emulator/kernel/fs/process';
import { exposeFolio, ShmemInode } from '../../../emulator/kernel/fs/shmem';
import { writeShmem } from '../../../emulator/kernel/fs/shmem-file';
import { bytesInScratch, folioAt, nodeOf, sysMovePages } from '../../../emulator/kernel/fs/syscalls/placement';
import type { Kernel } from '../../../emulator/kernel/kernel';
import { FdtBuilder, FdtNodeRef } from '../../../emulator/kernel/kho/fdt-tree';
import { reservedAddress } from '../../../emulator/kernel/kho/reserve-mem';
import { guestMemfdOfFile, makeVm } from '../../../emulator/kernel/kvm/file';
import { createGuestMemfd, GUEST_MEMFD_FLAG_MMAP, guestMemfdOf } from '../../../emulator/kernel/kvm/guest-memfd';
import { err } from '../../../emulator/kernel/release/errno';
import { PAGES_4K } from '../../../emulator/machine/arch';
import { Bytes } from '../../../emulator/machine/bytes';
import { bareKernel } from '../../support/bare-kernel';
import { MiB } from '../../support/kho-host';

const PAGE_SIZE = PAGES_4K.size;

/** A memfd with one page behind a hole, and its descriptor. */
function memfd(kernel: Kernel, process: Process): { fd: number; inode: ShmemInode } {
    const file = memfdAllocFile(kernel, 'ram', MFD_ALLOW_SEALING);
    const { inode } = file;
    assert.ok(inode instanceof ShmemInode);
    writeShmem(kernel, inode, PAGE_SIZE, Bytes.pattern(1, PAGE_SIZE));
    const fd = installFd(process, file, false);
    assert.ok(typeof fd === 'number');
    return { fd, inode };
}

suite('errors of the kernel: memory of files', () => {
    test('where a page of a file is', () => {
        const { kernel, context } = bareKernel();
        const { process } = context;
        const { fd, inode } = memfd(kernel, process);
        assert.equal(folioAt(kernel, process, fd, PAGE_SIZE + 5), inode.cache.at(1));
        assert.equal(folioAt(kernel, process, fd, 0), err('ENOENT'), 'a hole');
        assert.equal(folioAt(kernel, process, 0, 0), err('EINVAL'), '/dev/null');
        assert.equal(folioAt(kernel, process, 99, 0), err('EBADF'));
        assert.equal(bytesInScratch(kernel, process, fd), 0);
        assert.equal(bytesInScratch(kernel, process, 0), err('EINVAL'));
    });

    test('move_pages() looks at the file first, then at the node', () => {
        const { kernel, context } = bareKernel();
        const { process } = context;
        const { fd } = memfd(kernel, process);
        assert.equal(sysMovePages(kernel, process, 99, 7), err('EBADF'));
        assert.equal(sysMovePages(kernel, process, 0, 7), err('EINVAL'));
        assert.equal(sysMovePages(kernel, process, fd, 7), err('ENODEV'));
        assert.equal(sysMovePages(kernel, process, fd, 0), 0, 'it is there');
        assert.equal(nodeOf(kernel, 1), err('ENODEV'));
    });

    test('what only files in memory have', () => {
        const { kernel, context } = bareKernel();
        const { inode } = memfd(kernel, context.process);
        const other = openMemDevice(kernel, '/dev/null', O_RDWR).inode;
        assert.equal(getSeals({ inode }), 0);
        assert.equal(getSeals({ inode: other }), err('EINVAL'));
        assert.deepEqual([cachedPages(inode), cachedPages(other)], [1, 0]);
        kernel.journal.edit(inode).frozen = true;
        assert.deepEqual([isFrozen(inode), isFrozen(other)], [true, false]);
        assert.equal(exposeFolio(kernel, inode, 1), inode.cache.at(1));
        assert.equal(exposeFolio(kernel, inode, 2), err('EINVAL'), 'beyond the end');
        assert.equal(exposeFolio(kernel, other, 0), err('EINVAL'));
    });

    test('a folio has an order, and its flags', () => {
        const { kernel } = bareKernel();
        const owner = kernel.owners.id('me');
        assert.equal(kernel.folios.alloc(-1, { owner }), err('EINVAL'));
        assert.equal(kernel.folios.alloc(11, { owner }), err('ENOMEM'), 'more than the allocator has in one piece');
        const pfn = kernel.folios.alloc(2, { owner });
        assert.ok(typeof pfn === 'number');
        assert.equal(kernel.folios.sizeOf(pfn), 4 * PAGE_SIZE);
        const flag = 4;
        kernel.folios.setFlag(pfn, flag);
        kernel.folios.setFlag(pfn, flag);
        assert.ok(kernel.folios.hasFlag(pfn, flag));
        kernel.folios.clearFlag(pfn, flag);
        assert.equal(kernel.folios.hasFlag(pfn, flag), false);
        kernel.memory.write((pfn + 3) * PAGE_SIZE, Uint8Array.of(9));
        kernel.folios.zero(pfn);
        assert.deepEqual([...kernel.memory.read((pfn + 3) * PAGE_SIZE, 1)], [0]);
    });

    test('huge pages are of the sizes of pools', () => {
        const { kernel } = bareKernel();
        assert.equal(hugetlbFileOfSize(kernel, 'f', 0, 16 * MiB), err('ENODEV'));
        const made = hugetlbFileOfSize(kernel, 'f', 0, 2 * MiB);
        assert.ok('inode' in made);
        const small = kernel.folios.alloc(0, { owner: 1 });
        assert.ok(typeof small === 'number');
        assert.equal(kernel.hugetlb.adopt(small), err('EINVAL'));
        const huge = kernel.folios.alloc(9, { owner: 1 });
        assert.ok(typeof huge === 'number');
        assert.equal(kernel.hugetlb.adopt(huge), undefined);
        kernel.folios.put(huge);
        assert.equal(kernel.hugetlb.sized(2 * MiB)?.free, 1, 'its last reference gives it to the pool');
    });

    test('memory.current is counted where there is a limit', () => {
        const { kernel, context } = bareKernel();
        assert.equal(memoryCurrent(kernel, context.process), 0);
        setMemoryMax(kernel, context.process, MiB);
        assert.equal(context.process.memcg?.charge(3), true);
        assert.equal(memoryCurrent(kernel, context.process), 3 * PAGE_SIZE);
    });

    test('a name that reserve_mem= has not given is at 0', () => {
        const memory = { regions: [{ name: 'trace', addr: 0x1000, size: 0x1000, revived: false }], lost: [] };
        assert.equal(reservedAddress(memory, 'trace'), 0x1000);
        assert.equal(reservedAddress(memory, 'oops'), 0);
    });
});

suite('errors of the kernel: virtual machines and iommufd', () => {
    test('guest_memfd', () => {
        const { kernel, context } = bareKernel();
        const { process } = context;
        const made = makeVm(kernel, 'guest');
        assert.ok('vm' in made);
        const { vm, file } = made;
        const null_ = openMemDevice(kernel, '/dev/null', O_RDWR);
        assert.equal(guestMemfdOfFile(kernel, null_, MiB, GUEST_MEMFD_FLAG_MMAP), err('EINVAL'));
        assert.equal(guestMemfdOfFile(kernel, file, 5, GUEST_MEMFD_FLAG_MMAP), err('EINVAL'));
        const files = kernel.ids.file;
        kernel.journal.edit(process).nofile = 3;
        assert.equal(createGuestMemfd(kernel, process, vm, MiB, GUEST_MEMFD_FLAG_MMAP), err('EMFILE'));
        assert.equal(kernel.ids.file, files, 'no file was made');
        kernel.journal.edit(process).nofile = 10;
        const fd = createGuestMemfd(kernel, process, vm, MiB, GUEST_MEMFD_FLAG_MMAP);
        assert.equal(fd, 3);
        assert.equal(guestMemfdOf(process, 0), err('ENOTTY'));
        assert.equal(guestMemfdOf(process, 9), err('EBADF'));
        const inode = guestMemfdOf(process, fd);
        assert.ok('poison' in inode);
        assert.equal(inode.poison(kernel, 1), err('ENOENT'));
        const page = inode.page(kernel, 1);
        assert.equal(inode.poison(kernel, 1), undefined);
        assert.equal(inode.poison(kernel, 1), undefined, 'once more');
        assert.deepEqual(inode.poisoned, [1]);
        assert.equal(inode.folios(PAGES_4K).length, 1);
        assert.equal(inode.folios(PAGES_4K).pfn(0), page);
    });

    test('vCPUs are made once, and more than none', () => {
        const { kernel } = bareKernel();
        const made = makeVm(kernel, 'guest');
        assert.ok('vm' in made);
        assert.equal(made.vm.createVcpus(0), err('EINVAL'));
        assert.equal(made.vm.createVcpus(2), undefined);
        assert.equal(made.vm.createVcpus(0), err('EINVAL'), 'that comes first');
        assert.equal(made.vm.createVcpus(2), err('EEXIST'));
    });

    test('hardware page tables are marked in kernels with the layer iommu', () => {
        const { kernel, context } = bareKernel({ iommu: 'vtd' });
        const file = openIommufd(kernel, O_RDWR);
        const fd = installFd(context.process, file, false);
        assert.ok(typeof fd === 'number');
        const iommufd = iommufdOf(context.process, fd);
        assert.ok('allocate' in iommufd);
        assert.equal(iommufd.incomingOf(7), err('ENOENT'));
        assert.equal(iommufd.receive(0x1000, 7), err('ENOENT'));
        const table = iommufd.allocate().allocate(5);
        assert.ok(table instanceof Hwpt);
        assert.equal(table.mark(7), err('ENOTTY'));
        assert.equal(table.token, null);
        assert.deepEqual([table.deviceCount, table.sealed, table.backing], [0, true, []]);
    });
});

suite('errors of the kernel: device trees', () => {
    test('what was written is read again, and what is not there is an error', () => {
        const { kernel, host } = bareKernel();
        const { machine } = host;
        const builder = new FdtBuilder(kernel.journal);
        builder.beginNode('');
        builder.propertyString('compatible', 'luo-v1');
        builder.propertyU64('number', 2n ** 60n);
        builder.beginNode('luo-session');
        builder.propertyString('short', 'abc');
        builder.endNode();
        builder.endNode();
        const at = 0x20_0000;
        assert.equal(builder.finish(machine.memory, at, 16), err('ENOSPC'));
        assert.equal(FdtNodeRef.rootAt(machine, at), err('EINVAL'), 'nothing was written');
        assert.equal(builder.finish(machine.memory, at, PAGE_SIZE), undefined);
        const root = FdtNodeRef.rootAt(machine, at);
        assert.ok(root instanceof FdtNodeRef);
        assert.ok(root.isCompatible('luo-v1'));
        assert.equal(root.isCompatible('luo-v2'), false);
        assert.equal(root.text('compatible'), 'luo-v1');
        assert.equal(root.text('missing'), '');
        assert.equal(root.u64('number'), 2n ** 60n);
        assert.equal(root.u64('missing'), err('ENOENT'));
        const child = root.child('luo-session');
        assert.ok(child instanceof FdtNodeRef);
        assert.equal(child.u64('short'), err('EINVAL'), 'not 8 bytes');
        assert.equal(root.child('luo-flb'), err('ENOENT'));
        assert.deepEqual([root.hasChild('luo-session'), root.hasChild('luo-flb')], [true, false]);
        assert.equal(FdtNodeRef.rootAt(machine, 2 ** 40), err('EINVAL'), 'no memory there');
    });
});
