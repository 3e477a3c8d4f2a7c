/** /dev/null (drivers/char/mem.c). */
import { Bytes } from '../../machine/bytes';
import type { KernelCore } from './core';
import { S_IFCHR } from './fcntl';
import { allocFile, type FileOps, type OpenFile } from './file';
import { Inode } from './inode';

/** /dev/null (drivers/char/mem.c). */
const nullOps: FileOps = {
    positioned: true,
    read: () => Bytes.zero(0),
    write: (_k, _file, _pos, data) => data.length,
    llseek: (k, file) => {
        k.journal.edit(file).pos = 0;
        return 0;
    },
};

/** Opens /dev/null. Every open has its own inode here, which makes no visible difference. */
export function openNull(k: KernelCore, flags: number): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'chardev', S_IFCHR + 0o666);
    return allocFile(k, 'null', nullOps, inode, flags, '/dev/null');
}
