/** A part of a map of memory at the resolution of a picture: a bounded number of pieces, whatever the memory's size. */
import type { Kind, MemoryMap, Run } from './map';

/** What of a piece has one kind and owner. */
export interface Share {
    readonly kind: Kind;
    /** Empty: several owners, or none. */
    readonly owner: string;
    readonly bytes: number;
}

/** Memory [from, to), in bytes: of one owner if it has one share, otherwise in the order of their size. */
export interface Piece {
    readonly from: number;
    readonly to: number;
    readonly shares: readonly Share[];
}

/** Memory [from, to), in bytes, of which some has another owner than before. */
export interface Changed {
    readonly from: number;
    readonly to: number;
    readonly bytes: number;
}

/** Shares of a piece that keep their owner; those of all others are summed up by kind. */
const NAMED = 6;

/**
 * The pieces of [from, to): runs as they are if there are few, otherwise `buckets` of equal size with shares, those of
 * one owner joined. At most `buckets` pieces either way.
 * @param from in bytes, as `to` is
 */
export function piecesOf(map: MemoryMap, from: number, to: number, buckets: number): Piece[] {
    const [start, end] = pagesOf(map, from, to);
    const first = map.indexAt(start);
    if (map.indexAt(end - 1) - first < buckets) {
        return [...map.within(start, end)].map((run) => pieceOf(map, run));
    }
    const pieces: Piece[] = [];
    const unit = unitOf(start, end, buckets);
    let bucket: Bucket | undefined;
    const flush = (): void => {
        const piece = bucket?.piece(map);
        if (piece) {
            join(pieces, piece);
        }
    };
    for (const run of map.within(start, end)) {
        for (let at = run.start; at < run.end; ) {
            const edge = Math.min(end, start + (Math.floor((at - start) / unit) + 1) * unit);
            const next = Math.min(run.end, edge);
            if (!bucket || at >= bucket.edge) {
                flush();
                bucket = new Bucket(at, edge);
            }
            bucket.add(run, at, next);
            at = next;
        }
    }
    flush();
    return pieces;
}

/** Where two maps differ in [from, to), in bytes: at most `buckets` pieces. */
export function changesBetween(
    before: MemoryMap,
    after: MemoryMap,
    from: number,
    to: number,
    buckets: number,
): Changed[] {
    const [start, end] = pagesOf(after, from, to);
    const unit = unitOf(start, end, buckets);
    const { page } = after;
    const found: { from: number; to: number; bytes: number }[] = [];
    const differ = (a: number, b: number): void => {
        for (let at = a; at < b; ) {
            const bucket = Math.floor((at - start) / unit);
            const next = Math.min(b, start + (bucket + 1) * unit);
            const last = found.at(-1);
            const [low, high] = [(start + bucket * unit) * page, Math.min(end, start + (bucket + 1) * unit) * page];
            if (last && last.from === low) {
                last.bytes += (next - at) * page;
            } else {
                found.push({ from: low, to: high, bytes: (next - at) * page });
            }
            at = next;
        }
    };
    let [i, j] = [before.indexAt(start), after.indexAt(start)];
    for (let at = start; at < end; ) {
        const [a, b] = [before.at(i), after.at(j)];
        // behind the last run, `at` gives an empty one
        const [aEnd, bEnd] = [a.end > at ? a.end : end, b.end > at ? b.end : end];
        const [inA, inB] = [at >= a.start && at < a.end, at >= b.start && at < b.end];
        const next = Math.min(
            end,
            inA ? aEnd : Math.max(at + 1, a.end > at ? a.start : end),
            inB ? bEnd : Math.max(at + 1, b.end > at ? b.start : end),
        );
        if (inA && inB && (a.kind !== b.kind || a.owner !== b.owner)) {
            differ(at, next);
        }
        i += inA && next >= a.end ? 1 : 0;
        j += inB && next >= b.end ? 1 : 0;
        at = next;
    }
    return found;
}

class Bucket {
    private readonly shares = new Map<string, { kind: Kind; owner: string; pages: number }>();
    private to: number;

    /** @param edge where the next bucket begins */
    constructor(
        private readonly from: number,
        readonly edge: number,
    ) {
        this.to = from;
    }

    add({ kind, owner }: Run, start: number, end: number): void {
        const key = `${kind} ${owner}`;
        const share = this.shares.get(key) ?? { kind, owner, pages: 0 };
        share.pages += end - start;
        this.shares.set(key, share);
        this.to = end;
    }

    piece({ page }: MemoryMap): Piece {
        const all = [...this.shares.values()].sort((a, b) => b.pages - a.pages);
        const rest = new Map<Kind, number>();
        for (const { kind, pages } of all.slice(NAMED)) {
            rest.set(kind, (rest.get(kind) ?? 0) + pages);
        }
        const shares = [...all.slice(0, NAMED), ...[...rest].map(([kind, pages]) => ({ kind, owner: '', pages }))];
        return {
            from: this.from * page,
            to: this.to * page,
            shares: shares.map(({ kind, owner, pages }) => ({ kind, owner, bytes: pages * page })),
        };
    }
}

function pagesOf({ page }: MemoryMap, from: number, to: number): readonly [start: number, end: number] {
    return [Math.floor(from / page), Math.max(Math.ceil(to / page), Math.floor(from / page) + 1)];
}

/** Page frames of a bucket. */
function unitOf(start: number, end: number, buckets: number): number {
    return Math.max(1, Math.ceil((end - start) / buckets));
}

function pieceOf({ page }: MemoryMap, { start, end, kind, owner }: Run): Piece {
    return { from: start * page, to: end * page, shares: [{ kind, owner, bytes: (end - start) * page }] };
}

/** Adds a piece, to the last one if both are of the same owner. */
function join(pieces: Piece[], piece: Piece): void {
    const last = pieces.at(-1);
    const [a, b] = [last?.shares, piece.shares];
    if (
        last?.to === piece.from &&
        a?.length === 1 &&
        b.length === 1 &&
        a[0]?.kind === b[0]?.kind &&
        a[0]?.owner === b[0]?.owner
    ) {
        pieces[pieces.length - 1] = {
            from: last.from,
            to: piece.to,
            shares: [{ ...a[0]!, bytes: piece.to - last.from }],
        };
    } else {
        pieces.push(piece);
    }
}
