/** Phrases that several rules use. */
import type { PageGeometry } from '../machine/arch';
import type { LuoFlb, LuoSession } from '../kernel/luo/state';
import { counted, listed, sizeText } from '../text/text';

/** An amount of memory given in pages, as `2048 pages (8 MiB)`. */
export function pagesText(page: PageGeometry, pages: number): string {
    return `${counted(pages, 'page')} (${sizeText(pages * page.size)})`;
}

/** `is` or `are` */
export function be(n: number): string {
    return n === 1 ? 'is' : 'are';
}

/** A list of at most `limit` words, with the number of the others. */
export function some(words: readonly string[], limit = 4): string {
    return words.length <= limit ? listed(words) : listed([...words.slice(0, limit), `${words.length - limit} more`]);
}

/** How many files of some sessions use an FLB. */
export function usersOf(flb: LuoFlb, sessions: Iterable<LuoSession>): number {
    let n = 0;
    for (const s of sessions) {
        n += s.files.items.filter((f) => f.handler.flbs.includes(flb)).length;
    }
    return n;
}
