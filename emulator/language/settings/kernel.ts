/** The entries of `kernel "…" { }`. */
import { ARCHS } from './machine';
import {
    costChange,
    number,
    oneOf,
    onOff,
    text,
    type AnySetting,
    type Description,
    type NumberArgument,
    type ValuesOf,
} from './setting';

const SIZE: NumberArgument = number('The size', { least: 0, refusal: 'A size cannot be negative.' });

/** Entries with a list of names: `handlers + a, b`. */
export const KERNEL_LISTS = {
    handlers: {
        examples: ['handlers + …'],
        doc: '`handlers + a, b` appends handlers to those of the base kernel, `handlers - a` removes one.',
        repeated: true,
    },
    modules: {
        examples: ['modules …'],
        doc: 'Handlers in modules: each registers when a process calls `modprobe("…")`, not during boot.',
        repeated: true,
    },
    layers: {
        examples: ['layers …'],
        doc: 'Proposed features of later releases that this kernel has.',
        repeated: true,
    },
    flaws: {
        examples: ['flaws …'],
        doc: 'Bugs that are put into the kernel besides those of its release, to show their effects. `flaws - a` removes one, like a fix that a distribution has backported.',
        repeated: true,
    },
} as const satisfies Record<string, Description>;

export type KernelListName = keyof typeof KERNEL_LISTS;

/** Entries with a value. */
export const KERNEL_SETTINGS = {
    cmdline: {
        takes: text,
        examples: ['cmdline "kho_scratch=64M,64M,32M"'],
        doc: 'Appended to the command line of the base kernel.',
        repeated: true,
    },
    numa: { takes: onOff, examples: ['numa off'], doc: 'CONFIG_NUMA.' },
    kho: { takes: onOff, examples: ['kho off'], doc: 'CONFIG_KEXEC_HANDOVER. Without it, LUO is off too.' },
    kho_debug: {
        takes: onOff,
        examples: ['kho_debug off'],
        doc: 'CONFIG_KEXEC_HANDOVER_DEBUG: the kernel checks whether preserved memory overlaps scratch memory.',
    },
    deferred_init: {
        takes: onOff,
        examples: ['deferred_init on'],
        doc: 'CONFIG_DEFERRED_STRUCT_PAGE_INIT; from 6.17 to 6.19 such a kernel has no KHO.',
    },
    kfence: { takes: onOff, examples: ['kfence on'], doc: 'CONFIG_KFENCE.' },
    iommu_shutdown: {
        takes: onOff,
        examples: ['iommu_shutdown off'],
        doc: 'Whether the IOMMU driver turns translation off when the kernel shuts down.',
    },
    zone_dma: {
        takes: onOff,
        examples: ['zone_dma off'],
        doc: 'CONFIG_ZONE_DMA. An arm64 kernel without it has no low memory: its first scratch area is anywhere, and the second one is empty.',
    },
    kaslr: {
        takes: onOff,
        examples: ['kaslr on'],
        doc: 'CONFIG_RANDOMIZE_BASE: an x86-64 kernel moves its image to a random place, drawn from the seed of the run (`--seed`); with seed 0 to the lowest possible place. With `nokaslr` on its command line it stays where it was loaded.',
    },
    early_memory: {
        takes: SIZE,
        examples: ['early_memory 40MiB'],
        doc: 'The memory that its configuration allocates before its page allocator runs, in addition to what every kernel allocates: the memmap, hash tables, per-CPU areas, page tables, bounce buffers.',
    },
    page_cache: {
        takes: SIZE,
        examples: ['page_cache 64MiB'],
        doc: 'The amount of data that user space reads from disk at startup.',
    },
    image_size: { takes: SIZE, examples: ['image_size 24MiB'], doc: 'The size of the kernel image in memory.' },
    initrd: {
        takes: SIZE,
        examples: ['initrd 48MiB'],
        doc: 'The size of the initial RAM disk that is loaded with the kernel.',
    },
    arch: {
        takes: oneOf(ARCHS),
        examples: ['arch arm64', 'arch x86_64'],
        doc: 'The architecture that the kernel is built for. The default is that of the machine.',
    },
    vfio_phase: {
        takes: oneOf({
            keep: 'the device keeps running, as in the second phase of the series',
            reset: 'the device is reset, as in the first phase of the series (the default)',
        }),
        layer: 'vfio',
        examples: ['vfio_phase keep', 'vfio_phase reset'],
        doc: 'What this kernel does with a preserved device.',
    },
    vfio_unclaimed: {
        takes: oneOf({
            refuse: 'the session cannot be finished, as in the series (the default)',
            hold: 'the session can be finished, and the device keeps running, unusable, until the next update',
            reset: 'finishing the session resets the device, which can then be opened again',
        }),
        layer: 'vfio',
        examples: ['vfio_unclaimed hold', 'vfio_unclaimed refuse', 'vfio_unclaimed reset'],
        doc: 'What this kernel does with a preserved device that no process retrieves.',
    },
    nic_driver: {
        takes: number('The version', { least: 1, most: 3 }),
        examples: ['nic_driver 2'],
        doc: 'The version of the drivers of this kernel that save the state of devices (layers `device_pm`, `kstate`). 1 (the default): without the size of frames; 2: with it; 3: with it, in a subsection of KSTATE.',
    },
    memfd_feature: {
        takes: oneOf({
            off: 'not known (the default)',
            optional: 'handed over; other kernels ignore them',
            required: 'handed over; other kernels refuse the file',
            supported: 'read, not handed over',
        }),
        layer: 'feature_flags',
        examples: ['memfd_feature optional', 'memfd_feature required', 'memfd_feature supported'],
        doc: 'The names of memfds, as a feature that is added to their format.',
    },
    new_format: {
        takes: oneOf({
            block: 'blocks of lists',
            radix: 'tree of preserved memory',
            vmalloc: 'vmalloc areas',
        }),
        examples: ['new_format block', 'new_format radix', 'new_format vmalloc'],
        doc: 'A format inside KHO that has its next version in this kernel.',
    },
    iommufd_phase: {
        takes: number('The phase', { least: 1, most: 2 }),
        layer: 'iommu',
        examples: ['iommufd_phase 1'],
        doc: '1: a preserved iommufd cannot be retrieved, as in the first part of the series. 2 (the default): it can.',
    },
} as const satisfies Record<string, AnySetting>;

export type KernelValues = ValuesOf<typeof KERNEL_SETTINGS>;

/** `cost copy 200us` */
export const KERNEL_COST = {
    takes: costChange,
    examples: ['cost copy 200us'],
    doc: 'The time that an operation takes in this kernel, and in kernels based on it.',
    repeated: true,
} as const satisfies AnySetting;

/** All entries, by name. */
export const KERNEL_ENTRIES: ReadonlyMap<string, Description> = new Map<string, Description>([
    ...Object.entries(KERNEL_LISTS),
    ...Object.entries(KERNEL_SETTINGS),
    ['cost', KERNEL_COST],
    [
        'init',
        {
            examples: ['init { }'],
            doc: 'Code that runs in the kernel during boot, after its handlers are registered.',
            repeated: true,
        },
    ],
]);
