/** The memory of a run at its kexecs and at its end, in a form for files: small, and readable without the run. */
import { base64, fromBase64 } from '../../text/base64';
import { KIND_TEXT, MemoryMap, type Kind, type NodeMemory, type Run } from './map';
import { pictureOf, type FoundAt, type NamedMoment, type Picture, type Wanted } from './picture';
import type { Owned, PageInfo } from './page';
import type { Pointers } from './pointers';
import type { DeviceReach } from './reach';

interface PackedMap {
    /** Page frames of the smallest part that is told apart. */
    readonly grain: number;
    readonly nodes: readonly NodeMemory[];
    readonly owners: readonly (readonly [kind: Kind, owner: string])[];
    /** For each run: page frames since the previous one, their number, index of the owner. In base64. */
    readonly runs: string;
}

/** A moment at which the memory was looked at. */
export interface PackedStanding {
    readonly name: string;
    /** The number of the kernel, from 1; 0: none has booted. */
    readonly kernel: number;
    readonly release: string;
    /** Nanoseconds of the machine's clock. */
    readonly time: number;
    readonly map: PackedMap;
    readonly pointers: Pointers;
    readonly reach: readonly DeviceReach[];
    readonly findings: readonly FoundAt[];
}

export interface PackedMemory {
    readonly title: string;
    /** Bytes of a page. */
    readonly page: number;
    readonly standings: readonly PackedStanding[];
    /** What has happened to pages: `preserved: memfd guest-ram`. */
    readonly happened: readonly string[];
    /** For each event: kernel, first page frame, their number, index of what happened. In base64, oldest first. */
    readonly events: string;
    /** The number of older events that are not there. */
    readonly older: number;
}

/** An event of page frames. */
export interface PackedEvent {
    readonly kernel: number;
    readonly pfn: number;
    readonly count: number;
    readonly text: string;
}

/** The most runs of a map: about 300 KiB. */
const MOST_RUNS = 1 << 16;
/** Lines of the history of a page at most: of more, the newest. */
const MOST_LINES = 20;

// ---------------------------------------------------------------- writing

export function packedMap(map: MemoryMap): PackedMap {
    const small = new MemoryMap(map.page, map.nodes, MOST_RUNS);
    small.grain = map.grain;
    for (let i = 0; i < map.length; i++) {
        const { start, end, kind, owner } = map.at(i);
        small.add(start, end, kind, owner);
    }
    const numbers = new Numbers();
    const owners: (readonly [Kind, string])[] = [];
    const known = new Map<string, number>();
    let at = 0;
    for (let i = 0; i < small.length; i++) {
        const { start, end, kind, owner } = small.at(i);
        const key = `${kind} ${owner}`;
        const index = known.get(key) ?? owners.push([kind, owner]) - 1;
        known.set(key, index);
        numbers.add(start - at, end - start, index);
        at = end;
    }
    return { grain: small.grain, nodes: small.nodes, owners, runs: numbers.text };
}

export function packedEvents(all: Iterable<PackedEvent>): Pick<PackedMemory, 'happened' | 'events'> {
    const numbers = new Numbers();
    const happened: string[] = [];
    const known = new Map<string, number>();
    for (const { kernel, pfn, count, text } of all) {
        const index = known.get(text) ?? happened.push(text) - 1;
        known.set(text, index);
        numbers.add(kernel, pfn, count, index);
    }
    return { happened, events: numbers.text };
}

/** Numbers from 0 on, seven bits a byte, the lowest first. */
class Numbers {
    private bytes = new Uint8Array(1024);
    private length = 0;

    add(...values: readonly number[]): void {
        for (let value of values) {
            if (this.length + 8 > this.bytes.length) {
                const larger = new Uint8Array(this.bytes.length * 2);
                larger.set(this.bytes);
                this.bytes = larger;
            }
            for (; value >= 128; value = Math.floor(value / 128)) {
                this.bytes[this.length++] = 128 + (value % 128);
            }
            this.bytes[this.length++] = value;
        }
    }

    get text(): string {
        return base64(this.bytes.subarray(0, this.length));
    }
}

// ---------------------------------------------------------------- reading

function* numbersIn(text: string): Generator<number> {
    let [value, unit] = [0, 1];
    for (const byte of fromBase64(text) ?? []) {
        value += (byte % 128) * unit;
        unit *= 128;
        if (byte < 128) {
            yield value;
            [value, unit] = [0, 1];
        }
    }
}

function mapOf(page: number, { grain, nodes, owners, runs }: PackedMap): MemoryMap {
    const map = new MemoryMap(page, nodes);
    map.grain = grain;
    const numbers = numbersIn(runs);
    const next = (): number => numbers.next().value ?? 0;
    let at = 0;
    for (let gap = numbers.next(); gap.done !== true; gap = numbers.next()) {
        const start = at + gap.value;
        at = start + next();
        const [kind, owner] = owners[next()] ?? ['unknown', ''];
        map.add(start, at, kind, owner);
    }
    return map;
}

/** Answers about the memory of a run from what was packed. */
export class MemoryReader {
    private readonly maps = new Map<PackedStanding, MemoryMap>();

    constructor(readonly memory: PackedMemory) {}

    /** @param index of a standing; it is shown with the kexec before it */
    picture(index: number, wanted: Wanted): Picture {
        const { title, standings } = this.memory;
        const now = standings[index];
        const before = this.beforeOf(index);
        const moments = [
            ...(before ? [this.momentOf(before, 'before the kexec')] : []),
            ...(now ? [this.momentOf(now, now.name)] : []),
        ];
        const { pointers = { list: [], more: 0 }, reach = [], findings = [] } = now ?? {};
        return pictureOf(title, moments, pointers, reach, findings, wanted);
    }

    page(index: number, pa: number): PageInfo {
        const { page: size, standings } = this.memory;
        const standing = standings[index];
        const pfn = Math.floor(pa / size);
        const address = pfn * size;
        const inside = (at: number): boolean => at >= address && at < address + size;
        const now = standing && this.ownedIn(standing, pfn);
        const before = this.beforeOf(index);
        return {
            address,
            size,
            node: standing?.map.nodes.find((n) => pfn >= n.start && pfn < n.end)?.node,
            text: now ? [KIND_TEXT[now.kind], ...(now.owner === '' ? [] : [now.owner])].join(': ') : 'no memory',
            now,
            before: before && this.ownedIn(before, pfn),
            history: this.historyOf(pfn, standing?.kernel ?? 0),
            paths: (standing?.reach ?? []).flatMap(({ device, through, ranges }) => {
                const found = ranges.find((r) => address >= r.pa && address < r.pa + r.length);
                return found
                    ? [{ device, through, iova: found.iova + address - found.pa, tables: [], write: true }]
                    : [];
            }),
            pointers: (standing?.pointers.list ?? []).filter((p) => inside(p.at) || inside(p.target)),
        };
    }

    /** The kexec that led to the kernel of a standing. */
    private beforeOf(index: number): PackedStanding | undefined {
        const { standings } = this.memory;
        const before = standings[index - 1];
        return before && before.kernel + 1 === standings[index]?.kernel ? before : undefined;
    }

    private historyOf(pfn: number, upTo: number): PageInfo['history'] {
        const { happened, events } = this.memory;
        const lines: PageInfo['history'][number][] = [];
        const numbers = numbersIn(events);
        const next = (): number => numbers.next().value ?? 0;
        for (let kernel = numbers.next(); kernel.done !== true; kernel = numbers.next()) {
            const [first, count, what] = [next(), next(), next()];
            if (pfn >= first && pfn < first + count && kernel.value <= upTo) {
                lines.push({ kernel: kernel.value, text: happened[what] ?? '', place: undefined });
            }
        }
        return lines.slice(-MOST_LINES);
    }

    private ownedIn(standing: PackedStanding, pfn: number): Owned | undefined {
        const run: Run | undefined = this.mapOf(standing).find(pfn);
        return run && { kernel: standing.kernel, kind: run.kind, owner: run.owner };
    }

    private momentOf(standing: PackedStanding, name: string): NamedMoment {
        const { kernel, release, time, pointers } = standing;
        return { name, kernel, release, time, pointers, map: this.mapOf(standing) };
    }

    private mapOf(standing: PackedStanding): MemoryMap {
        let map = this.maps.get(standing);
        if (!map) {
            map = mapOf(this.memory.page, standing.map);
            this.maps.set(standing, map);
        }
        return map;
    }
}
