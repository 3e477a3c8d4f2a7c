/** The file of a setting under /proc/sys (fs/proc/proc_sysctl.c, kernel/sysctl.c, kernel/pid_sysctl.h). */
import { Bytes } from '../../machine/bytes';
import { err } from '../release/errno';
import type { KernelCore } from './core';
import { S_IFREG } from './fcntl';
import { allocFile, type FileOps, type OpenFile } from './file';
import { Inode } from './inode';
import { genericLlseek } from './llseek';
import type { Sysctls } from './sysctl';

const EINVAL = err('EINVAL');

/** The file of vm.memfd_noexec. Its limits are 0 and 2: a pid namespace without a parent has no lower limit. */
export const MEMFD_NOEXEC = '/proc/sys/vm/memfd_noexec';

/** Digits that the kernel takes for one number (TMPBUFLEN, without its NUL): with as many, it is refused. */
const TOO_MANY_DIGITS = 21;

/**
 * One number in a file (proc_dointvec_minmax()). It is read and written as a whole, from position 0: a read elsewhere
 * is at the end of the file, and a write there changes nothing (sysctl_writes_strict). EINVAL for what is not a number
 * within the limits. What follows the number and white space is not consumed.
 */
const memfdNoexecOps: FileOps = {
    positioned: true,
    moves: true,
    read: ({ sysctls }, _file, pos, length) =>
        pos === 0 ? Bytes.text(`${sysctls.memfdNoexec}\n`).slice(0, length) : Bytes.zero(0),
    write(k, _file, pos, data) {
        if (pos !== 0 || data.length === 0) {
            return data.length;
        }
        const text = String.fromCharCode(...data.slice(0, Math.min(data.length, k.page.size - 1)).toUint8Array());
        const [consumed = '', digits = ''] = /^\s*(0x[\da-f]+|\d+)(?:\s+|$)/i.exec(text) ?? [];
        const value = digits === '' || digits.length >= TOO_MANY_DIGITS ? NaN : numberOf(digits);
        if (!(value >= 0 && value <= 2)) {
            return EINVAL;
        }
        k.journal.edit<Sysctls>(k.sysctls).memfdNoexec = value;
        return consumed.length;
    },
    llseek: (k, file, offset, whence) => genericLlseek(k, file, offset, whence, 0),
    // a size that it does not have can be set (proc_sys_setattr())
    truncate: () => 0,
};

/** Octal after a 0 (kstrtoul() with base 0). */
function numberOf(digits: string): number {
    return /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
}

/** Opens the file of vm.memfd_noexec. */
export function openMemfdNoexec(k: KernelCore, flags: number): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'proc', S_IFREG + 0o644);
    return allocFile(k, 'sysctl', memfdNoexecOps, inode, flags, MEMFD_NOEXEC);
}
