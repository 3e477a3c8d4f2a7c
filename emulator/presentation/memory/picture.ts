/** What a view of memory draws: plain data of bounded size, at the resolution that it asks for. */
import { KINDS, totalsOf, type Kind, type MemoryMap } from './map';
import type { Moment } from './moments';
import type { Pointers } from './pointers';
import type { DeviceReach } from './reach';
import { changesBetween, piecesOf, type Changed, type Piece } from './window';

/** A part of memory, in bytes. */
export interface Window {
    readonly from: number;
    readonly to: number;
}

/** The memory of a node: from its first to its last byte. */
export interface NodeSpan extends Window {
    readonly node: number;
    /** Bytes of memory; less than the span if it has holes. */
    readonly size: number;
}

export interface OwnerTotal {
    readonly kind: Kind;
    readonly owner: string;
    readonly bytes: number;
}

/** All memory at a moment. */
export interface Band {
    /** `before the kexec`, `now` */
    readonly name: string;
    /** The number of the kernel, from 1; 0: none. */
    readonly kernel: number;
    readonly release: string;
    /** Nanoseconds of the machine's clock; undefined: not known. */
    readonly time: number | undefined;
    /** Bytes of the smallest part that is told apart. */
    readonly grain: number;
    readonly totals: Readonly<Record<Kind, number>>;
    /** The largest owners. */
    readonly owners: readonly OwnerTotal[];
    /** The pieces of each window. */
    readonly windows: readonly (readonly Piece[])[];
}

export interface Picture {
    readonly title: string;
    /** Bytes. */
    readonly page: number;
    readonly nodes: readonly NodeSpan[];
    readonly windows: readonly Window[];
    /** One, or two: the earlier one first. */
    readonly bands: readonly Band[];
    /** Where two bands differ, for each window. */
    readonly changes: readonly (readonly Changed[])[];
    /** Of the first band. */
    readonly pointers: Pointers;
    /** Of the last band. */
    readonly reach: readonly DeviceReach[];
    /** Findings about an address, the last one first. */
    readonly findings: readonly FoundAt[];
}

/** A finding about an address. */
export interface FoundAt {
    readonly code: string;
    readonly message: string;
    readonly address: number;
}

/** What the picture is to show. */
export interface Wanted {
    /** Default: each node as a whole. */
    readonly windows?: readonly Window[] | undefined;
    /** The most pieces of a window; default: {@link BUCKETS}. */
    readonly buckets?: number | undefined;
}

const BUCKETS = 600;
/** The most pieces of all windows of a band together. */
const MOST_PIECES = 4000;
/** The most windows. */
const MOST_WINDOWS = 64;
const MOST_OWNERS = 40;

/** The span of each node. */
function nodesOf({ page, nodes }: MemoryMap): NodeSpan[] {
    const spans = new Map<number, { node: number; from: number; to: number; size: number }>();
    for (const { node, start, end } of nodes) {
        const span = spans.get(node) ?? { node, from: start * page, to: end * page, size: 0 };
        span.from = Math.min(span.from, start * page);
        span.to = Math.max(span.to, end * page);
        span.size += (end - start) * page;
        spans.set(node, span);
    }
    return [...spans.values()].sort((a, b) => a.node - b.node);
}

/** A moment, and what it is called. */
export interface NamedMoment extends Omit<Moment, 'time'> {
    readonly name: string;
    readonly time: number | undefined;
}

/** @param moments one or two, the earlier one first @param reach what devices can reach at the last one */
export function pictureOf(
    title: string,
    moments: readonly NamedMoment[],
    pointers: Pointers,
    reach: readonly DeviceReach[],
    findings: readonly FoundAt[],
    wanted: Wanted,
): Picture {
    const map = moments.at(-1)?.map;
    const nodes = map ? nodesOf(map) : [];
    const windows = (wanted.windows ?? nodes.map(({ from, to }) => ({ from, to }))).slice(0, MOST_WINDOWS);
    const buckets = Math.max(
        1,
        Math.min(Math.floor(wanted.buckets ?? BUCKETS), Math.floor(MOST_PIECES / Math.max(1, windows.length))),
    );
    const [first, second] = moments;
    return {
        title,
        page: map?.page ?? 0,
        nodes,
        windows,
        bands: moments.map((m) => bandOf(m, windows, buckets)),
        changes:
            first && second
                ? windows.map(({ from, to }) => changesBetween(first.map, second.map, from, to, buckets))
                : [],
        pointers,
        reach: reach.map((r) => ({ ...r, ranges: merged(r.ranges, windows, buckets) })),
        findings,
    };
}

function bandOf({ name, kernel, release, time, map }: NamedMoment, windows: readonly Window[], buckets: number): Band {
    return {
        name,
        kernel,
        release,
        time,
        grain: map.grain * map.page,
        totals: totalsOf(map),
        owners: ownersOf(map),
        windows: windows.map(({ from, to }) => piecesOf(map, from, to, buckets)),
    };
}

/** The owners with the most memory; free memory has none. */
function ownersOf(map: MemoryMap): OwnerTotal[] {
    const all = new Map<string, { kind: Kind; owner: string; bytes: number }>();
    for (let i = 0; i < map.length; i++) {
        const { start, end, kind, owner } = map.at(i);
        const key = `${kind} ${owner}`;
        const total = all.get(key) ?? { kind, owner, bytes: 0 };
        total.bytes += (end - start) * map.page;
        all.set(key, total);
    }
    return [...all.values()]
        .filter((o) => o.kind !== 'free')
        .sort((a, b) => b.bytes - a.bytes || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind))
        .slice(0, MOST_OWNERS);
}

/** Ranges that are visible, those in one bucket joined. */
function merged(ranges: DeviceReach['ranges'], windows: readonly Window[], buckets: number): DeviceReach['ranges'] {
    return windows.flatMap(({ from, to }) => {
        const unit = (to - from) / buckets;
        const found: { device: string; iova: number; pa: number; length: number }[] = [];
        for (const r of [...ranges].sort((a, b) => a.pa - b.pa)) {
            const pa = Math.max(r.pa, from);
            const end = Math.min(r.pa + r.length, to);
            const last = found.at(-1);
            if (end <= pa) {
                continue;
            }
            if (last && pa - last.pa - last.length < unit && last.length < unit) {
                last.length = Math.max(last.length, end - last.pa);
            } else {
                found.push({ device: r.device, iova: r.iova + pa - r.pa, pa, length: end - pa });
            }
        }
        return found;
    });
}
