/** The command line of a loaded image, as the kernel in it will read it. */
import { type CommandLine, readCommandLine } from '../kernel/command-line/command-line';
import type { KexecImage } from '../kernel/kho/kexec-image';
import type { KernelDescription } from '../kernel/release/descriptions';
import { parameterBuild } from '../kernel/release/unknown-parameters';

/** @param desc the description of the image's kernel */
export function nextCommandLine({ env, commandLine }: KexecImage, desc: KernelDescription): CommandLine {
    const { arch, page } = env.machine;
    return readCommandLine(commandLine, {
        ...parameterBuild(desc, arch),
        page,
        zeroScratchSizes: desc.kho.zeroScratchSizes,
    });
}
