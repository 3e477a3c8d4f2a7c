/** Command line parameters for huge pages: hugepages=, hugepagesz=, default_hugepagesz= (mm/hugetlb.c). */
import type { PageGeometry } from '../../machine/arch';
import type { Build, SetupsOf } from '../command-line/setup';
import { memparse } from '../release/parameter-values';

/** Requested numbers of pages. */
interface PageCount {
    /** On any nodes; undefined if nodes are named. */
    readonly total: number | undefined;
    /** By node. */
    readonly nodes: ReadonlyMap<number, number>;
}

/** The requested pages of one size. */
export interface HugePagesWanted extends PageCount {
    /** Bytes of a page. */
    readonly size: number;
}

/** The sizes of huge pages, in bytes, ascending; the first is the default. */
function sizesOf({ size, hugeOrders }: PageGeometry): number[] {
    return hugeOrders.map((order) => size * 2 ** order);
}

/** arch_hugetlb_valid_size(): whether there are pools of this size. */
function isValid({ page }: Build, size: number): boolean {
    return sizesOf(page).includes(size);
}

/** A size in bytes; the default size before any size is named. */
type Size = number | 'default';

/** The result of the parameters parsed so far. */
interface HugePages {
    /** Sizes that were named (struct hstate). */
    readonly sizes: ReadonlySet<number>;
    /** The requests, in the order of the command line. */
    readonly counts: ReadonlyMap<Size, PageCount>;
    /** default_hugepagesz=; undefined: it was not given. */
    readonly defaultSize: number | undefined;
    /** The size of the next hugepages= (parsed_hstate). */
    readonly current: Size;
    /** The size of the previous one (last_mhp): two for one size are not allowed. */
    readonly last: Size | undefined;
    /** The latest size is valid (parsed_valid_hugepagesz); otherwise the next hugepages= is ignored. */
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

/** hugetlb_add_param() refuses a parameter without a value; for other ignored parameters mm/hugetlb.c itself warns. */
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
    // a size can be named once, and once more if it is the default size and no pages were requested
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

/** If no size was named, the default size was meant. This replaces a request for that size. */
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

/** `16`, or by node `0:8,1:8`. Undefined: it cannot be parsed. */
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

/** The requests, by size, in the order of the command line. */
export function hugePagesWanted({ hugePages }: HugetlbSettings, page: PageGeometry): readonly HugePagesWanted[] {
    const [byDefault = 0] = sizesOf(page);
    return [...withDefault(hugePages.counts, byDefault)].map(([size, count]) => ({ size, ...count }));
}
