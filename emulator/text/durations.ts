/** A duration in three digits and a suitable unit: `231 ms`, `1.25 s`, `80 ns`. */
export function duration(ns: number): string {
    const units = [
        ['s', 1e9],
        ['ms', 1e6],
        ['µs', 1e3],
    ] as const;
    // a value that rounds up to 1000 of a unit is 1 of the next unit
    const [unit, size] = units.find(([, n]) => ns >= n * 0.9995) ?? ['ns', 1];
    const n = ns / size;
    return `${Number(n.toPrecision(n >= 100 ? Math.max(3, String(Math.round(n)).length) : 3))} ${unit}`;
}
