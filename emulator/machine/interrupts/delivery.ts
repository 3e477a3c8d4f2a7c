/** The delivery of an interrupt: its source, its handler, and its outcome. */

/**
 * The outcome of an interrupt. `pending`: masked, the device keeps it. `posted`: in a descriptor in memory. `merged`:
 * one was already pending or posted. `refused`: by the IOMMU. `lost`: it arrived nowhere. `spurious`: its vector is not
 * assigned. `misrouted`: its vector belongs to another device.
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

/** The outcome of an interrupt, and where it went. */
export interface Delivery {
    readonly outcome: InterruptOutcome;
    /** Why it did not arrive, in a few words; empty if it did. */
    readonly why: string;
    /** Processor and vector if it got that far, otherwise −1. */
    readonly cpu: number;
    readonly vector: number;
    /** The entry of the remapping table that was used; −1: none. */
    readonly entry: number;
    /** The name of its handler. */
    readonly handler: string;
    /** The descriptor that it was posted to; −1: none. */
    readonly descriptor: number;
}

/** A source of interrupts, as its handlers see it. */
export interface InterruptSource {
    readonly requester: number;
}

/** The handler of a vector of a processor. Kernels implement it. */
export interface InterruptHandler {
    readonly name: string;
    /** Whether it handles the interrupt of this device with this vector number of the device. */
    serves(source: InterruptSource, vector: number): boolean;
    /**
     * The interrupt has arrived. @param descriptor to which interrupts were posted, if the interrupt is a notification;
     * −1: none
     */
    handle(descriptor: number): void;
}
