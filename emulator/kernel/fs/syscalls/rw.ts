/** read, write, pread, pwrite, lseek (fs/read_write.c). */
import type { Bytes } from '../../../machine/bytes';
import { plus, type Int } from '../../../machine/int';
import type { KernelCore } from '../core';
import { Err, err } from '../../release/errno';
import { MAX_OFFSET, maxRwCount, SEEK_HOLE } from '../fcntl';
import type { OpenFile } from '../file';
import { fget, type Process } from '../process';

const EBADF = err('EBADF');
const EINVAL = err('EINVAL');
const ESPIPE = err('ESPIPE');

/** read(2) at the file's position, which advances. At most MAX_RW_COUNT bytes. */
export function sysRead(k: KernelCore, p: Process, fd: number, length: Int): Bytes | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    const data = vfsRead(k, file, file.pos, length);
    if (!(data instanceof Err) && file.ops.moves === true && data.length > 0) {
        k.journal.edit(file).pos = plus(file.pos, data.length);
    }
    return data;
}

/** pread(2). EINVAL for a negative offset, before EBADF; ESPIPE for files without FMODE_PREAD. */
export function sysPread(k: KernelCore, p: Process, fd: number, length: Int, pos: Int): Bytes | Err {
    if (pos < 0) {
        return EINVAL;
    }
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    return file.ops.positioned ? vfsRead(k, file, pos, length) : ESPIPE;
}

/** write(2) at the file's position (with O_APPEND at the end), which advances. At most MAX_RW_COUNT bytes. */
export function sysWrite(k: KernelCore, p: Process, fd: number, data: Bytes): number | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    const at = writePosition(file, file.pos);
    const n = vfsWrite(k, file, file.pos, data);
    if (!(n instanceof Err) && file.ops.moves === true && n > 0) {
        k.journal.edit(file).pos = plus(at, n);
    }
    return n;
}

/** pwrite(2). As on Linux, O_APPEND appends whatever the offset. */
export function sysPwrite(k: KernelCore, p: Process, fd: number, data: Bytes, pos: Int): number | Err {
    if (pos < 0) {
        return EINVAL;
    }
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    return file.ops.positioned ? vfsWrite(k, file, pos, data) : ESPIPE;
}

/** lseek(2). EBADF, EINVAL for an unknown origin, ESPIPE if the file cannot seek, then the errors of the file. */
export function sysLseek(k: KernelCore, p: Process, fd: number, offset: Int, whence: number): Int | Err {
    const file = fget(p, fd);
    if (file instanceof Err) {
        return file;
    }
    if (whence < 0 || whence > SEEK_HOLE) {
        return EINVAL;
    }
    return file.ops.llseek ? file.ops.llseek(k, file, offset, whence) : ESPIPE;
}

/** Whether read and write use the position: not if the file is a stream, which here means that it cannot seek. */
function writePosition(file: OpenFile, pos: Int): Int {
    return file.append && file.ops.moves === true ? file.inode.size : pos;
}

function vfsRead(k: KernelCore, file: OpenFile, pos: Int, length: Int): Bytes | Err {
    if (!file.readable) {
        return EBADF;
    }
    if (!file.ops.read || outOfRange(pos, length)) {
        return EINVAL;
    }
    return file.ops.read(k, file, pos, Math.min(Number(length), maxRwCount(k.page)));
}

function vfsWrite(k: KernelCore, file: OpenFile, pos: Int, data: Bytes): number | Err {
    if (!file.writable) {
        return EBADF;
    }
    if (!file.ops.write || outOfRange(pos, data.length)) {
        return EINVAL;
    }
    const most = maxRwCount(k.page);
    const part = data.length > most ? data.slice(0, most) : data;
    return file.ops.write(k, file, writePosition(file, pos), part);
}

/** rw_verify_area: a range that ends beyond the largest offset, or a length that is negative as a signed number. */
function outOfRange(pos: Int, length: Int): boolean {
    return length < 0 || plus(pos, length) > MAX_OFFSET;
}
