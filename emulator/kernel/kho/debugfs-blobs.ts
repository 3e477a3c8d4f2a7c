/**
 * /sys/kernel/debug/kho (kernel/liveupdate/kexec_handover_debugfs.c): the device trees and the blobs of their subtrees,
 * as they are in memory at the time of the read. The address that a file shows is fixed when the file is created; the
 * current owner of the memory is not checked.
 */
import { Bytes } from '../../machine/bytes';
import { err } from '../release/errno';
import { S_IFREG } from '../fs/fcntl';
import { allocFile, type FileOps, type OpenFile } from '../fs/file';
import { Inode } from '../fs/inode';
import { readBuffer, type KhoDebugEnv } from './debugfs';
import type { Area } from './env';
import { fdtChild, fdtProperty } from './fdt-read';
import { readFdtPage, readNativeU64 } from './root-fdt';

const ROOT = '/sys/kernel/debug/kho/';
const SUBTREES = 'sub_fdts/';

/** The contents of the file at this path: an area of memory, or a text. Undefined: there is no such file. */
export function khoDebugContent({ kho, desc, machine }: KhoDebugEnv, path: string): Area | string | undefined {
    if (!kho.enabled || !path.startsWith(ROOT)) {
        return undefined;
    }
    const [side = '', ...rest] = path.slice(ROOT.length).split('/');
    const name = rest.join('/');
    if (side === 'out' && (name === 'scratch_phys' || name === 'scratch_len')) {
        return kho.scratch.map((a) => `0x${(name === 'scratch_len' ? a.size : a.addr).toString(16)}\n`).join('');
    }
    const fdt = side === 'out' ? kho.fdt : side === 'in' ? (kho.incoming?.fdt ?? 0) : 0;
    if (fdt === 0) {
        return undefined;
    }
    if (name === 'fdt') {
        // kho_init creates the outgoing file near the end of a cold boot; with a handover it returns before that
        return side === 'in'
            ? { addr: fdt, size: machine.page.size }
            : kho.isKhoBoot
              ? undefined
              : { addr: fdt, size: kho.debugFdtLength };
    }
    const { root } = readFdtPage(machine, fdt);
    const child = name.startsWith(SUBTREES) && root ? fdtChild(root, name.slice(SUBTREES.length)) : undefined;
    const addr = child && readNativeU64(fdtProperty(child, desc.kho.dataProperty)?.value);
    const size =
        child && desc.kho.sizeProperty !== undefined
            ? readNativeU64(fdtProperty(child, desc.kho.sizeProperty)?.value)
            : machine.page.size;
    return typeof addr === 'number' && typeof size === 'number' && machine.isRam(addr, size)
        ? { addr, size }
        : undefined;
}

export function openKhoDebugFile(kernel: KhoDebugEnv, path: string, flags: number): OpenFile {
    const ops: FileOps = {
        positioned: true,
        moves: true,
        read: (_k, _file, pos, length) => {
            const content = khoDebugContent(kernel, path) ?? '';
            const bytes =
                typeof content === 'string'
                    ? Bytes.text(content)
                    : kernel.machine.memory.readBytes(content.addr, content.size);
            return readBuffer(bytes, pos, length);
        },
        write: () => err('EINVAL'),
    };
    const inode = new Inode(kernel.journal, kernel.ids.nextInode(kernel.journal), 'chardev', S_IFREG + 0o400);
    return allocFile(kernel, 'kho_debugfs', ops, inode, flags, path);
}
