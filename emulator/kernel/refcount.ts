/**
 * refcount_t: a counter of references that saturates where a plain one would wrap (include/linux/refcount.h,
 * lib/refcount.c).
 */
import { type Journal, JournaledRecord } from '../machine/journal';

/**
 * REFCOUNT_SATURATED, INT_MIN / 2, as the kernel prints it. A saturated counter neither counts nor is its object freed
 * any more.
 */
export const REFCOUNT_SATURATED = 0xc000_0000;

/** WARN_ONCE() at a place with its own name; implemented by the kernel. */
export interface WarnsOnce {
    warnOnce(place: string, text: string): void;
}

export class RefCount extends JournaledRecord {
    readonly value: number = 0;

    constructor(private readonly journal: Journal) {
        super(journal);
    }

    get saturated(): boolean {
        return this.value >= REFCOUNT_SATURATED;
    }

    /** refcount_set() */
    set(value: number): void {
        this.journal.edit<RefCount>(this).value = value;
    }

    /** refcount_inc(): at 0 there is no reference left that could be copied. */
    inc(kernel: WarnsOnce): void {
        if (this.value === 0) {
            this.saturate(kernel, 'refcount_inc', 'addition on 0; use-after-free.');
        } else if (this.saturated) {
            this.saturate(kernel, 'refcount_inc', 'saturated; leaking memory.');
        } else {
            this.set(this.value + 1);
        }
    }

    /**
     * refcount_dec_and_test().
     * @returns whether that was the last reference; never if it was already 0, or saturated
     */
    decAndTest(kernel: WarnsOnce): boolean {
        if (this.value === 0 || this.saturated) {
            this.saturate(kernel, 'refcount', 'underflow; use-after-free.');
            return false;
        }
        this.set(this.value - 1);
        return this.value === 0;
    }

    /** refcount_warn_saturate() */
    private saturate(kernel: WarnsOnce, place: string, what: string): void {
        if (!this.saturated) {
            this.set(REFCOUNT_SATURATED);
        }
        kernel.warnOnce(place, `refcount_t: ${what}`);
    }
}
