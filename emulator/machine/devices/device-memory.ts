/**
 * Memory on a device (VRAM): contents that processors reach through a BAR, and a computation of the device in it, which
 * needs no memory of the host. A reset clears it.
 */
import type { Bytes } from '../bytes';
import type { Clock, Timer } from '../clock';
import { Hasher } from '../hash';
import { type Journal, JournaledRecord } from '../journal';
import { PhysicalMemory } from '../memory';

/** Bytes of weights that a step reads, and bytes of the entry that it adds to its cache. */
const CHUNK = 65_536;
export const ENTRY = 8;

/**
 * Where the firmware puts the BARs: above all memory (at most 64 TiB), one every TiB. No kernel moves them.
 */
export const BARS = 2 ** 47;
const BAR_DISTANCE = 2 ** 40;

/** A computation: each step reads weights and the entry before, and adds an entry to the cache. */
export interface Job {
    /** Where the weights are in the device's memory, and their length in bytes. */
    readonly weights: number;
    readonly length: number;
    /** Where the cache begins. It grows until the memory ends. */
    readonly cache: number;
    /** Nanoseconds for a step. */
    readonly every: number;
}

/** Bytes from `start` up to `end`. */
interface Range {
    readonly start: number;
    readonly end: number;
}

export type DeviceMemoryEvent =
    /** A reset has cleared this many bytes that were written. */
    | { readonly kind: 'cleared'; readonly bytes: number }
    /** A processor, another device, or the device itself uses bytes that were written before a reset and not since. */
    | { readonly kind: 'lost'; readonly at: number; readonly length: number; readonly by: 'reader' | 'device' };

export interface MemoryPort {
    /** The name of the device. */
    readonly name: string;
    /** The device is on. */
    readonly powered: boolean;
    happened(event: DeviceMemoryEvent): void;
}

/** Adds a range; ranges are ascending, and do not touch. */
function withRange(ranges: readonly Range[], added: Range): readonly Range[] {
    const touches = (r: Range): boolean => r.start <= added.end && added.start <= r.end;
    const joined = ranges
        .filter(touches)
        .reduce((a, r) => ({ start: Math.min(a.start, r.start), end: Math.max(a.end, r.end) }), added);
    return [...ranges.filter((r) => r.end < joined.start), joined, ...ranges.filter((r) => r.start > joined.end)];
}

function withoutRange(ranges: readonly Range[], { start, end }: Range): readonly Range[] {
    return ranges.some((r) => r.start < end && start < r.end)
        ? ranges.flatMap((r) =>
              [
                  { start: r.start, end: Math.min(r.end, start) },
                  { start: Math.max(r.start, end), end: r.end },
              ].filter((part) => part.start < part.end),
          )
        : ranges;
}

export class DeviceMemory extends JournaledRecord implements Timer {
    readonly at: number = Infinity;
    readonly job: Job | null = null;
    /** Steps of the job. */
    readonly steps: number = 0;
    /** The bus address of its first byte. */
    readonly bar: number;
    readonly contents: PhysicalMemory;
    /** Written since the last reset; written before it and not since. Replaced, never changed in place. */
    readonly written: readonly Range[] = [];
    readonly lost: readonly Range[] = [];

    constructor(
        private readonly journal: Journal,
        private readonly clock: Clock,
        private readonly port: MemoryPort,
        /** In bytes. */
        readonly size: number,
        /** The number of its BAR. */
        index: number,
    ) {
        super(journal);
        this.bar = BARS + index * BAR_DISTANCE;
        this.contents = new PhysicalMemory(journal);
        clock.add(this);
    }

    get label(): string {
        return this.port.name;
    }

    /** Bytes that a reset has cleared and that were not written again. */
    get lostBytes(): number {
        return this.lost.reduce((n, { start, end }) => n + end - start, 0);
    }

    write(at: number, bytes: Bytes): void {
        this.contents.writeBytes(at, bytes);
        this.wrote(at, bytes.length);
    }

    read(at: number, length: number): Bytes {
        this.uses(at, length, 'reader');
        return this.contents.readBytes(at, length);
    }

    start(job: Job): void {
        const e = this.journal.edit<DeviceMemory>(this);
        e.job = job;
        e.steps = 0;
        e.at = this.clock.now + job.every;
        this.clock.rearm();
    }

    /** The job ends; the contents stay. */
    stop(): void {
        const e = this.journal.edit<DeviceMemory>(this);
        e.job = null;
        e.at = Infinity;
        this.clock.rearm();
    }

    reset(): void {
        this.stop();
        const bytes = this.written.reduce((n, { start, end }) => n + end - start, 0);
        if (bytes > 0) {
            for (const { start, end } of this.written) {
                this.contents.zero(start, end - start);
            }
            const lost = this.written.reduce(withRange, this.lost);
            const e = this.journal.edit<DeviceMemory>(this);
            e.lost = lost;
            e.written = [];
            this.port.happened({ kind: 'cleared', bytes });
        }
    }

    /** The machine is switched on: what was there before was lost with the power. */
    powerOn(): void {
        if (this.lost.length > 0) {
            this.journal.edit<DeviceMemory>(this).lost = [];
        }
    }

    fire(): void {
        const { job, steps } = this;
        const e = this.journal.edit<DeviceMemory>(this);
        if (!job || job.cache + (steps + 1) * ENTRY > this.size) {
            e.at = Infinity;
            return;
        }
        e.at = this.at + job.every;
        if (this.port.powered) {
            e.steps = steps + 1;
            this.step(job, steps);
        }
    }

    private step(job: Job, step: number): void {
        const length = Math.min(CHUNK, job.length);
        const chunks = Math.max(1, Math.floor(job.length / length));
        const from = job.weights + (step % chunks) * length;
        const entry = job.cache + step * ENTRY;
        this.uses(from, length, 'device');
        const hasher = new Hasher().num(step).bytes(this.contents.read(from, length));
        if (step > 0) {
            this.uses(entry - ENTRY, ENTRY, 'device');
            hasher.bytes(this.contents.read(entry - ENTRY, ENTRY));
        }
        this.contents.writeU64(entry, hasher.value());
        this.wrote(entry, ENTRY);
    }

    private wrote(at: number, length: number): void {
        const range = { start: at, end: at + length };
        const e = this.journal.edit<DeviceMemory>(this);
        e.written = withRange(this.written, range);
        e.lost = withoutRange(this.lost, range);
    }

    private uses(at: number, length: number, by: 'reader' | 'device'): void {
        if (this.lost.some((r) => r.start < at + length && at < r.end)) {
            this.port.happened({ kind: 'lost', at, length, by });
        }
    }

    hash(hasher: Hasher): void {
        const { job } = this;
        hasher
            .num(this.at)
            .num(job?.weights ?? -1)
            .num(job?.length ?? 0)
            .num(job?.cache ?? 0)
            .num(job?.every ?? 0)
            .num(this.steps);
        for (const { start, end } of [...this.written, ...this.lost]) {
            hasher.num(start).num(end);
        }
        this.contents.hash(hasher);
    }
}
