/** /sys/kernel/debug/kho/out/finalize, in kernels that have it: user space finalizes the handover, or aborts it. */
import { Bytes } from '../../machine/bytes';
import { lesser, type Int } from '../../machine/int';
import type { Machine } from '../../machine/machine';
import { err } from '../release/errno';
import type { KernelCore } from '../fs/core';
import { S_IFREG } from '../fs/fcntl';
import { allocFile, type FileOps, type OpenFile } from '../fs/file';
import { Inode } from '../fs/inode';
import type { KernelDescription } from '../release/descriptions';
import { abortFinalize, finalize } from './finalize';
import type { Kho } from './kho';
import { decodeText } from '../../text/utf8';

/** What the files of KHO in debugfs need from their kernel. */
export interface KhoDebugEnv extends KernelCore {
    readonly machine: Machine;
    readonly kho: Kho;
    readonly desc: KernelDescription;
}

export const FINALIZE_PATH = '/sys/kernel/debug/kho/out/finalize';

/** The result of reading a text or a blob (simple_read_from_buffer()). */
export function readBuffer(content: Bytes, pos: Int, length: number): Bytes {
    const from = Number(lesser(pos, content.length));
    return content.slice(from, from + length);
}

/** Whether this kernel has the file. */
export function hasFinalizeFile({ kho, desc }: KhoDebugEnv): boolean {
    return kho.enabled && (desc.kho.finalize === 'debugfs' || desc.kho.finalize === 'reboot');
}

/**
 * Opens it. Writing 1 finalizes. Writing 0 aborts up to 6.18 and fails with EINVAL later. EEXIST and ENOENT if that is
 * already the state; the errors of finalizing.
 */
export function openFinalizeFile(kernel: KhoDebugEnv, flags: number): OpenFile {
    const { kho, desc, journal } = kernel;
    const ops: FileOps = {
        positioned: true,
        moves: true,
        read: (_k, _file, pos, length) => readBuffer(Bytes.text(kho.finalized ? '1\n' : '0\n'), pos, length),
        write: (_k, _file, _pos, data) => {
            const text = decodeText(data.slice(0, Math.min(data.length, 32)).toUint8Array()).trim();
            if (!/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) {
                return err('EINVAL');
            }
            const on = Number(text) !== 0;
            if (!on && desc.kho.finalize !== 'debugfs') {
                return err('EINVAL');
            }
            const result = on ? finalize(kho) : abortFinalize(kho);
            return result === 0 ? data.length : result;
        },
    };
    const inode = new Inode(journal, kernel.ids.nextInode(journal), 'chardev', S_IFREG + 0o600);
    return allocFile(kernel, 'kho_finalize', ops, inode, flags, FINALIZE_PATH);
}
