/**
 * The time that emulated work takes, in one table. Only this table and `sleep` advance the clock of a machine.
 *
 * The figures are rounded orders of magnitude for a two-socket x86 server of about 3 GHz with DDR5, each with its
 * source. They show where time goes and how it changes with the amount of memory, files and folios, not how long a
 * given host takes. `cost` in a machine, a kernel or a scenario replaces a figure by a measured one.
 */

interface Cost {
    /** Nanoseconds per unit. */
    readonly ns: number;
    /** The unit: one of something, or a MiB. */
    readonly per: string;
    /** The work that takes the time, in a few words. */
    readonly what: string;
    /** The source of the figure. */
    readonly why: string;
}

const US = 1000;
const MS = 1000 * US;
const S = 1000 * MS;

const TABLE = {
    // User space and the kernel's entry.
    syscall: {
        ns: 100,
        per: 'call',
        what: 'entering and leaving the kernel',
        why: "lmbench's null call on a kernel with its mitigations on: 70 to 200 ns",
    },
    ioctl: {
        ns: 300,
        per: 'call',
        what: 'checking an ioctl of LUO and copying its arguments in and out',
        why: 'two copies of a small structure, the look-up of a descriptor, a mutex',
    },
    callback: {
        ns: 30,
        per: 'call',
        what: 'calling a callback of a handler, an FLB or a file kind',
        why: 'an indirect call through a retpoline, its frame and its locks',
    },
    process_start: {
        ns: 500 * US,
        per: 'process',
        what: 'fork and exec',
        why: "lmbench's fork + exec of a dynamic program: 0.3 to 1 ms",
    },
    process_exit: {
        ns: 100 * US,
        per: 'process',
        what: 'the exit of a process, without closing its files',
        why: "tearing down a small address space; lmbench's fork + exit minus its fork",
    },
    // Memory.
    page_alloc: {
        ns: 90,
        per: 'block',
        what: 'allocating 2^order pages',
        why: "the order of magnitude of the kernel's page_bench: 100 to 200 cycles from per-CPU lists, more from the buddy lists",
    },
    page_free: { ns: 60, per: 'block', what: 'freeing 2^order pages', why: 'the same benchmark' },
    zero: {
        ns: 80 * US,
        per: 'MiB',
        what: 'clearing memory',
        why: 'clear_page() with rep stosb, one core: 12 to 14 GB/s',
    },
    copy: {
        ns: 100 * US,
        per: 'MiB',
        what: 'copying memory, also for read and write',
        why: 'memcpy beyond the caches, one core: about 10 GB/s',
    },
    page_cache: {
        ns: 50,
        per: 'folio',
        what: 'adding a folio to a page cache',
        why: 'an XArray store and the accounting of shmem',
    },
    pin: {
        ns: 20,
        per: 'folio',
        what: 'looking up and pinning a folio',
        why: 'a batched page-cache look-up and two atomic additions',
    },
    migrate: {
        ns: 2 * US,
        per: 'folio',
        what: 'migrating a folio, without the copy',
        why: 'a walk of its mappings, migration entries set and removed, and a TLB flush on every processor that has them',
    },
    // KHO.
    preserve_folio: {
        ns: 120,
        per: 'block',
        what: 'preserving a folio or a block of pages',
        why: 'a walk of six levels of a radix tree, mostly cached, under a lock; the tree code alone, in C, adds a page in 4 ns',
    },
    unpreserve_folio: { ns: 120, per: 'block', what: 'unpreserving a folio or a block of pages', why: 'the same walk' },
    restore_folio: {
        ns: 100,
        per: 'block',
        what: 'restoring a folio or a block of pages',
        why: 'a cache miss on its struct page',
    },
    restore_page: {
        ns: 3,
        per: 'page',
        what: 'initializing the struct pages of a restored folio',
        why: '64 bytes per page, written in sequence: one cache line',
    },
    // Shutdown and jump.
    kexec_load: {
        ns: 900 * US,
        per: 'MiB',
        what: 'reading and checking a kernel image',
        why: 'from the page cache, with a SHA-256 of it by SHA-NI: 1 to 2 GB/s',
    },
    shutdown: {
        ns: 15 * MS,
        per: 'reboot',
        what: 'kernel_restart_prepare(): calling reboot notifiers, stopping the other processors',
        why: 'without devices: tens of ms, partly for stopping the processors',
    },
    jump: {
        ns: 1 * MS,
        per: 'reboot',
        what: 'machine_kexec(): flushing caches, switching page tables',
        why: 'relocate_kernel and the code around it',
    },
    purgatory: {
        ns: 3 * MS,
        per: 'MiB',
        what: 'copying the loaded image to its destination and checking its SHA-256',
        why: "the purgatory's generic C: some hundred MB/s",
    },
    vmcore: {
        ns: 700 * US,
        per: 'MiB',
        what: 'writing the dump of a crashed kernel',
        why: 'estimated: 1 to 2 GB/s to a local SSD, without compression',
    },
    // Boot.
    firmware: {
        ns: 20 * S,
        per: 'cold boot',
        what: 'firmware and boot loader, which kexec skips',
        why: 'servers take minutes; the clock starts after the first one, so only later cold boots take this time',
    },
    boot_early: {
        ns: 12 * MS,
        per: 'boot',
        what: 'decompressing the kernel, setup_arch(), page tables',
        why: 'the first lines of a dmesg with initcall_debug on a small configuration',
    },
    boot_memmap: {
        ns: 4 * US,
        per: 'MiB of memory',
        what: 'initializing the struct pages of all memory',
        why: '256 of 64 bytes: 4 ms per GiB, without CONFIG_DEFERRED_STRUCT_PAGE_INIT; with larger pages accordingly less',
    },
    boot_preserved: {
        ns: 150,
        per: 'block',
        what: 'reserving a preserved block',
        why: "a memblock reservation and a mark in the block's first struct page",
    },
    pci_scan: {
        ns: 30 * US,
        per: 'function',
        what: 'finding a PCI function and reading its registers',
        why: 'some dozens of configuration accesses at 0.5 to 1 µs',
    },
    device_reset: {
        ns: 100 * MS,
        per: 'reset',
        what: 'a function level reset',
        why: 'the PCI Express specification allows the function 100 ms, and pcie_flr() waits for that time',
    },
    device_suspend: {
        ns: 2 * MS,
        per: 'device',
        what: "the suspend callback of a device's driver: stopping its queues and reading its registers",
        why: 'the lines of a hibernation with initcall_debug: 0.5 to 10 ms for network cards, most of it waiting for the queues to drain',
    },
    device_resume: {
        ns: 5 * MS,
        per: 'device',
        what: "the resume callback of a device's driver: writing its registers, starting its queues",
        why: 'the same lines on the way back: 1 to 50 ms for network cards, without the negotiation of the link',
    },
    nvme_read: {
        ns: 80 * US,
        per: 'block of 4 KiB',
        what: 'an NVMe disk reads a block, beside the processors',
        why: 'random reads of 4 KiB on data centre disks with flash memory: 60 to 100 µs at a queue depth of 1',
    },
    nvme_write: {
        ns: 15 * US,
        per: 'block of 4 KiB',
        what: 'an NVMe disk takes a block into its protected cache, beside the processors',
        why: 'random writes of 4 KiB on the same disks, whose cache survives a power failure: 10 to 20 µs',
    },
    nvme_flush: {
        ns: 20 * US,
        per: 'command',
        what: 'an NVMe disk executes a flush, beside the processors',
        why: 'a protected cache has nothing to flush: the time of a command',
    },
    vram_copy: {
        ns: 40 * US,
        per: 'MiB',
        what: "copying between memory and a device's own memory",
        why: 'PCI Express 4.0 with 16 lanes: 25 GB/s in one direction',
    },
    iommu_table: {
        ns: 300,
        per: 'table',
        what: 'taking over a page of I/O page tables from the previous kernel',
        why: '512 entries read, mostly with cache misses: 64 lines of some 5 ns each, prefetched',
    },
    iommu_flush: {
        ns: 10 * US,
        per: 'flush',
        what: 'invalidating the caches of the IOMMU, for all domains or one',
        why: 'queued descriptors and a wait for the hardware, 1 to 20 µs',
    },
    boot_initcalls: {
        ns: 70 * MS,
        per: 'boot',
        what: 'initializing drivers and subsystems',
        why: 'initcall_debug on a small configuration with built-in drivers',
    },
    boot_userspace: {
        ns: 60 * MS,
        per: 'boot',
        what: 'unpacking the initial RAM disk, and running user space up to the first process of the scenario',
        why: 'an agent that is started by the init of a small initial RAM disk',
    },
    page_cache_fill: {
        ns: 700 * US,
        per: 'MiB',
        what: 'reading what user space needs from disk while it starts',
        why: 'one NVMe drive, read ahead: 1.5 GB/s',
    },
    // Virtual machines.
    tee_init: {
        ns: 500 * MS,
        per: 'boot',
        what: 'setting up the platform for confidential guests (SNP_INIT, TDH.SYS.INIT)',
        why: 'an estimate: clearing a table of 1/256 of all memory, and commands of the firmware',
    },
    tee_shutdown: {
        ns: 200 * MS,
        per: 'reboot',
        what: 'shutting the SEV-SNP firmware down',
        why: 'an estimate: a flush of all caches on all processors (DF_FLUSH), and one command',
    },
    tee_command: {
        ns: 1 * MS,
        per: 'command',
        what: 'launching or ending a confidential guest',
        why: 'an estimate: commands of the security processor take from 0.1 to several ms',
    },
    tee_page: {
        ns: 2 * US,
        per: 'page',
        what: 'giving a page to a confidential guest, or taking it back',
        why: 'an estimate: RMPUPDATE with the exit that asks for it; TDH.MEM.PAGE.AUG is of the same order',
    },
    vm_create: {
        ns: 300 * US,
        per: 'VM',
        what: 'KVM_CREATE_VM',
        why: 'struct kvm, its page tables, an SRCU structure and debugfs files: some hundred µs',
    },
    vcpu_create: {
        ns: 150 * US,
        per: 'vCPU',
        what: 'KVM_CREATE_VCPU and its first setup',
        why: 'a VMCS, an APIC page, CPUID and MSRs set by the VMM',
    },
    memslot: {
        ns: 20 * US,
        per: 'slot',
        what: 'KVM_SET_USER_MEMORY_REGION',
        why: 'an RCU grace period of SRCU, expedited',
    },
    vcpu_pause: {
        ns: 15 * US,
        per: 'vCPU',
        what: 'making a vCPU leave the guest',
        why: "a signal to its thread, an IPI, the exit, and a wakeup of the VMM's thread",
    },
    vcpu_resume: {
        ns: 10 * US,
        per: 'vCPU',
        what: 'making a vCPU enter the guest',
        why: 'a wakeup of its thread, KVM_RUN',
    },
    vcpu_state: {
        ns: 40 * US,
        per: 'vCPU',
        what: 'reading or writing the state of a vCPU',
        why: 'a dozen ioctls; the FPU state and some hundred MSRs take most of the time',
    },
    vcpu_adopt: {
        ns: 20 * US,
        per: 'vCPU',
        what: 'stopping a vCPU that runs in the caretaker',
        why: 'a state word, an IPI, the exit, and a poll of the state each 10 us',
    },
    cpu_offline: {
        ns: 5 * MS,
        per: 'processor',
        what: 'taking a processor offline and parking it',
        why: 'the hotplug callbacks of all subsystems; reports give 2 to 20 ms',
    },
    cpu_online: {
        ns: 10 * MS,
        per: 'processor',
        what: 'starting a processor that was set aside',
        why: 'INIT, SIPI, its calibration and the hotplug callbacks',
    },
    // Fixed.
    sleep: { ns: 1, per: 'ns', what: '`sleep` in the scenario', why: 'its argument' },
} as const satisfies Readonly<Record<string, Cost>>;

export type CostName = keyof typeof TABLE;

function isCostName(name: string): name is CostName {
    return Object.hasOwn(TABLE, name);
}

/** In the order of the table, which is also that of a clock's accounts. */
export const COST_NAMES: readonly CostName[] = Object.keys(TABLE).filter(isCostName);

/** The costs whose figures can be replaced. */
export const SETTABLE_COSTS: readonly CostName[] = COST_NAMES.filter((name) => name !== 'sleep');

/** The index of a cost in a clock's accounts. Callers look it up once. */
export function costId(name: CostName): number {
    return COST_NAMES.indexOf(name);
}

export const COSTS: Readonly<Record<CostName, Cost>> = TABLE;

/** New figures for some of the costs, in nanoseconds per unit of the table. */
export type CostChanges = Readonly<Partial<Record<CostName, number>>>;

/** The cost of this name whose figure can be replaced; undefined if there is none. */
export function settableCost(name: string): CostName | undefined {
    return isCostName(name) && name !== 'sleep' ? name : undefined;
}

/** The figures of the table with some replaced; of several changes, the last one counts. */
export function ratesOf(...changes: readonly CostChanges[]): Float64Array {
    return Float64Array.from(COST_NAMES, (name) => changes.reduce((ns, c) => c[name] ?? ns, TABLE[name].ns));
}
