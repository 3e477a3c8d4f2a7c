/** The memory devices: /dev/null, /dev/zero, /dev/full, /dev/random and /dev/urandom (drivers/char/mem.c, random.c). */
import { Bytes } from '../../machine/bytes';
import { err } from '../release/errno';
import type { KernelCore } from './core';
import { S_IFCHR } from './fcntl';
import { allocFile, type FileOps, type OpenFile } from './file';
import { Inode } from './inode';

const nullOps: FileOps = {
    positioned: true,
    read: () => Bytes.zero(0),
    write: (_k, _file, _pos, data) => data.length,
    llseek: (k, file) => {
        k.journal.edit(file).pos = 0;
        return 0;
    },
};

/** Mapped, /dev/zero is memory of its own (shmem_zero_setup()). */
const zeroOps: FileOps = {
    ...nullOps,
    read: (_k, _file, _pos, length) => Bytes.zero(length),
    mmap: () => 0,
    load: (_k, _file, _pos, length) => Bytes.zero(length),
};

const fullOps: FileOps = {
    ...nullOps,
    read: (_k, _file, _pos, length) => Bytes.zero(length),
    write: () => err('ENOSPC'),
};

/** Other bytes for each file and moment, the same ones in each run. */
const randomOps: FileOps = {
    ...nullOps,
    read: (k, { inode }, _pos, length) => Bytes.pattern(inode.ino, length, k.clock.now),
    unknownIoctl: err('EINVAL'),
};

const OPS: ReadonlyMap<string, FileOps> = new Map([
    ['/dev/null', nullOps],
    ['/dev/zero', zeroOps],
    ['/dev/full', fullOps],
    ['/dev/random', randomOps],
    ['/dev/urandom', randomOps],
]);

export function isMemDevice(path: string): boolean {
    return OPS.has(path);
}

/** Opens a memory device. Every open has its own inode here, which makes no visible difference. */
export function openMemDevice(k: KernelCore, path: string, flags: number): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'chardev', S_IFCHR + 0o666);
    return allocFile(k, 'null', OPS.get(path) ?? nullOps, inode, flags, path);
}
