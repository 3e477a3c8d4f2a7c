/** Times of the machine's clock, as people read them. */

/** Seconds, from nanoseconds. */
export function seconds(nanoseconds: number): string {
    return `${(nanoseconds / 1e9).toFixed(6)} s`;
}
