/** Read access to physical memory: that of a machine, or that stored in a file. */
import type { Extent } from './bytes';
import type { ByteSource, CoreSegment } from './core-file';
import type { PageGeometry } from './arch';
import type { Machine } from './machine';
import { LEAF_SIZE } from './memory';

export interface Run {
    readonly pa: number;
    readonly size: number;
}

/** Addresses and lengths in bytes. */
export interface MemoryView {
    /** The page size of the kernels that have used it. */
    readonly page: PageGeometry;
    /** True if all of [pa, pa+length) exists. */
    has(pa: number, length: number): boolean;
    /** A copy; missing memory reads as zeroes. */
    read(pa: number, length: number): Uint8Array;
    /** The same without building it all at once: bytes arrive in pieces of 1 MiB at most. */
    extents(pa: number, length: number): Iterable<Extent>;
    /** Existing memory that can have contents, in ascending order. Memory that is known to be zero may be left out. */
    runs(): Iterable<Run>;
}

/** The memory of an emulated machine. */
export function machineView(machine: Machine): MemoryView {
    return {
        page: machine.page,
        has: (pa, length) => machine.isRam(pa, length),
        read: (pa, length) => machine.memory.read(pa, length),
        extents: (pa, length) => machine.memory.extents(pa, length),
        *runs() {
            for (const { pa, bytes } of machine.memory.contents()) {
                yield { pa, size: bytes.length };
            }
        },
    };
}

/**
 * Number of cached pieces of LEAF_SIZE bytes of a file, so that structures that are read word by word are fetched once.
 */
const CACHED = 16;
/** Bytes of a file that are read at once. */
const PIECE = 1024 * 1024;

/** The memory stored in a core file. */
export class CoreMemory implements MemoryView {
    private readonly cache = new Map<number, Uint8Array>();

    constructor(
        private readonly file: ByteSource,
        private readonly segments: readonly CoreSegment[],
        readonly page: PageGeometry,
    ) {}

    has(pa: number, length: number): boolean {
        let at = pa;
        for (let i = this.indexOf(pa); ; i++) {
            const s = this.segments[i];
            if (!s || s.pa > at || at < 0) {
                return false;
            }
            at = s.pa + s.size;
            if (at >= pa + length) {
                return true;
            }
        }
    }

    read(pa: number, length: number): Uint8Array {
        const piece = Math.floor(pa / LEAF_SIZE);
        if (length > LEAF_SIZE || Math.floor((pa + length - 1) / LEAF_SIZE) !== piece) {
            return this.fetch(pa, length);
        }
        let bytes = this.cache.get(piece);
        if (!bytes) {
            bytes = this.fetch(piece * LEAF_SIZE, LEAF_SIZE);
            const [oldest] = this.cache.keys();
            if (this.cache.size >= CACHED && oldest !== undefined) {
                this.cache.delete(oldest);
            }
            this.cache.set(piece, bytes);
        }
        const at = pa - piece * LEAF_SIZE;
        return bytes.slice(at, at + length);
    }

    *extents(pa: number, length: number): Generator<Extent> {
        let at = pa;
        const end = pa + length;
        for (let i = Math.max(0, this.indexOf(pa)); at < end; i++) {
            const s = this.segments[i];
            const from = s ? Math.min(end, Math.max(at, s.pa)) : end;
            const to = s ? Math.min(end, Math.max(from, s.pa + s.stored)) : end;
            if (from > at) {
                yield { kind: 'zero', length: from - at };
            }
            for (at = from; s && at < to; at += PIECE) {
                yield { kind: 'bytes', bytes: this.file.read(s.offset + at - s.pa, Math.min(PIECE, to - at)) };
            }
            at = to;
        }
    }

    *runs(): Generator<Run> {
        for (const s of this.segments) {
            yield { pa: s.pa, size: s.stored };
        }
    }

    /** Total size in bytes. */
    get size(): number {
        return this.segments.reduce((n, s) => n + s.size, 0);
    }

    private fetch(pa: number, length: number): Uint8Array {
        const out = new Uint8Array(length);
        for (let i = Math.max(0, this.indexOf(pa)); i < this.segments.length; i++) {
            const s = this.segments[i];
            if (!s || s.pa >= pa + length) {
                break;
            }
            const from = Math.max(pa, s.pa);
            const to = Math.min(pa + length, s.pa + s.stored);
            if (from < to) {
                out.set(this.file.read(s.offset + from - s.pa, to - from), from - pa);
            }
        }
        return out;
    }

    /** The last segment that begins at or before `pa`; −1 if all begin later. */
    private indexOf(pa: number): number {
        let low = 0;
        let high = this.segments.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if ((this.segments[middle]?.pa ?? 0) <= pa) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }
}
