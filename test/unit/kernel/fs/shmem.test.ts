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
import { Bytes } from '../../../../emulator/machine/bytes';
import { Hasher } from '../../../../emulator/machine/hash';
import { testKernel, type TestKernel, type TestKernelOptions } from '../../../support/files-kernel';
import { Random } from '../../../support/random';
import { nameOf } from '../../../support/errors';

const PAGE = 4096;
const MiB = 1024 * 1024;

function memfd(k: TestKernel, flags = MFD_ALLOW_SEALING): { file: OpenFile; inode: ShmemInode } {
    const file = memfdAllocFile(k, 'memfd:test', flags);
    return { file, inode: shmemInodeOf(file) };
}

/** What a shared memory file is, byte by byte. Pages: 0 hole, 1 allocated and never written, 2 data. */
class Model {
    size = 0;
    seals = 0;
    frozen = false;
    readonly bytes: Uint8Array;
    readonly pages: Uint8Array;

    constructor(limit: number) {
        this.bytes = new Uint8Array(limit);
        this.pages = new Uint8Array(limit / PAGE);
    }

    write(pos: number, data: Uint8Array): number | string {
        let done = 0;
        while (done < data.length) {
            const at = pos + done;
            const n = Math.min(PAGE - (at % PAGE), data.length - done);
            const grows = at + Math.min(2 * MiB - (at % (2 * MiB)), data.length - done) > this.size;
            if (
                this.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ||
                (grows && (this.frozen || this.seals & F_SEAL_GROW))
            ) {
                return done > 0 ? done : 'EPERM';
            }
            this.bytes.set(data.subarray(done, done + n), at);
            this.pages[Math.floor(at / PAGE)] = 2;
            this.size = Math.max(this.size, at + n);
            done += n;
        }
        return done;
    }

    truncate(size: number): number | string {
        if (
            (size < this.size && this.seals & F_SEAL_SHRINK) ||
            (size > this.size && this.seals & F_SEAL_GROW) ||
            (size !== this.size && this.frozen)
        ) {
            return 'EPERM';
        }
        if (size <= this.size) {
            this.bytes.fill(0, size);
            this.pages.fill(0, Math.ceil(size / PAGE));
        }
        this.size = size;
        return 0;
    }

    punch(offset: number, length: number): number | string {
        if (this.frozen || this.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
            return 'EPERM';
        }
        this.bytes.fill(0, offset, offset + length);
        const first = Math.ceil(offset / PAGE);
        this.pages.fill(0, first, Math.max(first, Math.floor((offset + length) / PAGE)));
        return 0;
    }

    fallocate(offset: number, length: number, keepSize: boolean): number | string {
        if (this.frozen || (this.seals & F_SEAL_GROW && offset + length > this.size)) {
            return 'EPERM';
        }
        for (let i = Math.floor(offset / PAGE); i * PAGE < offset + length; i++) {
            // the second call initializes what the first one left
            this.pages[i] = this.pages[i] === 0 ? 1 : 2;
        }
        if (!keepSize) {
            this.size = Math.max(this.size, offset + length);
        }
        return 0;
    }

    seek(from: number, data: boolean): number | string {
        for (let at = from; at < this.size; at++) {
            if ((this.pages[Math.floor(at / PAGE)] === 2) === data) {
                return at;
            }
        }
        return data || from >= this.size ? 'ENXIO' : this.size;
    }

    read(pos: number, length: number): Uint8Array {
        return this.bytes.slice(pos, Math.max(pos, Math.min(pos + length, this.size)));
    }

    get blocks(): number {
        return this.pages.reduce((n, p) => n + (p > 0 ? 8 : 0), 0);
    }
}

/** Where and how much: page borders, their neighbours, and anything. */
function spot(random: Random, limit: number): number {
    const border = random.below(limit / PAGE) * PAGE;
    return random.pick([border, border + 1, border + random.below(PAGE), Math.max(border - 1, 0)]);
}

function step(random: Random, k: TestKernel, inode: ShmemInode, model: Model, limit: number): void {
    const offset = spot(random, limit);
    const length = Math.max(
        1,
        Math.min(random.pick([1, 100, PAGE, PAGE + 5, 5 * PAGE, random.below(limit)]), limit - offset),
    );
    switch (random.below(7)) {
        case 0:
        case 1: {
            const data = random.below(2)
                ? Bytes.pattern(random.below(256), length, offset)
                : Bytes.of(Bytes.pattern(random.below(256), length).toUint8Array());
            assert.equal(nameOf(writeShmem(k, inode, offset, data)), model.write(offset, data.toUint8Array()));
            break;
        }
        case 2: {
            const size = random.below(4) ? offset : model.size;
            assert.equal(nameOf(truncateShmem(k, inode, size)), model.truncate(size));
            break;
        }
        case 3:
            assert.equal(nameOf(fallocateShmem(k, inode, 3, offset, length)), model.punch(offset, length));
            break;
        case 4: {
            const keep = random.below(2);
            assert.equal(
                nameOf(fallocateShmem(k, inode, keep, offset, length)),
                model.fallocate(offset, length, keep === 1),
            );
            break;
        }
        case 5:
            if (!inode.huge) {
                const data = random.below(2) === 1;
                assert.equal(
                    nameOf(seekHoleData(k, inode, offset, data ? SEEK_DATA : SEEK_HOLE)),
                    model.seek(offset, data),
                );
            }
            break;
        case 6:
            k.journal.edit(inode).frozen = model.frozen = random.below(8) === 0;
            k.journal.edit(inode).seals = model.seals = random.below(4) ? 0 : random.below(32);
            break;
    }
    assert.equal(inode.size, model.size);
    const from = spot(random, limit);
    const got = readShmem(k, inode, from, limit - from).toUint8Array();
    assert.deepEqual(Buffer.from(got), Buffer.from(model.read(from, limit - from)));
    if (!inode.huge) {
        assert.equal(inode.blocks, model.blocks);
    }
}

function fingerprint(k: TestKernel, inode: ShmemInode): string {
    const hasher = new Hasher();
    k.machine.hash(hasher);
    k.memmap.hash(hasher);
    k.pages.hash(hasher);
    hasher.num(inode.size).num(inode.seals).num(inode.blocks);
    for (let i = inode.cache.next(0, Infinity); i >= 0; i = inode.cache.next(i + 1, Infinity)) {
        hasher.num(i).num(inode.cache.at(i));
    }
    return hasher.digest();
}

function walk(seed: number, steps: number, limit: number, options: TestKernelOptions): void {
    const random = new Random(seed);
    const k = testKernel(options);
    const free = k.pages.freePages();
    const { file, inode } = memfd(k);
    const model = new Model(limit);
    for (let i = 0; i < steps; i++) {
        step(random, k, inode, model, limit);
    }
    fput(k, file);
    k.taskWork();
    assert.equal(k.pages.freePages(), free, 'all memory is free again');
}

suite('shared memory files', () => {
    test('do what a plain array of bytes does, in 4 KiB folios', () => {
        for (let seed = 1; seed <= 12; seed++) {
            walk(seed, 150, 24 * PAGE, {});
        }
    });

    test('do what a plain array of bytes does, in 2 MiB folios', () => {
        for (let seed = 1; seed <= 3; seed++) {
            const random = new Random(seed);
            const k = testKernel({ thpShmem: true });
            const free = k.pages.freePages();
            const { file, inode } = memfd(k);
            const limit = 3 * 2 * MiB;
            const model = new Model(limit);
            for (let i = 0; i < 25; i++) {
                const offset = spot(random, limit);
                const length = Math.max(
                    1,
                    Math.min(random.pick([10, PAGE, 2 * MiB, random.below(limit)]), limit - offset),
                );
                const data = Bytes.pattern(i, length);
                if (random.below(3) === 0) {
                    assert.equal(fallocateShmem(k, inode, 3, offset, length), model.punch(offset, length));
                } else if (random.below(4) === 0) {
                    assert.equal(truncateShmem(k, inode, offset), model.truncate(offset));
                } else {
                    assert.equal(writeShmem(k, inode, offset, data), model.write(offset, data.toUint8Array()));
                }
                assert.equal(inode.size, model.size);
                assert.ok(readShmem(k, inode, 0, limit).equals(Bytes.of(model.read(0, limit))));
            }
            fput(k, file);
            k.taskWork();
            assert.equal(k.pages.freePages(), free);
        }
    });

    test('come back as they were when the journal goes back', () => {
        for (let seed = 1; seed <= 4; seed++) {
            const random = new Random(seed);
            const k = testKernel({ thpShmem: seed % 2 === 0 });
            const { inode } = memfd(k);
            const limit = 700 * PAGE;
            const model = new Model(limit);
            const go = (n: number): void => {
                for (let i = 0; i < n; i++) {
                    step(random, k, inode, model, limit);
                }
            };
            go(10);
            const before = fingerprint(k, inode);
            const saved = {
                size: model.size,
                seals: model.seals,
                frozen: model.frozen,
                bytes: model.bytes.slice(),
                pages: model.pages.slice(),
            };
            const mark = k.journal.mark();
            for (let round = 0; round < 2; round++) {
                go(12);
                k.journal.restore(mark);
                assert.equal(fingerprint(k, inode), before);
                assert.ok(readShmem(k, inode, 0, limit).equals(Bytes.of(saved.bytes.slice(0, saved.size))));
                Object.assign(model, { size: saved.size, seals: saved.seals, frozen: saved.frozen });
                model.bytes.set(saved.bytes);
                model.pages.set(saved.pages);
            }
        }
    });

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
        const list = memfdPinFolios(k, file, 0, inode.size - 1);
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
        const full = memfdPinFolios(k, file, 0, inode.size - 1);
        assert.equal(nameOf(full), 'ENOMEM', 'there is nowhere to move to');
        assert.ok(
            [0, normal - 1].every((i) => k.memmap.pins(inode.cache.at(i)) === 0),
            'nothing stays pinned',
        );
        fallocateShmem(k, inode, 3, 0, 8 * PAGE);
        const list = memfdPinFolios(k, file, 8 * PAGE, inode.size - 1);
        assert.ok(!(list instanceof Err));
        assert.equal(list.length, normal - 4);
        assert.ok(!k.memmap.isCma(inode.cache.at(normal + 3)));
        const rest = Bytes.pattern(5, (normal + 4) * PAGE).slice(8 * PAGE);
        assert.ok(readShmem(k, inode, 8 * PAGE, inode.size).equals(rest));
    });

    test('takes a folio of 2 MiB as one; punching a hole into it while it is pinned only zeroes', () => {
        const k = testKernel({ thpShmem: true });
        const { file, inode } = memfd(k);
        writeShmem(k, inode, 0, Bytes.pattern(1, 3 * MiB));
        const list = memfdPinFolios(k, file, 0, inode.size - 1);
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
});
