/** The memory that a kernel allocates before its page allocator runs. */

const MiB = 0x10_0000;

/**
 * Memory that a kernel needs before the buddy allocator runs, besides its memmap of 64 bytes per page. Bytes.
 *
 * The figures fit two recorded machines (kernel 7.2.13), whose scratch areas are 200 % of these needs rounded up to 4
 * MiB: 256 MiB without CONFIG_NUMA: lowmem 40 MiB, so memmap (4) + rest is in (18, 20]; node area 120 MiB = 2 × (K +
 * 40), the same. 512 MiB with nodes of 320 and 192 MiB: lowmem 48 MiB: memmap (8) + rest in (22, 24]; node 0 36 MiB:
 * memmap (5) + rest in (16, 18]; node 1 12 MiB: memmap (3) + rest in (4, 6]. That leaves 14 to 16 MiB besides the
 * memmap, 11 to 13 of them on node 0. The addresses of the areas show how much of it is at the top of the nodes and how
 * much is the kernel's image below.
 */
export interface EarlyMemory {
    /** The kernel's image with its bss, at 16 MiB unless kexec puts it elsewhere. */
    readonly image: number;
    /** Page tables, log buffer, firmware tables: on the first node. */
    readonly fixed: number;
    /** Per-CPU areas and hash tables, spread evenly over the nodes. */
    readonly spread: number;
}

export const DEFAULT_EARLY_MEMORY: EarlyMemory = { image: 8 * MiB, fixed: 2.5 * MiB, spread: 4 * MiB };
