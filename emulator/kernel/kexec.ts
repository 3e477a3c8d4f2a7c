/** Kernels that are loaded to be jumped to: the system calls around the image (kernel/kexec.c, kexec_file.c). */
import type { Kernel } from './kernel';
import { type KernelFile, loadFile, loadSegments } from './kho/kexec-image';
import { Err, err } from './release/errno';

/** By which system call a kernel is loaded, and with which flags. */
export interface KexecLoad {
    /** kexec_file_load(2): the running kernel places the segments, and tells the next one of the handover. */
    readonly handover: boolean;
    /** kexec_load(2) with KEXEC_PRESERVE_CONTEXT. */
    readonly preserveContext?: boolean;
}

/**
 * kexec_file_load(2) and kexec_load(2), for whoever has the kexec lock. A kernel that was loaded before is given up.
 * @returns ENOEXEC (built for another architecture), EADDRNOTAVAIL, ENOMEM; the one that was loaded before stays then
 */
export function loadKexec(kernel: Kernel, file: KernelFile, how: KexecLoad): undefined | Err {
    const { env } = kernel.kho;
    if (file.arch !== env.options.arch) {
        return err('ENOEXEC');
    }
    const image = how.handover ? loadFile(env, file, kernel.kho) : loadSegments(env, file, how.preserveContext);
    if (image instanceof Err) {
        return image;
    }
    kernel.kexecImage?.free();
    kernel.journal.edit(kernel).kexecImage = image;
    return undefined;
}

/** KEXEC_FILE_UNLOAD: the kernel that is loaded is given up. @returns EBUSY while somebody loads one, or reboots */
export function unloadKexec(kernel: Kernel): undefined | Err {
    if (kernel.kexecLock.holders.length > 0) {
        return err('EBUSY');
    }
    kernel.kexecImage?.free();
    kernel.journal.edit(kernel).kexecImage = null;
    return undefined;
}
