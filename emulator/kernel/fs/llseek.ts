/** File positions (fs/read_write.c). */
import type { KernelCore } from './core';
import { type Err, err } from '../release/errno';
import { MAX_OFFSET, SEEK_CUR, SEEK_END } from './fcntl';
import type { OpenFile } from './file';

const EINVAL = err('EINVAL');

/** Sets the position (vfs_setpos): EINVAL if it is negative or beyond the largest offset. */
export function setPos(k: KernelCore, file: OpenFile, pos: number): number | Err {
    if (pos < 0 || pos > MAX_OFFSET) {
        return EINVAL;
    }
    if (pos !== file.pos) {
        k.journal.edit(file).pos = pos;
    }
    return pos;
}

/** SEEK_SET, SEEK_CUR and SEEK_END of a file of `size` bytes (generic_file_llseek_size). */
export function genericLlseek(
    k: KernelCore,
    file: OpenFile,
    offset: number,
    whence: number,
    size: number,
): number | Err {
    const base = whence === SEEK_END ? size : whence === SEEK_CUR ? file.pos : 0;
    return setPos(k, file, base + offset);
}
