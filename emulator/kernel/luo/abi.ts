/** The structures that LUO hands over: names and sizes in bytes (include/linux/kho/abi/luo.h). */
import type { PageGeometry } from '../../machine/arch';
import type { PagedMemory } from '../kho/env';

export const LUO_COMPATIBLE = 'luo-v5';
export const LUO_SUBTREE = 'LUO';
/** struct luo_ser: compatible[8], u64 liveupdate_num, u64 sessions_pa, u64 flbs_pa */
export const LUO_SER_SIZE = 32;
export const SESSION_NAME_SIZE = 64;
/** struct luo_session_ser: name[64], u64 files, u64 count */
export const SESSION_SER_SIZE = 80;
/** struct luo_file_ser: compatible[48], u64 data, u64 token */
export const FILE_SER_SIZE = 64;
export const COMPATIBLE_SIZE = 48;
/** struct luo_flb_header: u64 pgcnt, u64 count; struct luo_flb_ser: name[48], u64 data, u64 count */
export const FLB_HEADER_SIZE = 16;
export const FLB_SER_SIZE = 64;
/** The number of FLBs that fit into the single page after its header. */
export function maxFlbs(page: PageGeometry): number {
    return Math.floor((page.size - FLB_HEADER_SIZE) / FLB_SER_SIZE);
}

/**
 * Linux 6.19 to 7.1 hand sessions over in one area: a count (struct luo_session_header_ser), followed by as many
 * entries as fit into its pages. Since 7.2 they lie in blocks.
 */
const AREA_PAGES = 16;
const AREA_HEADER = 8;
/** LUO_SESSION_MAX: the maximum number of sessions. */
export function areaSessions(page: PageGeometry): number {
    return Math.floor((AREA_PAGES * page.size - AREA_HEADER) / SESSION_SER_SIZE);
}

/** The address of an entry of an area. */
export function areaEntry(area: number, index: number): number {
    return area + AREA_HEADER + index * SESSION_SER_SIZE;
}

/** The addresses of the entries that an area claims to have; an impossible count is limited to the capacity. */
export function areaEntries({ memory, page }: PagedMemory, area: number): number[] {
    const count = Math.min(Number(memory.readU64(area)), areaSessions(page));
    return Array.from({ length: count }, (_, index) => areaEntry(area, index));
}
