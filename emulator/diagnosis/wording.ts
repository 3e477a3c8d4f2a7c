/** Words that several rules use. */
import { PAGE_SIZE } from '../machine/memory';
import type { LuoFlb, LuoSession } from '../kernel/luo/state';

/** `1 page`, `2 pages` */
export function counted(n: number, what: string): string {
    return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** An amount of memory in bytes, as `8 MiB` or `100 bytes`. */
export function sizeText(bytes: number): string {
    const [unit, size] = (
        [
            ['TiB', 2 ** 40],
            ['GiB', 2 ** 30],
            ['MiB', 2 ** 20],
            ['KiB', 2 ** 10],
        ] as const
    ).find(([, n]) => bytes >= n) ?? ['', 1];
    const n = bytes / size;
    return unit === '' ? counted(bytes, 'byte') : `${Number(n.toFixed(1))} ${unit}`;
}

/** An amount of memory given in pages, as `2048 pages (8 MiB)`. */
export function pagesText(pages: number): string {
    return `${counted(pages, 'page')} (${sizeText(pages * PAGE_SIZE)})`;
}

/** `is` or `are` */
export function be(n: number): string {
    return n === 1 ? 'is' : 'are';
}

/** `a, b and c` */
export function listed(words: readonly string[]): string {
    return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** At most `limit` words of many, and how many more there are. */
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

/** With a capital letter, as at the beginning of a sentence. */
export function capital(text: string): string {
    return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;
}
