/**
 * A fixed loop that says how fast the machine is while it runs: what an interpreter does (calls of closures, numbers in
 * typed arrays, small objects, maps), always as much of it. Figures are held against it, since machines differ by two,
 * and one machine differs from itself while others work on it.
 */

const ROUNDS = 5;
const SIZE = 1 << 16;
const STEPS = 400_000;

interface Cell {
    readonly key: number;
    readonly next: Cell | undefined;
}

function loop(): number {
    const words = new Uint32Array(SIZE);
    const map = new Map<number, number>();
    const ops: readonly ((x: number) => number)[] = [
        (x) => (x * 1103515245 + 12345) >>> 0,
        (x) => (x ^ (x >>> 7)) >>> 0,
        (x) => (x + (words[x % SIZE] ?? 0)) >>> 0,
        (x) => (x << 1) >>> 0,
    ];
    let cells: Cell | undefined;
    let x = 1;
    for (let i = 0; i < STEPS; i++) {
        x = ops[i & 3]?.(x) ?? x;
        words[(x >>> 5) % SIZE] = x;
        if ((i & 7) === 0) {
            map.set(x & 4095, (map.get(x & 4095) ?? 0) + 1);
            cells = { key: x, next: (i & 1023) === 0 ? undefined : cells };
        }
    }
    let sum = map.size;
    for (let c = cells; c; c = c.next) {
        sum = (sum + c.key) >>> 0;
    }
    return sum;
}

/** Milliseconds that the loop takes now, the best of a few times. */
export function calibrate(): number {
    let best = Infinity;
    const sums = new Set<number>();
    for (let round = 0; round < ROUNDS; round++) {
        const begin = performance.now();
        sums.add(loop());
        best = Math.min(best, performance.now() - begin);
    }
    if (sums.size !== 1) {
        throw new Error('the calibration loop does not do the same each time');
    }
    return best;
}
