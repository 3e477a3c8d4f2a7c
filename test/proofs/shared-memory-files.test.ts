/** Shared memory files under random operations, against a plain array of bytes; and back again. */
import assert from 'node:assert/strict';
import {
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    MFD_ALLOW_SEALING,
    SEEK_DATA,
    SEEK_HOLE,
} from '../../emulator/kernel/fs/fcntl';
import { fput, type OpenFile } from '../../emulator/kernel/fs/file';
import { memfdAllocFile } from '../../emulator/kernel/fs/memfd';
import type { ShmemInode } from '../../emulator/kernel/fs/shmem';
import {
    fallocateShmem,
    readShmem,
    seekHoleData,
    shmemInodeOf,
    truncateShmem,
    writeShmem,
} from '../../emulator/kernel/fs/shmem-file';
import { Bytes } from '../../emulator/machine/bytes';
import { plus, rest, type Int } from '../../emulator/machine/int';
import { Hasher } from '../../emulator/machine/hash';
import { testKernel, type TestKernel, type TestKernelOptions } from '../support/files-kernel';
import { Random } from '../support/random';
import { nameOf } from '../support/errors';

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

    /** @param base where in the file its first byte is: a page border, with a hole before it */
    constructor(
        limit: number,
        readonly base: Int = 0,
    ) {
        this.bytes = new Uint8Array(limit);
        this.pages = new Uint8Array(limit / PAGE);
    }

    write(pos: number, data: Uint8Array): number | string {
        let done = 0;
        while (done < data.length) {
            const at = pos + done;
            const n = Math.min(PAGE - (at % PAGE), data.length - done);
            const chunk = 2 * MiB - rest(plus(this.base, at), 2 * MiB);
            const grows = at + Math.min(chunk, data.length - done) > this.size;
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
    const at = plus(model.base, offset);
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
            assert.equal(nameOf(writeShmem(k, inode, at, data)), model.write(offset, data.toUint8Array()));
            break;
        }
        case 2: {
            const size = random.below(4) ? offset : model.size;
            assert.equal(nameOf(truncateShmem(k, inode, plus(model.base, size))), model.truncate(size));
            break;
        }
        case 3:
            assert.equal(nameOf(fallocateShmem(k, inode, 3, at, length)), model.punch(offset, length));
            break;
        case 4: {
            const keep = random.below(2);
            assert.equal(
                nameOf(fallocateShmem(k, inode, keep, at, length)),
                model.fallocate(offset, length, keep === 1),
            );
            break;
        }
        case 5:
            if (!inode.huge) {
                const data = random.below(2) === 1;
                const found = model.seek(offset, data);
                assert.equal(
                    nameOf(seekHoleData(k, inode, at, data ? SEEK_DATA : SEEK_HOLE)),
                    typeof found === 'number' ? plus(model.base, found) : found,
                );
            }
            break;
        case 6:
            k.journal.edit(inode).frozen = model.frozen = random.below(8) === 0;
            k.journal.edit(inode).seals = model.seals = random.below(4) ? 0 : random.below(32);
            break;
    }
    assert.equal(inode.size, plus(model.base, model.size));
    const from = spot(random, limit);
    const got = readShmem(k, inode, plus(model.base, from), limit - from).toUint8Array();
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
    hasher.int(inode.size).num(inode.seals).num(inode.blocks);
    for (let i = inode.cache.next(0, Infinity); i >= 0; i = inode.cache.next(i + 1, Infinity)) {
        hasher.num(i).num(inode.cache.at(i));
    }
    return hasher.digest();
}

function walk(seed: number, steps: number, limit: number, options: TestKernelOptions, base: Int = 0): void {
    const random = new Random(seed);
    const k = testKernel(options);
    const free = k.pages.freePages();
    const { file, inode } = memfd(k);
    const model = new Model(limit, base);
    truncateShmem(k, inode, base);
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

    test('and so they do where offsets are larger than numbers hold', () => {
        const limit = 24 * PAGE;
        for (const base of [
            2 ** 53 - 12 * PAGE,
            2n ** 53n + BigInt(PAGE),
            2n ** 62n,
            2n ** 63n - BigInt(limit + PAGE),
        ]) {
            for (let seed = 1; seed <= 3; seed++) {
                walk(seed, 150, limit, {}, base);
            }
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
});
