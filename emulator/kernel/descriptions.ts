/**
 * What differs between kernels, as values that code asks. One description a release and configuration; a scenario's `kernel`
 * declarations change some of it and add handlers and code.
 */

import { DEFAULT_EARLY_MEMORY, type EarlyMemory } from './kho/boot';

const MIB = 0x100000;

export interface KernelDescription {
    /** As scenarios name it. */
    readonly name: string;
    /** One line about it. */
    readonly summary: string;
    /** uname -r */
    readonly release: string;
    /** `compatible` of the KHO root FDT. */
    readonly khoCompatible: string;
    /** Compiled in or given by the boot loader; behind it comes what the scenario adds. */
    readonly cmdline: string;
    /** CONFIG_NUMA */
    readonly numa: boolean;
    /** CONFIG_KEXEC_HANDOVER_DEBUG: what is preserved must not touch scratch. */
    readonly khoDebug: boolean;
    /** Handlers of the standard library that it registers, in order. */
    readonly handlers: readonly string[];
    /** What it takes before its page allocator runs. */
    readonly early: EarlyMemory;
    /** Bytes of the initial RAM disk. */
    readonly initrdSize: number;
    /** Bytes of page cache that its user space has filled when the boot is over. */
    readonly pageCache: number;
}

const v72: KernelDescription = {
    name: '7.2',
    summary: 'Linux 7.2 on x86-64, with kho=on liveupdate=on',
    release: '7.2.13',
    khoCompatible: 'kho-v4',
    cmdline: 'console=ttyS0 kho=on liveupdate=on',
    numa: true,
    khoDebug: true,
    handlers: ['memfd'],
    early: DEFAULT_EARLY_MEMORY,
    initrdSize: 4 * MIB,
    pageCache: 32 * MIB,
};

/** The kernel that the recordings were made with: one node without CONFIG_NUMA. */
const v72Uma: KernelDescription = {
    ...v72,
    name: '7.2-uma',
    summary: 'Linux 7.2.13 without CONFIG_NUMA, as the recordings of a real kernel were made with',
    numa: false,
    pageCache: 8 * MIB,
    initrdSize: 2 * MIB,
};

/** Live update is the same in 7.3 as in 7.2 in everything that is emulated. */
const v73: KernelDescription = { ...v72, name: '7.3', summary: 'Linux 7.3 on x86-64, with kho=on liveupdate=on', release: '7.3.4' };
const v73Uma: KernelDescription = { ...v72Uma, name: '7.3-uma', summary: 'Linux 7.3.4 without CONFIG_NUMA, as the recordings of a real kernel were made with', release: '7.3.4' };

export const DESCRIPTIONS: ReadonlyMap<string, KernelDescription> = new Map([v72, v73, v72Uma, v73Uma].map((d) => [d.name, d]));

/** The kernel that a scenario gets where it names none. */
export const DEFAULT_KERNEL = '7.2';
