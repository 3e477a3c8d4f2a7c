/**
 * The differences between the two architectures with KHO: addresses, the limit of low memory, how a handover is
 * announced to a kernel.
 */
import type { ArchName } from '../../machine/arch';
import type { Machine } from '../../machine/machine';

const MIB = 0x100000;

export interface Arch {
    readonly name: ArchName;
    /** ARCH_LOW_ADDRESS_LIMIT: the lowmem scratch area lies below this address. */
    readonly lowLimit: (machine: Machine) => number;
    /** The first MiB is special: scratch until it contains the trampoline, reserved from then on. */
    readonly firstMiB: boolean;
    /** The addresses at which a boot loader puts the kernel's image, and its parameters. */
    readonly kernelAddress: (machine: Machine) => number;
    readonly parametersAddress: (machine: Machine) => number;
    /** `setup data` (SETUP_KEXEC_KHO after struct boot_params) or properties of /chosen in a flattened device tree. */
    readonly parameters: 'setup data' | 'device tree';
}

export const X86_64: Arch = {
    name: 'x86-64',
    lowLimit: () => 0xffffffff,
    firstMiB: true,
    kernelAddress: () => 16 * MIB,
    parametersAddress: () => 0x90000,
    parameters: 'setup data',
};

const startOf = (machine: Machine): number => machine.map[0]?.start ?? 0;
const endOf = (machine: Machine): number => {
    const last = machine.map[machine.map.length - 1];
    return last ? last.start + last.size : 0;
};
const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;

export const ARM64: Arch = {
    name: 'arm64',
    /**
     * arm64_dma_phys_limit − 1 (arch/arm64/mm/init.c). Without limits of devices in the firmware's tables, this is the
     * end of memory or 4 GiB, whichever is lower, and unlimited if memory begins above 4 GiB.
     */
    lowLimit: (machine) => (startOf(machine) >= 0x100000000 ? Infinity : Math.min(0x100000000, endOf(machine)) - 1),
    firstMiB: false,
    /**
     * Documentation/arch/arm64/booting.rst: an image is 2 MiB aligned anywhere in memory; the device tree is 8 byte
     * aligned.
     */
    kernelAddress: (machine) => roundUp(startOf(machine), 2 * MIB) + 2 * MIB,
    parametersAddress: (machine) => roundUp(startOf(machine), 2 * MIB),
    parameters: 'device tree',
};

const ARCHS: Readonly<Record<ArchName, Arch>> = { 'x86-64': X86_64, arm64: ARM64 };

export function archNamed(name: ArchName): Arch {
    return ARCHS[name];
}
