/** Loading of kernels to jump to: the system calls around the image (kernel/kexec.c, kexec_file.c). */
import type { Kernel } from './kernel';
import { coreHeader } from './crash/core-header';
import { loadCrashImage, loadFile, loadSegments } from './kho/kexec-image';
import type { KernelFile } from './kho/segment-places';
import { Err, err } from './release/errno';

/** The system call that loads a kernel, and its flags. */
export interface KexecLoad {
    /** kexec_file_load(2): the running kernel places the segments, and announces the handover to the next one. */
    readonly handover: boolean;
    /** kexec_load(2) with KEXEC_PRESERVE_CONTEXT. */
    readonly preserveContext?: boolean;
}

/**
 * kexec_file_load(2) and kexec_load(2), for a caller that holds the kexec lock. A kernel that was loaded before is
 * unloaded.
 * @returns ENOEXEC (built for another architecture), EADDRNOTAVAIL, ENOMEM; then the previously loaded kernel stays
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

/**
 * kexec_file_load(2) with KEXEC_FILE_ON_CRASH, for a caller that holds the kexec lock.
 * @returns ENOEXEC; EADDRNOTAVAIL if it does not fit into the memory of `crashkernel=`, or there is none; then the
 * image that was loaded before stays
 */
export function loadCrashKexec(kernel: Kernel, file: KernelFile): undefined | Err {
    const { machine, desc, kho, crashKernel: areas } = kernel;
    if (file.arch !== kho.env.options.arch) {
        return err('ENOEXEC');
    }
    const header = coreHeader(machine, areas, desc.release);
    const given = desc.flaws.has('kho_in_crash_image') ? kho : undefined;
    const image = loadCrashImage(machine, file, { areas, header }, given);
    if (image instanceof Err) {
        return image;
    }
    kernel.journal.edit(kernel).crashImage = image;
    return undefined;
}

/** KEXEC_FILE_UNLOAD: unloads the kernel. @returns EBUSY while another process loads one, or during a kexec */
export function unloadKexec(kernel: Kernel): undefined | Err {
    if (kernel.kexecLock.holders.length > 0) {
        return err('EBUSY');
    }
    kernel.kexecImage?.free();
    kernel.journal.edit(kernel).kexecImage = null;
    return undefined;
}
