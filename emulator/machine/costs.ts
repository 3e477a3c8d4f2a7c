/**
 * What emulated work takes, in one table. Nothing but this table and `sleep` moves the clock of a machine.
 *
 * The figures are orders of magnitude of a two-socket x86 server of about 3 GHz with DDR5, rounded, each with what it
 * is taken from. They say where time goes and how that changes with the amount of memory, files and folios, not how
 * long a given host takes: where somebody has measured their own, `cost` in a machine, a kernel or a scenario puts that
 * in place.
 */

interface Cost {
    /** Nanoseconds, for one of what `per` says. */
    readonly ns: number;
    /** What is counted: one of something, or a MiB of it. */
    readonly per: string;
    /** In a few words, what takes the time. */
    readonly what: string;
    /** Where the figure comes from. */
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
        what: "LUO's checks of an ioctl, its arguments copied in and out",
        why: 'two copies of a small structure, a descriptor looked up, a mutex',
    },
    callback: {
        ns: 30,
        per: 'call',
        what: "calling a handler, an FLB or a file's kind",
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
        what: 'the end of a process, but for the files it closes',
        why: "tearing down a small address space; lmbench's fork + exit less its fork",
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
        what: 'copying memory, for read and write, too',
        why: 'memcpy beyond the caches, one core: about 10 GB/s',
    },
    page_cache: {
        ns: 50,
        per: 'folio',
        what: 'entering a folio into a page cache',
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
        what: 'moving a folio elsewhere, but for the copy',
        why: 'a walk of its mappings, entries for migration put in and taken out, and a TLB flush on every processor that has them',
    },
    // KHO.
    preserve_folio: {
        ns: 120,
        per: 'block',
        what: 'preserving a folio or a block of pages',
        why: 'a radix-tree walk by six levels, mostly cached, under a lock; a C copy of the tree alone adds a page in 4 ns',
    },
    unpreserve_folio: { ns: 120, per: 'block', what: 'taking that back', why: 'the same walk' },
    restore_folio: {
        ns: 100,
        per: 'block',
        what: 'restoring a folio or a block of pages',
        why: 'its struct page, cold in the caches',
    },
    restore_page: {
        ns: 3,
        per: 'page',
        what: 'making the struct pages of a restored folio anew',
        why: '64 bytes a page, written in sequence: one cache line',
    },
    // Going down.
    kexec_load: {
        ns: 900 * US,
        per: 'MiB',
        what: 'reading and checking a kernel image',
        why: 'from the page cache, with a SHA-256 of it by SHA-NI: 1 to 2 GB/s',
    },
    shutdown: {
        ns: 15 * MS,
        per: 'reboot',
        what: 'kernel_restart_prepare(): reboot notifiers, other processors stopped',
        why: 'no devices yet: tens of ms remain, of which stopping the processors takes some',
    },
    jump: {
        ns: 1 * MS,
        per: 'reboot',
        what: 'machine_kexec(): caches flushed, page tables switched',
        why: 'relocate_kernel and what stands around it',
    },
    purgatory: {
        ns: 3 * MS,
        per: 'MiB',
        what: 'copying the loaded image to its place and checking its SHA-256',
        why: "the purgatory's generic C: some hundred MB/s",
    },
    // Coming up.
    firmware: {
        ns: 20 * S,
        per: 'cold boot',
        what: 'firmware and boot loader, which kexec leaves out',
        why: 'servers take minutes; the clock starts behind it, so only a cold boot on a machine that ran takes it',
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
        what: 'the struct pages of all memory',
        why: '256 of 64 bytes: 4 ms a GiB, without CONFIG_DEFERRED_STRUCT_PAGE_INIT',
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
        why: 'the PCI Express specification gives the function 100 ms, and pcie_flr() waits for them',
    },
    iommu_table: {
        ns: 300,
        per: 'table',
        what: 'taking over a page of I/O page tables from the previous kernel',
        why: '512 entries read, mostly from memory that no cache has: 64 lines at some 5 ns each, prefetched',
    },
    iommu_flush: {
        ns: 10 * US,
        per: 'flush',
        what: 'an invalidation of all that the IOMMU has cached, or of a domain',
        why: 'queued descriptors and a wait for the hardware, 1 to 20 µs',
    },
    boot_initcalls: {
        ns: 70 * MS,
        per: 'boot',
        what: 'drivers and subsystems',
        why: 'initcall_debug on a small configuration with built-in drivers',
    },
    boot_userspace: {
        ns: 60 * MS,
        per: 'boot',
        what: 'the initial RAM disk unpacked, and user space up to the first process of the scenario',
        why: 'an agent that is started by the init of a small initial RAM disk',
    },
    page_cache_fill: {
        ns: 700 * US,
        per: 'MiB',
        what: 'what user space reads from disk while it comes up',
        why: 'one NVMe drive, read ahead: 1.5 GB/s',
    },
    // Virtual machines.
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
        what: 'getting a vCPU out of the guest',
        why: "a signal to its thread, an IPI, the exit, and the VMM's thread woken up",
    },
    vcpu_resume: {
        ns: 10 * US,
        per: 'vCPU',
        what: 'having a vCPU enter the guest',
        why: 'its thread woken up, KVM_RUN',
    },
    vcpu_state: {
        ns: 40 * US,
        per: 'vCPU',
        what: 'reading or writing the state of a vCPU',
        why: 'a dozen ioctls, of which the FPU state and some hundred MSRs take the most',
    },
    // Not in anybody's hands.
    sleep: { ns: 1, per: 'ns', what: "the scenario's own `sleep`", why: 'as long as it says' },
} as const satisfies Readonly<Record<string, Cost>>;

export type CostName = keyof typeof TABLE;

function isCostName(name: string): name is CostName {
    return Object.hasOwn(TABLE, name);
}

/** In the order of the table; a clock's accounts have the same. */
export const COST_NAMES: readonly CostName[] = Object.keys(TABLE).filter(isCostName);

/** Those that can be given other figures. */
export const SETTABLE_COSTS: readonly CostName[] = COST_NAMES.filter((name) => name !== 'sleep');

/** Where a cost stands in a clock's accounts. Whoever charges it asks once. */
export function costId(name: CostName): number {
    return COST_NAMES.indexOf(name);
}

export const COSTS: Readonly<Record<CostName, Cost>> = TABLE;

/** Other figures for some of the costs, in nanoseconds for one of what the table says. */
export type CostChanges = Readonly<Partial<Record<CostName, number>>>;

/** A cost that can be given another figure; undefined where none is called so. */
export function settableCost(name: string): CostName | undefined {
    return isCostName(name) && name !== 'sleep' ? name : undefined;
}

/** The figures of the table with these in the place of its own; of several, the last one counts. */
export function ratesOf(...changes: readonly CostChanges[]): Float64Array {
    return Float64Array.from(COST_NAMES, (name) => changes.reduce((ns, c) => c[name] ?? ns, TABLE[name].ns));
}
