/** The entries of `machine { }`. */
import type { PageGeometry } from '../../machine/arch';
import type { FirmwareKind } from '../../machine/firmware';
import type { IommuVendor } from '../../machine/iommu/unit';
import type { TeeKind } from '../../machine/tee/entry';
import { MOST_MEMORY } from '../../machine/machine';
import {
    costChange,
    device,
    number,
    oneOf,
    range,
    text,
    type AnySetting,
    type NumberArgument,
    type ValuesOf,
} from './setting';

/** CONFIG_NR_CPUS of the larger distributions. */
const MOST_CPUS = 8192;
/** MAX_NUMNODES with the default NODES_SHIFT of 6 (arch/x86/Kconfig). */
const MOST_NODES = 64;
/** ASIDs in an entry of the RMP have 10 bits (arch/x86/virt/svm/sev.c). */
const MOST_TEE_SLOTS = 1023;
const PAGE = ({ size }: PageGeometry): number => size;
/**
 * The alignment of scratch areas since 7.1 (kernel/liveupdate/kexec_handover.c): the largest block of pages, in bytes.
 */
const SCRATCH_ALIGN = ({ size, maxOrder }: PageGeometry): number => size * 2 ** maxOrder;

/** The architectures, for machines and for kernels. */
export const ARCHS = {
    arm64: '64-bit Arm',
    x86_64: '64-bit x86',
};

/** The first page belongs to the firmware of a PC. */
const LEAST_MEMORY = 8192;

const NODE: NumberArgument = number('The node', {
    least: 0,
    most: MOST_NODES - 1,
    refusal: `Nodes are numbered from 0 to ${MOST_NODES - 1}.`,
});

export const MACHINE_SETTINGS = {
    like: {
        takes: text,
        examples: ['like "handover.elf.gz"'],
        doc: 'Copies the machine of a memory image: its RAM, and the addresses of the root FDT and of the scratch areas. The image must be in the folder of this file or below it. Other entries take precedence: with a `map`, the RAM of the image is ignored. The entry can also precede the braces, `machine like "handover.elf.gz" { … }`; the braces are then optional.',
    },
    memory: {
        takes: number('The size', {
            least: LEAST_MEMORY,
            most: MOST_MEMORY,
            refusal: 'The memory of a machine must be between 8 KiB and 64 TiB.',
        }),
        options: { node: NODE },
        examples: ['memory 2GiB', 'memory 2GiB node 1'],
        doc: 'RAM of this size, on node 0 or on the node that it names. The addresses are those of a typical machine of the architecture. Without `memory` and `map`, a machine has 2 GiB on node 0.',
        repeated: true,
    },
    map: {
        takes: range,
        options: { node: NODE },
        examples: ['map 0x10_0000 .. 0x4000_0000 node 0'],
        doc: 'RAM from one physical address up to, but not including, another. A machine with `map` has only this RAM; its `memory` is ignored.',
        repeated: true,
    },
    cpus: {
        takes: number('The number of processors', { least: 1, most: MOST_CPUS }),
        examples: ['cpus 4'],
        doc: 'The number of processors, which take the interrupts of devices. The default is 1.',
    },
    node: {
        takes: NODE,
        examples: ['node 2'],
        remark: 'without memory',
        doc: 'A NUMA node with processors but without memory.',
        repeated: true,
    },
    arch: {
        takes: oneOf(ARCHS),
        examples: ['arch arm64', 'arch x86_64'],
        doc: 'The architecture. The default is x86_64. The memory of an arm64 machine begins at 1 GiB, and its kernels are started with a device tree.',
    },
    page: {
        takes: number('The page size', { least: 1, refusal: 'A page has at least 1 byte.' }),
        examples: ['page 64KiB'],
        doc: 'The page size of the kernels of this machine: 4KiB (the default), 16KiB or 64KiB on arm64, 4KiB on x86_64. The size is a number, not a `const`.',
    },
    iommu: {
        takes: oneOf<IommuVendor>(
            { vtd: 'Intel VT-d, on x86_64', amd: 'AMD-Vi, on x86_64', smmuv3: 'Arm SMMUv3, on arm64' },
            { vtd: 'x86_64', amd: 'x86_64', smmuv3: 'arm64' },
        ),
        examples: ['iommu vtd'],
        doc: 'The IOMMU between devices and memory. Without one, devices use physical addresses.',
    },
    firmware: {
        takes: oneOf<FirmwareKind>({ uefi: 'UEFI', none: 'a device tree alone, on arm64' }, { none: 'arm64' }),
        examples: ['firmware uefi'],
        doc: 'The firmware. UEFI, the default, keeps memory reserved over a kexec, which arm64 kernels need for the tables of their interrupt controller. With `firmware none`, a boot loader starts kernel 1 with a device tree, as `qemu-system-aarch64 -kernel` does.',
    },
    tee: {
        takes: oneOf<TeeKind>(
            { snp: 'AMD SEV-SNP, on x86_64', tdx: 'Intel TDX, on x86_64' },
            { snp: 'x86_64', tdx: 'x86_64' },
        ),
        examples: ['tee snp'],
        doc: 'The machine can have [confidential guests](confidential-guests.md), whose memory the host cannot read.',
    },
    asids: {
        takes: number('The number of ASIDs', { least: 1, most: MOST_TEE_SLOTS }),
        examples: ['asids 2'],
        doc: 'The number of ASIDs for confidential guests with `tee snp`, one for each guest. The default is 15.',
    },
    keyids: {
        takes: number('The number of KeyIDs', { least: 1, most: MOST_TEE_SLOTS }),
        examples: ['keyids 4'],
        doc: 'The number of KeyIDs for confidential guests with `tee tdx`, one for each guest. The default is 15.',
    },
    device: {
        takes: device,
        examples: ['device nic0 at "0000:3b:00.0" { kind nic }'],
        doc: 'A PCI device with a DMA engine: its name, its address in the notation of lspci, and its settings in braces.',
        repeated: true,
    },
    cost: {
        takes: costChange,
        examples: ['cost copy 200us'],
        doc: 'The time that an operation takes on this machine, instead of the one in the table of costs.',
        repeated: true,
    },
    kho_fdt: {
        takes: number('The address', { least: 0, multipleOf: PAGE }),
        examples: ['kho_fdt 0x4c_2000'],
        doc: 'The physical address of the root FDT that kernel 1 hands over.',
    },
    scratch_array: {
        takes: number('The address', { least: 0, multipleOf: PAGE }),
        examples: ['scratch_array 0xfc2_9000'],
        doc: 'The physical address of the array of scratch areas that kernel 1 hands over.',
    },
    scratch: {
        takes: number('The address', { least: 0, multipleOf: SCRATCH_ALIGN }),
        options: { size: { ...number('The size', { least: 0, multipleOf: SCRATCH_ALIGN }), required: true } },
        examples: ['scratch 0xcc0_0000 size 40MiB'],
        doc: 'A scratch area of kernel 1. The first is in low memory, the second is global, the others are one per node.',
        repeated: true,
    },
} as const satisfies Record<string, AnySetting>;

export type MachineValues = ValuesOf<typeof MACHINE_SETTINGS>;
