/** A seeded generator (mulberry32) for property tests. */
export class Random {
    constructor(private state: number) {}

    /** An integer in [0, n). */
    below(n: number): number {
        this.state = (this.state + 0x6d2b79f5) | 0;
        let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
    }

    pick<T>(items: readonly T[]): T {
        const item = items[this.below(items.length)];
        if (item === undefined) {
            throw new RangeError('nothing to pick from');
        }
        return item;
    }

    /** The items in any order. */
    shuffled<T>(items: readonly T[]): T[] {
        return items
            .map((item) => [this.below(1e6), item] as const)
            .sort(([a], [b]) => a - b)
            .map(([, item]) => item);
    }
}
