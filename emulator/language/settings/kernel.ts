/** What stands in `kernel "…" { }`. */
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

const SIZE: NumberArgument = number('The size', { least: 0, refusal: 'A size is 0 bytes or more.' });

/** Entries that name things: `handlers + a, b`. */
export const KERNEL_LISTS = {
    handlers: {
        examples: ['handlers + …'],
        doc: '`handlers + a, b` adds handlers behind those of the kernel that it is made from, `handlers - a` takes one away.',
        repeated: true,
    },
    modules: {
        examples: ['modules …'],
        doc: 'Handlers in modules: each registers when a process calls `modprobe("…")`, not while the kernel comes up.',
        repeated: true,
    },
    layers: {
        examples: ['layers …'],
        doc: 'What is proposed for a later release, and this kernel has.',
        repeated: true,
    },
    flaws: {
        examples: ['flaws …'],
        doc: 'Mistakes that the kernel is given besides those of its release, to see what they do; `flaws - a` rids it of one, as a fix that a distribution has brought in.',
        repeated: true,
    },
} as const satisfies Record<string, Description>;

export type KernelListName = keyof typeof KERNEL_LISTS;

/** Entries with a value. */
export const KERNEL_SETTINGS = {
    cmdline: {
        takes: text,
        examples: ['cmdline "kho_scratch=64M,64M,32M"'],
        doc: 'Added to the command line of the kernel that it is made from.',
        repeated: true,
    },
    numa: { takes: onOff, examples: ['numa off'], doc: 'CONFIG_NUMA.' },
    kho: { takes: onOff, examples: ['kho off'], doc: 'CONFIG_KEXEC_HANDOVER; without it there is no LUO either.' },
    kho_debug: {
        takes: onOff,
        examples: ['kho_debug off'],
        doc: 'CONFIG_KEXEC_HANDOVER_DEBUG: the kernel checks whether preserved memory touches scratch.',
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
        doc: 'Whether its IOMMU driver turns translation off when the kernel goes down.',
    },
    early_memory: {
        takes: SIZE,
        examples: ['early_memory 40MiB'],
        doc: 'What it allocates before its page allocator runs, besides the memmap.',
    },
    page_cache: {
        takes: SIZE,
        examples: ['page_cache 64MiB'],
        doc: 'What its user space reads from disk while it comes up.',
    },
    image_size: { takes: SIZE, examples: ['image_size 24MiB'], doc: 'The room that its image takes.' },
    initrd: { takes: SIZE, examples: ['initrd 48MiB'], doc: 'The initial RAM disk that is loaded with it.' },
    arch: {
        takes: oneOf(ARCHS),
        examples: ['arch arm64', 'arch x86_64'],
        doc: 'What it is built for; where it is left out, for whatever the machine is.',
    },
    vfio_phase: {
        takes: oneOf({
            keep: 'it keeps running, as from the second phase of the series on',
            reset: 'it is reset, as in the first phase of the series (the default)',
        }),
        layer: 'vfio',
        examples: ['vfio_phase keep', 'vfio_phase reset'],
        doc: 'What becomes of a preserved device in this kernel.',
    },
    iommufd_phase: {
        takes: number('The phase', { least: 1, most: 2 }),
        layer: 'iommu',
        examples: ['iommufd_phase 1'],
        doc: '1: a preserved iommufd cannot be retrieved yet, as the series begins. 2, the default: it can.',
    },
} as const satisfies Record<string, AnySetting>;

export type KernelValues = ValuesOf<typeof KERNEL_SETTINGS>;

/** `cost copy 200us` */
export const KERNEL_COST = {
    takes: costChange,
    examples: ['cost copy 200us'],
    doc: 'What something takes while this kernel runs, or one that is made from it.',
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
            doc: 'Code that runs in the kernel when it comes up, after its handlers are registered.',
            repeated: true,
        },
    ],
]);
