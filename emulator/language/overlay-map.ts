/** A map that looks up what it does not have in another one: the standard library below a user's program, without copying it. */
export class Layered<K, V> extends Map<K, V> {
    constructor(
        own: Iterable<readonly [K, V]>,
        private readonly below: ReadonlyMap<K, V>,
    ) {
        super();
        for (const [k, v] of own) {
            this.set(k, v);
        }
    }

    /** Own entries first. Iteration and `size` are of the own entries only. */
    override get(key: K): V | undefined {
        return super.has(key) ? super.get(key) : this.below.get(key);
    }

    override has(key: K): boolean {
        return super.has(key) || this.below.has(key);
    }
}
