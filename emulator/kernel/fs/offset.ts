/**
 * Offsets in files, exact up to 2^63−1: what works on contents splits one into a page and a byte in it, which numbers
 * hold.
 */
import type { PageGeometry } from '../../machine/arch';
import { lesser, minus, plus, quotient, rest, times, type Int } from '../../machine/int';

/** Whoever knows how large a page is. */
interface Paged {
    readonly page: PageGeometry;
}

/** The page offset of a byte. */
export function pageOf({ page }: Paged, offset: Int): number {
    return quotient(offset, page.size);
}

/** Where in its page a byte is. */
export function inPage({ page }: Paged, offset: Int): number {
    return rest(offset, page.size);
}

/** The first byte of a page. */
export function offsetOf({ page }: Paged, index: number): Int {
    return times(index, page.size);
}

/** How many pages so many bytes have, the last one perhaps in part. */
export function pagesOf({ page }: Paged, size: Int): number {
    return quotient(plus(size, page.size - 1), page.size);
}

/** How many of `length` bytes at `pos` lie before `end`. */
export function bytesBefore(end: Int, pos: Int, length: number): number {
    return Math.max(0, Number(lesser(length, minus(end, pos))));
}
