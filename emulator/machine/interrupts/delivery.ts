/** An interrupt on its way: who raises it, who handles it, and how it came out. */

/**
 * How an interrupt came out. `pending`: masked, the device keeps it. `posted`: in a descriptor in memory. `merged`: one
 * was waiting there already. `refused`: by the IOMMU. `lost`: it came nowhere. `spurious`: to a vector that nobody has.
 * `misrouted`: to somebody else's.
 */
export type InterruptOutcome =
    | 'delivered'
    | 'posted'
    | 'pending'
    | 'merged'
    | 'refused'
    | 'lost'
    | 'spurious'
    | 'misrouted';

/** What became of an interrupt, and where. */
export interface Delivery {
    readonly outcome: InterruptOutcome;
    /** Why it did not arrive, in a few words; empty where it did. */
    readonly why: string;
    /** Processor and vector, where it got that far; −1 else. */
    readonly cpu: number;
    readonly vector: number;
    /** The entry of the remapping table that it went through; −1: none. */
    readonly entry: number;
    /** Who handled it. */
    readonly handler: string;
    /** The descriptor that it was posted to; −1: none. */
    readonly descriptor: number;
}

/** What somebody who raises interrupts is to those who handle them. */
export interface InterruptSource {
    readonly requester: number;
}

/** Somebody who handles a vector of a processor. Kernels implement it. */
export interface InterruptHandler {
    readonly name: string;
    /** Whether an interrupt was meant for it: of this device, by the number of its own vector. */
    serves(source: InterruptSource, vector: number): boolean;
    /** It has come. @param descriptor what was posted to, where the interrupt says that something was; −1: nothing */
    handle(descriptor: number): void;
}
