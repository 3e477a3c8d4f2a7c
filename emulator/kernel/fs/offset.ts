/**
 * Offsets in files, exact up to 2^63−1. Code that works on contents splits an offset into a page offset and a byte in
 * the page, which fit into numbers.
 */
import type { PageGeometry } from '../../machine/arch';
import { lesser, minus, plus, quotient, rest, times, type Int } from '../../machine/int';

/** An object that knows the page size. */
interface Paged {
    readonly page: PageGeometry;
}

/** The page offset of a byte. */
export function pageOf({ page }: Paged, offset: Int): number {
    return quotient(offset, page.size);
}

/** The offset of a byte in its page. */
export function inPage({ page }: Paged, offset: Int): number {
    return rest(offset, page.size);
}

/** The offset of the first byte of a page. */
export function offsetOf({ page }: Paged, index: number): Int {
    return times(index, page.size);
}

/** The number of pages that `size` bytes need. */
export function pagesOf({ page }: Paged, size: Int): number {
    return quotient(plus(size, page.size - 1), page.size);
}

/** The number of bytes of [pos, pos+length) that lie before `end`. */
export function bytesBefore(end: Int, pos: Int, length: number): number {
    return Math.max(0, Number(lesser(length, minus(end, pos))));
}
