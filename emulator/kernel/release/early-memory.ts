/** How much memory a kernel allocates before its page allocator runs: what its configuration decides. Bytes. */
export interface EarlyMemory {
    /** The room of its image, with bss and brk; undefined: what is usual for the architecture. */
    readonly image: number | undefined;
    /** What this configuration allocates besides what every kernel of the architecture does. */
    readonly extra: number;
}

export const DEFAULT_EARLY_MEMORY: EarlyMemory = { image: undefined, extra: 0 };
