/** A map over another map: a program over the standard library, without copying either. */
export class OverlayMap<K, V> implements ReadonlyMap<K, V> {
    constructor(
        private readonly own: ReadonlyMap<K, V>,
        private readonly below: ReadonlyMap<K, V>,
    ) {}

    /** An own entry hides one of the map below. */
    get(key: K): V | undefined {
        return this.own.get(key) ?? this.below.get(key);
    }

    has(key: K): boolean {
        return this.own.has(key) || this.below.has(key);
    }

    /** The number of own entries; iteration covers own entries only. */
    get size(): number {
        return this.own.size;
    }

    entries(): MapIterator<[K, V]> {
        return this.own.entries();
    }

    keys(): MapIterator<K> {
        return this.own.keys();
    }

    values(): MapIterator<V> {
        return this.own.values();
    }

    forEach(each: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
        this.own.forEach((value, key) => {
            each(value, key, this);
        });
    }

    [Symbol.iterator](): MapIterator<[K, V]> {
        return this.own.entries();
    }
}
