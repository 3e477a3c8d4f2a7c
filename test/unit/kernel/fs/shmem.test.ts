/** Shared memory files: holes, sizes, seals and pins. */
import assert from 'node:assert/strict';
import { Err } from '../../../../emulator/kernel/release/errno';
import {
    F_SEAL_EXEC,
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    MFD_ALLOW_SEALING,
    MFD_NOEXEC_SEAL,
    SEEK_DATA,
    SEEK_HOLE,
} from '../../../../emulator/kernel/fs/fcntl';
import { fput, type OpenFile } from '../../../../emulator/kernel/fs/file';
import { addSeals, getSeals, memfdAllocFile, memfdPinFolios, unpinFolios } from '../../../../emulator/kernel/fs/memfd';
import { PG_DIRTY, PG_UPTODATE } from '../../../../emulator/kernel/mm/memmap';
import { addFolio, getFolio, type ShmemInode } from '../../../../emulator/kernel/fs/shmem';
import {
    fallocateShmem,
    readShmem,
    seekHoleData,
    shmemInodeOf,
    truncateShmem,
    writeShmem,
} from '../../../../emulator/kernel/fs/shmem-file';
import { minus } from '../../../../emulator/machine/int';
import { Bytes } from '../../../../emulator/machine/bytes';
import { Hasher } from '../../../../emulator/machine/hash';
import { testKernel, type TestKernel } from '../../../support/files-kernel';
import { nameOf } from '../../../support/errors';
import { Random } from '../../../support/random';

const PAGE = 4096;
const MiB = 1024 * 1024;

function memfd(k: TestKernel, flags = MFD_ALLOW_SEALING): { file: OpenFile; inode: ShmemInode } {
    const file = memfdAllocFile(k, 'memfd:test', flags);
    return { file, inode: shmemInodeOf(file) };
}

suite('shared memory files', () => {
    test('a folio that was only allocated keeps old memory and reads as zeroes, as a hole', () => {
        const k = testKernel();
        const first = memfd(k);
        writeShmem(k, first.inode, 0, Bytes.pattern(9, 4 * PAGE));
        fput(k, first.file);
        k.taskWork();
        const { inode } = memfd(k);
        assert.equal(fallocateShmem(k, inode, 0, 0, 2 * PAGE), 0);
        const pfn = inode.cache.at(0);
        assert.ok(!k.memory.readBytes(pfn * PAGE, PAGE).equals(Bytes.zero(PAGE)), 'nothing has zeroed it');
        assert.ok(readShmem(k, inode, 0, 2 * PAGE).equals(Bytes.zero(2 * PAGE)));
        assert.equal(seekHoleData(k, inode, 0, SEEK_HOLE), 0);
        assert.equal(nameOf(seekHoleData(k, inode, 0, SEEK_DATA)), 'ENXIO');
        writeShmem(k, inode, 10, Bytes.text('x'));
        assert.ok(
            k.memory.readBytes(pfn * PAGE, 10).equals(Bytes.zero(10)),
            'the rest of a page is zeroed by the first write',
        );
    });

    test('truncating to the same size drops pages beyond it, also of a frozen file', () => {
        const k = testKernel();
        const { inode } = memfd(k);
        fallocateShmem(k, inode, 1, 0, 4 * PAGE);
        assert.equal(inode.blocks, 32);
        k.journal.edit(inode).frozen = true;
        assert.equal(nameOf(truncateShmem(k, inode, 1)), 'EPERM');
        assert.equal(truncateShmem(k, inode, 0), 0);
        assert.equal(inode.blocks, 0);
    });

    test('a write beyond the end of a frozen or grow-sealed file fails as a whole, unless 2 MiB of it lie before', () => {
        const k = testKernel();
        const { inode } = memfd(k);
        writeShmem(k, inode, 0, Bytes.pattern(1, 6000));
        k.journal.edit(inode).frozen = true;
        assert.equal(nameOf(writeShmem(k, inode, 0, Bytes.zero(9000))), 'EPERM');
        assert.equal(writeShmem(k, inode, 0, Bytes.zero(6000)), 6000);
        k.journal.edit(inode).frozen = false;
        truncateShmem(k, inode, 2 * MiB + 5);
        k.journal.edit(inode).seals = F_SEAL_GROW;
        assert.equal(writeShmem(k, inode, MiB, Bytes.pattern(1, MiB + 6)), MiB);
        assert.equal(nameOf(writeShmem(k, inode, 2 * MiB, Bytes.zero(6))), 'EPERM');
    });

    test('a write without memory is short, then ENOMEM; fallocate takes back what it allocated', () => {
        const k = testKernel({ memory: 16 * MiB });
        const { inode } = memfd(k);
        const pages = k.pages.freePages();
        assert.equal(nameOf(fallocateShmem(k, inode, 0, 0, (pages + 1) * PAGE)), 'ENOMEM');
        assert.equal(inode.blocks, 0);
        assert.equal(inode.size, 0);
        assert.equal(writeShmem(k, inode, 0, Bytes.pattern(1, (pages + 3) * PAGE)), pages * PAGE);
        assert.equal(nameOf(writeShmem(k, inode, inode.size, Bytes.text('x'))), 'ENOMEM');
        assert.equal(inode.size, pages * PAGE);
    });
});

suite('memfd seals', () => {
    test('F_SEAL_SEAL is set unless sealing was allowed', () => {
        const k = testKernel();
        assert.equal(getSeals(memfd(k, 0).file), F_SEAL_SEAL);
        assert.equal(getSeals(memfd(k).file), 0);
        assert.equal(getSeals(memfd(k, MFD_NOEXEC_SEAL).file), F_SEAL_EXEC);
        assert.equal(nameOf(addSeals(k, memfd(k, 0).file, F_SEAL_GROW)), 'EPERM');
    });

    test('F_SEAL_EXEC on an executable file brings the seals against writing, without the checks of F_SEAL_WRITE', () => {
        const k = testKernel();
        const { file, inode } = memfd(k);
        k.journal.edit(inode).writableMaps = 1;
        assert.equal(nameOf(addSeals(k, file, F_SEAL_WRITE)), 'EBUSY');
        assert.equal(addSeals(k, file, F_SEAL_EXEC), 0);
        assert.equal(getSeals(file), F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
        const plain = memfd(k, MFD_NOEXEC_SEAL);
        assert.equal(addSeals(k, plain.file, F_SEAL_EXEC), 0);
        assert.equal(getSeals(plain.file), F_SEAL_EXEC);
    });

    test('F_SEAL_WRITE waits in vain for pins', () => {
        const k = testKernel();
        const { file, inode } = memfd(k);
        writeShmem(k, inode, 0, Bytes.text('x'));
        const pinned = memfdPinFolios(k, file, 0, 0);
        assert.ok(!(pinned instanceof Err));
        assert.equal(nameOf(addSeals(k, file, F_SEAL_WRITE)), 'EBUSY');
        assert.equal(addSeals(k, file, F_SEAL_GROW), 0);
        unpinFolios(k, pinned);
        assert.equal(addSeals(k, file, F_SEAL_WRITE), 0);
    });
});

suite('pinning the folios of a memfd', () => {
    test('fills holes with zeroed folios that stay, and leaves pages beyond the size alone', () => {
        const k = testKernel();
        const dirt = memfd(k);
        writeShmem(k, dirt.inode, 0, Bytes.pattern(3, 16 * PAGE));
        fput(k, dirt.file);
        k.taskWork();
        const { file, inode } = memfd(k);
        truncateShmem(k, inode, 5 * PAGE - 7);
        writeShmem(k, inode, 2 * PAGE, Bytes.pattern(1, PAGE));
        const list = memfdPinFolios(k, file, 0, minus(inode.size, 1));
        assert.ok(!(list instanceof Err));
        assert.equal(list.length, 5);
        assert.deepEqual(
            [0, 1, 2, 3, 4].map((i) => k.memmap.index(list.pfn(i))),
            [0, 1, 2, 3, 4],
        );
        assert.ok([0, 1, 2, 3, 4].every((i) => k.memmap.pins(list.pfn(i)) === 1));
        assert.ok(k.memory.readBytes(list.pfn(0) * PAGE, PAGE).equals(Bytes.zero(PAGE)));
        unpinFolios(k, list);
        assert.equal(inode.blocks, 40);
        assert.equal(nameOf(memfdPinFolios(k, file, 0, inode.size)), 'EINVAL');
    });

    test('moves folios out of CMA pageblocks, content and all', () => {
        const k = testKernel({ memory: 16 * MiB, cma: 8 * MiB });
        const { file, inode } = memfd(k);
        const normal = k.pages.freePages() - k.pages.freeCmaPages();
        writeShmem(k, inode, 0, Bytes.pattern(5, (normal + 4) * PAGE));
        assert.ok(k.memmap.isCma(inode.cache.at(normal + 3)));
        const full = memfdPinFolios(k, file, 0, minus(inode.size, 1));
        assert.equal(nameOf(full), 'ENOMEM', 'there is nowhere to move to');
        assert.ok(
            [0, normal - 1].every((i) => k.memmap.pins(inode.cache.at(i)) === 0),
            'nothing stays pinned',
        );
        fallocateShmem(k, inode, 3, 0, 8 * PAGE);
        const list = memfdPinFolios(k, file, 8 * PAGE, minus(inode.size, 1));
        assert.ok(!(list instanceof Err));
        assert.equal(list.length, normal - 4);
        assert.ok(!k.memmap.isCma(inode.cache.at(normal + 3)));
        const rest = Bytes.pattern(5, (normal + 4) * PAGE).slice(8 * PAGE);
        assert.ok(readShmem(k, inode, 8 * PAGE, Number(inode.size)).equals(rest));
    });

    test('takes a folio of 2 MiB as one; punching a hole into it while it is pinned only zeroes', () => {
        const k = testKernel({ thpShmem: true });
        const { file, inode } = memfd(k);
        writeShmem(k, inode, 0, Bytes.pattern(1, 3 * MiB));
        const list = memfdPinFolios(k, file, 0, minus(inode.size, 1));
        assert.ok(!(list instanceof Err));
        assert.equal(list.length, 2);
        assert.equal(inode.blocks, 2 * 4096);
        fallocateShmem(k, inode, 3, PAGE, PAGE);
        assert.equal(inode.blocks, 2 * 4096);
        assert.ok(readShmem(k, inode, PAGE, PAGE).equals(Bytes.zero(PAGE)));
        unpinFolios(k, list);
        fallocateShmem(k, inode, 3, PAGE, PAGE);
        assert.equal(inode.blocks, 2 * 4096 - 8, 'split now, and one page freed');
        const orders: [number, number][] = [];
        for (let i = inode.cache.next(0, 511); i >= 0; ) {
            const order = k.memmap.orderOf(inode.cache.at(i));
            orders.push([i, order]);
            assert.equal(k.memmap.index(inode.cache.at(i)), i);
            assert.equal(k.memmap.refs(inode.cache.at(i)), 2 ** order);
            i = inode.cache.next(i + 2 ** order, 511);
        }
        assert.deepEqual(orders, [
            [0, 0],
            [2, 0],
            [3, 0],
            [4, 2],
            [8, 3],
            [16, 4],
            [32, 5],
            [64, 6],
            [128, 7],
            [256, 8],
        ]);
        assert.ok(readShmem(k, inode, 2 * PAGE, 3 * MiB).equals(Bytes.pattern(1, 3 * MiB).slice(2 * PAGE)));
    });
});

suite('putting a folio into a page cache', () => {
    test('fails where something is, and counts its pages', () => {
        const k = testKernel();
        const { inode } = memfd(k);
        const pfn = k.pages.alloc(2, { owner: 0 });
        assert.equal(nameOf(addFolio(k, inode, pfn, 2)), 'EINVAL');
        assert.equal(addFolio(k, inode, pfn, 4), 0);
        assert.equal(k.memmap.refs(pfn), 5, "a reference a page, and the caller's");
        assert.equal(inode.blocks, 32);
        const other = k.pages.alloc(0, { owner: 0 });
        assert.equal(nameOf(addFolio(k, inode, other, 7)), 'EEXIST');
        truncateShmem(k, inode, 0);
        assert.equal(k.memmap.refs(pfn), 1);
    });

    test('one that counts as a page does so until all of it is gone, and takes the count below zero', () => {
        const k = testKernel();
        const { inode } = memfd(k);
        const pfn = k.pages.alloc(2, { owner: 0 });
        assert.equal(addFolio(k, inode, pfn, 0, true), 0);
        assert.equal(inode.blocks, 8);
        assert.equal(addFolio(k, inode, k.pages.alloc(0, { owner: 0 }), 4, true), 0);
        assert.equal(inode.blocks, 16);
        truncateShmem(k, inode, 0);
        assert.equal(inode.blocks, -24);
    });

    test('flags show what happened to a folio', () => {
        const k = testKernel();
        const { inode } = memfd(k);
        truncateShmem(k, inode, 2 * PAGE);
        const hole = getFolio(k, inode, 1, 'cache');
        assert.ok(typeof hole === 'number');
        assert.equal(k.memmap.flags(hole) & (PG_DIRTY | PG_UPTODATE), PG_UPTODATE);
        writeShmem(k, inode, PAGE, Bytes.text('x'));
        assert.equal(k.memmap.flags(hole) & PG_DIRTY, PG_DIRTY);
    });

    test('many pages at once are what they are one by one', () => {
        const random = new Random(5);
        const kernels = [true, false].map((atOnce) => {
            const k = testKernel({ memory: 96 * MiB, cma: 32 * MiB });
            k.pages.clock = k.clock;
            k.pages.inject = () => false;
            k.pages.injectsNothing = () => true;
            if (!atOnce) {
                k.clock.mergesUnits = () => false;
            }
            return { k, files: [memfd(k), memfd(k), memfd(k)] };
        });
        const each = (
            what: (k: TestKernel, files: readonly { file: OpenFile; inode: ShmemInode }[]) => unknown,
        ): void => {
            const [one, other] = kernels.map(({ k, files }) => {
                const result = what(k, files);
                const parts = [
                    k.memmap,
                    k.pages,
                    k.memory,
                    k.clock,
                    k.machine.history,
                    ...files.map((f) => f.inode.cache),
                ];
                return {
                    result: result instanceof Err ? result.name : result,
                    now: k.clock.now,
                    pages: files.map(({ inode }) => inode.cache.pages),
                    parts: parts.map((part) => {
                        const hasher = new Hasher();
                        part.hash(hasher);
                        return hasher.value();
                    }),
                };
            });
            assert.deepEqual(one, other);
        };
        for (let n = 0; n < 36; n++) {
            const file = random.below(3);
            const pos = random.below(20 * MiB);
            const length = random.pick([1, 4096, 70_000, 3 * MiB, 20 * MiB]);
            const aligned = random.pick([1, 4096, 2 * MiB]);
            const at = pos - (pos % aligned);
            const write = random.below(3) > 0;
            const order = random.below(3);
            each((k, files) => {
                const { inode } = files[file] ?? memfd(k);
                if (n % 10 === 3) {
                    k.pages.alloc(order, { owner: 1 });
                }
                return write ? writeShmem(k, inode, at, Bytes.pattern(n, length)) : truncateShmem(k, inode, at);
            });
            if (n % 3 === 0) {
                const from = random.below(2) * PAGE * 5;
                each((k, files) => {
                    const opened = files[file];
                    const size = Number(opened?.inode.size ?? 0);
                    const list =
                        opened && size > from ? memfdPinFolios(k, opened.file, from, size - 1, 'keep') : undefined;
                    if (!list || list instanceof Err) {
                        return list;
                    }
                    const pfns = Array.from({ length: list.length }, (_, i) => list.pfn(i));
                    if (n % 2 === 0) {
                        unpinFolios(k, list);
                    }
                    const read = opened && readShmem(k, opened.inode, 100, size);
                    return `${pfns} ${read?.equals(Bytes.zero(read.length))}`;
                });
            }
            if (n % 7 === 0) {
                // memory that other files have left
                each((k, files) => truncateShmem(k, files[(file + 1) % 3]?.inode ?? memfd(k).inode, 0));
            }
            if (n === 18) {
                each((k, files) => getFolio(k, files[0]?.inode ?? memfd(k).inode, 0, 'write'));
                each((k) => k.journal.mark().serial);
            }
        }
    });
});
