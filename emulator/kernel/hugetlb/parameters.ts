/** What a kernel's command line says about huge pages: hugepages=, hugepagesz=, default_hugepagesz= (mm/hugetlb.c). */
import type { PageGeometry } from '../../machine/arch';
import type { Build, SetupsOf } from '../command-line/setup';
import { memparse } from '../release/parameter-values';

/** How many pages are asked for. */
interface PageCount {
    /** On whichever nodes; undefined where nodes are named. */
    readonly total: number | undefined;
    /** By node. */
    readonly nodes: ReadonlyMap<number, number>;
}

/** How many pages of one size are asked for. */
export interface HugePagesWanted extends PageCount {
    /** Bytes of a page. */
    readonly size: number;
}

/** The sizes that huge pages have, in bytes, ascending; the first is the default. */
function sizesOf({ size, hugeOrders }: PageGeometry): number[] {
    return hugeOrders.map((order) => size * 2 ** order);
}

/** arch_hugetlb_valid_size(), as far as there are pools. */
function isValid({ page }: Build, size: number): boolean {
    return sizesOf(page).includes(size);
}

/** A size in bytes, or the default one before any size is named. */
type Size = number | 'default';

/** What has been read so far. */
interface HugePages {
    /** Sizes that were named (struct hstate). */
    readonly sizes: ReadonlySet<number>;
    /** What was asked for, in the order in which it was. */
    readonly counts: ReadonlyMap<Size, PageCount>;
    /** default_hugepagesz=; undefined: it was not given. */
    readonly defaultSize: number | undefined;
    /** What the next hugepages= is about (parsed_hstate). */
    readonly current: Size;
    /** What the one before it was about (last_mhp): twice for one size is once too often. */
    readonly last: Size | undefined;
    /** The latest size can be had (parsed_valid_hugepagesz); else the next hugepages= is ignored. */
    readonly valid: boolean;
}

export interface HugetlbSettings {
    readonly hugePages: HugePages;
}

export const HUGETLB_DEFAULTS: HugetlbSettings = {
    hugePages: {
        sizes: new Set(),
        counts: new Map(),
        defaultSize: undefined,
        current: 'default',
        last: undefined,
        valid: true,
    },
};

/** hugetlb_add_param() refuses a parameter without a value; of what else is ignored mm/hugetlb.c warns by itself. */
const withValue =
    (read: (so: HugePages, value: string, build: Build) => HugePages) =>
    (value: string | undefined, { hugePages }: HugetlbSettings, build: Build): HugetlbSettings | undefined =>
        value === undefined ? undefined : { hugePages: read(hugePages, value, build) };

export const HUGETLB_SETUPS: SetupsOf<'hugetlb', HugetlbSettings> = {
    hugepages: withValue((so, value) => {
        if (!so.valid) {
            return { ...so, valid: true };
        }
        const count = so.current === so.last ? undefined : countOf(value);
        return count ? { ...so, counts: new Map(so.counts).set(so.current, count), last: so.current } : so;
    }),
    // a size can be named once, and once more where it is the default one and nothing was asked for
    hugepagesz: withValue((so, value, build) => {
        const size = memparse(value).value;
        const again = so.sizes.has(size) && (size !== so.defaultSize || so.counts.has(size));
        return isValid(build, size) && !again
            ? { ...so, sizes: new Set([...so.sizes, size]), current: size, valid: true }
            : { ...so, valid: false };
    }),
    default_hugepagesz: withValue((so, value, build) => {
        const size = memparse(value).value;
        if (so.defaultSize !== undefined || !isValid(build, size)) {
            return { ...so, valid: false };
        }
        const named = so.sizes.has(size);
        return {
            ...so,
            sizes: new Set([...so.sizes, size]),
            counts: withDefault(so.counts, size),
            defaultSize: size,
            current: named ? so.current : size,
            valid: true,
        };
    }),
};

/**
 * Where nobody has named a size, the default one was meant. That takes the place of what was asked for with the size
 * itself.
 */
function withDefault(counts: ReadonlyMap<Size, PageCount>, size: number): Map<number, PageCount> {
    const all = new Map<number, PageCount>();
    for (const [of, count] of counts) {
        if (of === 'default') {
            all.set(size, count);
        } else if (of !== size || !counts.has('default')) {
            all.set(of, count);
        }
    }
    return all;
}

/** `16`, or by node `0:8,1:8`. Undefined: it cannot be read. */
function countOf(text: string): PageCount | undefined {
    const total = /^[0-9]+/.exec(text)?.[0];
    if (total === undefined) {
        return undefined;
    }
    if (text[total.length] !== ':') {
        return { total: Number(total), nodes: new Map() };
    }
    const nodes = new Map<number, number>();
    let rest = text;
    for (;;) {
        const [all, node, count] = /^([0-9]+):([0-9]+)/.exec(rest) ?? [];
        if (all === undefined) {
            return undefined;
        }
        nodes.set(Number(node), Number(count));
        if (rest[all.length] !== ',') {
            return { total: undefined, nodes };
        }
        rest = rest.slice(all.length + 1);
    }
}

/** What is asked for, size by size, in the order of the command line. */
export function hugePagesWanted({ hugePages }: HugetlbSettings, page: PageGeometry): readonly HugePagesWanted[] {
    const [byDefault = 0] = sizesOf(page);
    return [...withDefault(hugePages.counts, byDefault)].map(([size, count]) => ({ size, ...count }));
}
