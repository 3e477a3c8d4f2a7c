/**
 * Physical memory by owner, as runs of page frames: what a view of memory draws. A map is a copy that does not change
 * when the run goes on.
 */

/** What memory is for, by which a view colours it. */
export const KINDS = [
    'free',
    'kernel',
    'user',
    'guest',
    'tables',
    'scratch',
    'preserved',
    'claimed',
    'unclaimed',
    'unknown',
] as const;

export type Kind = (typeof KINDS)[number];

/** A kind in words. */
export const KIND_TEXT: Readonly<Record<Kind, string>> = {
    free: 'free',
    kernel: 'kernel',
    user: 'files and processes',
    guest: 'guest',
    tables: 'tables',
    scratch: 'scratch',
    preserved: 'preserved for the next kernel',
    claimed: 'preserved and claimed',
    unclaimed: 'preserved and unclaimed',
    unknown: 'not preserved, owner not known',
};

/** Page frames [start, end) of one kind and owner. `owner`: empty if they have none. */
export interface Run {
    readonly start: number;
    readonly end: number;
    readonly kind: Kind;
    readonly owner: string;
}

/** Memory of a node: page frames [start, end). */
export interface NodeMemory {
    readonly node: number;
    readonly start: number;
    readonly end: number;
}

const FIELDS = 3;
/** The most runs of a map: about 6 MiB. Beyond that, it becomes coarser. */
const MOST_RUNS = 1 << 18;

/** Runs in ascending order, without gaps but those between the memory of nodes. */
export class MemoryMap {
    /** Page frames of the smallest part that is told apart: 1, or more if the memory has too many runs. */
    grain = 1;
    private count = 0;
    /** By run: start, end, index of its kind and owner. */
    private data = new Float64Array(64 * FIELDS);
    private readonly whats: { readonly kind: Kind; readonly owner: string }[] = [];
    private readonly known = new Map<string, number>();

    /** @param page bytes of a page */
    constructor(
        readonly page: number,
        readonly nodes: readonly NodeMemory[],
        private readonly most = MOST_RUNS,
    ) {}

    /** Number of runs. */
    get length(): number {
        return this.count;
    }

    /** Adds a run behind all others. Runs of one kind and owner that touch become one. */
    add(start: number, end: number, kind: Kind, owner: string): void {
        if (end > start) {
            this.push(start, end, this.whatOf(kind, owner));
            if (this.count > this.most) {
                this.coarsen();
            }
        }
    }

    at(index: number): Run {
        const at = index * FIELDS;
        const { kind, owner } = this.whats[this.data[at + 2] ?? 0] ?? { kind: 'free', owner: '' };
        return { start: this.data[at] ?? 0, end: this.data[at + 1] ?? 0, kind, owner };
    }

    /** The run that contains a page frame; undefined if there is no memory. */
    find(pfn: number): Run | undefined {
        const run = this.at(this.indexAt(pfn));
        return pfn >= run.start && pfn < run.end ? run : undefined;
    }

    /** Index of the first run that ends behind a page frame. */
    indexAt(pfn: number): number {
        let low = 0;
        let high = this.count;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.data[middle * FIELDS + 1]! <= pfn) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The parts of runs in [start, end), ascending. */
    *within(start: number, end: number): Generator<Run> {
        for (let i = this.indexAt(start); i < this.count && this.data[i * FIELDS]! < end; i++) {
            const run = this.at(i);
            yield run.start < start || run.end > end
                ? { ...run, start: Math.max(start, run.start), end: Math.min(end, run.end) }
                : run;
        }
    }

    private whatOf(kind: Kind, owner: string): number {
        const key = `${kind} ${owner}`;
        let index = this.known.get(key);
        if (index === undefined) {
            index = this.whats.push({ kind, owner }) - 1;
            this.known.set(key, index);
        }
        return index;
    }

    private push(start: number, end: number, what: number): void {
        const last = (this.count - 1) * FIELDS;
        if (this.count > 0 && this.data[last + 1] === start && this.data[last + 2] === what) {
            this.data[last + 1] = end;
            return;
        }
        const at = this.count * FIELDS;
        if (at === this.data.length) {
            const larger = new Float64Array(this.data.length * 2);
            larger.set(this.data);
            this.data = larger;
        }
        this.data[at] = start;
        this.data[at + 1] = end;
        this.data[at + 2] = what;
        this.count++;
    }

    /** Joins runs: an aligned block of `grain` page frames becomes what most of it is. */
    private coarsen(): void {
        while (this.count > this.most / 2) {
            this.grain *= 4;
            const { data, count, grain } = this;
            this.data = new Float64Array(data.length);
            this.count = 0;
            let block = -1;
            let from = 0;
            let to = 0;
            let shares = new Map<number, number>();
            const flush = (): void => {
                const [largest] = [...shares].sort((a, b) => b[1] - a[1]);
                if (largest) {
                    this.push(from, to, largest[0]);
                }
                shares = new Map();
            };
            for (let i = 0; i < count * FIELDS; i += FIELDS) {
                const [start, end, what] = [data[i]!, data[i + 1]!, data[i + 2]!];
                for (let at = start; at < end; ) {
                    // whole blocks of one run need no counting
                    const whole = at % grain === 0 ? Math.floor((end - at) / grain) : 0;
                    const next = whole > 0 ? at + whole * grain : Math.min(end, (Math.floor(at / grain) + 1) * grain);
                    const number = Math.floor(at / grain);
                    if (number !== block || at !== to) {
                        flush();
                        block = number;
                        from = at;
                    }
                    shares.set(what, (shares.get(what) ?? 0) + next - at);
                    to = next;
                    if (whole > 0) {
                        flush();
                        block = -1;
                    }
                    at = next;
                }
            }
            flush();
        }
    }
}

/** Bytes of each kind. */
export function totalsOf(map: MemoryMap): Record<Kind, number> {
    const totals: Record<Kind, number> = {
        free: 0,
        kernel: 0,
        user: 0,
        guest: 0,
        tables: 0,
        scratch: 0,
        preserved: 0,
        claimed: 0,
        unclaimed: 0,
        unknown: 0,
    };
    for (let i = 0; i < map.length; i++) {
        const { start, end, kind } = map.at(i);
        totals[kind] += (end - start) * map.page;
    }
    return totals;
}
