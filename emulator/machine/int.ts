/** An integer of the language and of the hardware: a number, and a bigint only beyond ±(2^53−1). */
export type Int = number | bigint;

/** The canonical form of a bigint: a number where one holds it exactly. */
export function intOf(value: bigint): Int {
    return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** The u64 with these halves (each 0 … 2^32−1). */
export function intOfHalves(low: number, high: number): Int {
    return high < 0x200000 ? high * 0x100000000 + low : (BigInt(high) << 32n) | BigInt(low);
}

/** The halves of an integer's two's complement in 64 bits. */
export function halvesOf(value: Int): { low: number; high: number } {
    if (typeof value === 'number' && value >= 0) {
        return { low: value % 0x100000000, high: Math.floor(value / 0x100000000) % 0x100000000 };
    }
    const bits = BigInt.asUintN(64, BigInt(value));
    return { low: Number(bits & 0xffffffffn), high: Number(bits >> 32n) };
}

/** a + b, exactly. */
export function plus(a: Int, b: Int): Int {
    const sum = typeof a === 'number' && typeof b === 'number' ? a + b : NaN;
    return Number.isSafeInteger(sum) ? sum : intOf(BigInt(a) + BigInt(b));
}

/** a − b, exactly. */
export function minus(a: Int, b: Int): Int {
    const difference = typeof a === 'number' && typeof b === 'number' ? a - b : NaN;
    return Number.isSafeInteger(difference) ? difference : intOf(BigInt(a) - BigInt(b));
}

/** a · b of two numbers, exactly. */
export function times(a: number, b: number): Int {
    const product = a * b;
    return Number.isSafeInteger(product) ? product : intOf(BigInt(a) * BigInt(b));
}

export function lesser(a: Int, b: Int): Int {
    return a < b ? a : b;
}

/** The quotient of a non-negative integer and `by`, rounded down; below 2^53. */
export function quotient(a: Int, by: number): number {
    return typeof a === 'number' ? Math.floor(a / by) : Number(a / BigInt(by));
}

/** The remainder of that division. */
export function rest(a: Int, by: number): number {
    return typeof a === 'number' ? a % by : Number(a % BigInt(by));
}
