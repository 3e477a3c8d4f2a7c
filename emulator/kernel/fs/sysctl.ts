/** Settings that user space changes while the kernel runs, and their files under /proc/sys (kernel/sysctl.c). */
import { Bytes } from '../../machine/bytes';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { KernelCore } from './core';
import { err } from '../release/errno';
import { S_IFREG } from './fcntl';
import { allocFile, type FileOps, type OpenFile } from './file';
import { Inode } from './inode';
import { genericLlseek } from './llseek';

const EINVAL = err('EINVAL');

export class Sysctls extends JournaledRecord {
    /** vm.memfd_noexec: 0 executable by default, 1 MFD_NOEXEC_SEAL by default, 2 MFD_EXEC refused. */
    readonly memfdNoexec: number;

    constructor(journal: Journal, memfdNoexec: number) {
        super(journal);
        this.memfdNoexec = memfdNoexec;
    }
}

/** The file of vm.memfd_noexec. Its limits are 0 and 2: the only pid namespace has none above it. */
export const MEMFD_NOEXEC = '/proc/sys/vm/memfd_noexec';

/**
 * One number in a file (proc_dointvec_minmax()). It is read and written as a whole, from position 0: elsewhere a read is
 * at the end, and a write changes nothing and returns 0. EINVAL for what is not a number within the limits.
 */
const memfdNoexecOps: FileOps = {
    positioned: true,
    moves: true,
    read: ({ sysctls }, _file, pos, length) =>
        pos === 0 ? Bytes.text(`${sysctls.memfdNoexec}\n`).slice(0, length) : Bytes.zero(0),
    write(k, _file, pos, data) {
        if (pos !== 0) {
            return 0;
        }
        const [, digits] = /^\s*(0x[\da-f]+|\d+)\s*$/i.exec(textOf(data)) ?? [];
        const value = digits === undefined ? NaN : numberOf(digits);
        if (!(value >= 0 && value <= 2)) {
            return EINVAL;
        }
        k.journal.edit<Sysctls>(k.sysctls).memfdNoexec = value;
        return data.length;
    },
    llseek: (k, file, offset, whence) => genericLlseek(k, file, offset, whence, 0),
    // a size that it does not have can be set (proc_sys_setattr())
    truncate: () => 0,
};

/** As many bytes as the kernel looks at (TMPBUFLEN), as text. */
function textOf(data: Bytes): string {
    return String.fromCharCode(...data.slice(0, Math.min(data.length, 22)).toUint8Array());
}

/** Octal behind a 0 (kstrtoul() with base 0). */
function numberOf(digits: string): number {
    return /^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits);
}

/** Opens the file of vm.memfd_noexec. */
export function openMemfdNoexec(k: KernelCore, flags: number): OpenFile {
    const inode = new Inode(k.journal, k.ids.nextInode(k.journal), 'proc', S_IFREG + 0o644);
    return allocFile(k, 'sysctl', memfdNoexecOps, inode, flags, MEMFD_NOEXEC);
}
