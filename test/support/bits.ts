/** Fields of entries, by the numbers of their bits. */

/** The bits from `high` down to `low`, both included. */
export function bits(value: bigint, high: number, low: number): bigint {
    return (value >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);
}
