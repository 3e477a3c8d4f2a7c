/** File positions (fs/read_write.c). */
import { plus, type Int } from '../../machine/int';
import type { KernelCore } from './core';
import { type Err, err } from '../release/errno';
import { MAX_OFFSET, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE } from './fcntl';
import type { OpenFile } from './file';

const EINVAL = err('EINVAL');
const ENXIO = err('ENXIO');

/** Sets the position (vfs_setpos): EINVAL if it is negative or beyond the largest offset. */
export function setPos(k: KernelCore, file: OpenFile, pos: Int): Int | Err {
    if (pos < 0 || pos > MAX_OFFSET) {
        return EINVAL;
    }
    if (pos !== file.pos) {
        k.journal.edit(file).pos = pos;
    }
    return pos;
}

/**
 * lseek() of a file that consists of `size` bytes of data, with a hole at its end (generic_file_llseek_size). ENXIO for
 * data or a hole beyond the end.
 */
export function genericLlseek(k: KernelCore, file: OpenFile, offset: Int, whence: number, size: Int): Int | Err {
    switch (whence) {
        case SEEK_END:
            return setPos(k, file, plus(size, offset));
        case SEEK_CUR:
            return setPos(k, file, plus(file.pos, offset));
        case SEEK_DATA:
        case SEEK_HOLE:
            return offset < 0 || offset >= size ? ENXIO : setPos(k, file, whence === SEEK_HOLE ? size : offset);
        default:
            return setPos(k, file, offset);
    }
}
