/**
 * The second model, of files in memory: a size, and which pages hold what. Written from the documentation of
 * memfd_create(2), fallocate(2), lseek(2), fcntl(2) and of live update, as sets and maps; it shares nothing with the
 * emulator.
 */

const PAGE = 4096n;
const MIB2 = 2n * 1024n * 1024n;
export const LARGEST = 2n ** 63n - 1n;

export const SEAL = { seal: 1, shrink: 2, grow: 4, write: 8, future_write: 16, exec: 32 } as const;

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The recorder's pattern. */
export function patternByte(seed: number, offset: bigint): number {
    const o = Number(BigInt.asUintN(32, offset));
    return (seed * 31 + o * 7 + Math.floor(o / 256) * 13 + Math.floor(o / 65536)) & 0xff;
}

/** 64-bit FNV-1a in hex. */
export function fnv(bytes: Uint8Array): string {
    let hi = 0xcbf29ce4;
    let lo = 0x84222325;
    for (const b of bytes) {
        lo = (lo ^ b) >>> 0;
        const product = lo * 0x1b3;
        hi = (hi * 0x1b3 + ((lo << 8) >>> 0) + Math.floor(product / 2 ** 32)) % 2 ** 32;
        lo = product % 2 ** 32;
    }
    return hi.toString(16).padStart(8, '0') + lo.toString(16).padStart(8, '0');
}

export class MemoryFile {
    size = 0n;
    /** Pages with data. */
    readonly data = new Map<bigint, Uint8Array>();
    /** Pages that one fallocate() made and nobody wrote to. */
    readonly reserved = new Set<bigint>();
    /** While live update holds it. */
    frozen = false;

    constructor(
        public seals: number,
        readonly mode: number,
        readonly nlink: number,
    ) {}

    /** Pages up to its size, holes included. */
    get pages(): bigint {
        return (this.size + PAGE - 1n) / PAGE;
    }

    get blocks(): number {
        return (this.data.size + this.reserved.size) * (Number(PAGE) / 512);
    }

    read(offset: bigint, length: bigint): Uint8Array | string {
        if (length < 0n || offset + length > LARGEST) {
            return 'EINVAL';
        }
        const bytes = new Uint8Array(Number(most(0n, least(length, this.size - offset))));
        for (let done = 0; done < bytes.length; ) {
            const at = offset + BigInt(done);
            const inside = Number(at % PAGE);
            const n = Math.min(bytes.length - done, Number(PAGE) - inside);
            const page = this.data.get(at / PAGE);
            if (page) {
                bytes.set(page.subarray(inside, inside + n), done);
            }
            done += n;
        }
        return bytes;
    }

    /**
     * One write(2): how many bytes, or the error. What is left, up to the end of its 2 MiB, goes through as a whole
     * or not at all.
     */
    write(offset: bigint, bytes: Uint8Array): number | string {
        if (bytes.length > 0 && offset >= LARGEST) {
            return 'EFBIG';
        }
        const length = Number(least(BigInt(bytes.length), LARGEST - offset));
        let done = 0;
        while (done < length) {
            const at = offset + BigInt(done);
            const n = Math.min(length - done, Number(MIB2 - (at % MIB2)));
            const grows = at + BigInt(n) > this.size;
            if (this.seals & (SEAL.write | SEAL.future_write) || (grows && (this.frozen || this.seals & SEAL.grow))) {
                return done > 0 ? done : 'EPERM';
            }
            for (let i = 0; i < n; ) {
                const inside = Number((at + BigInt(i)) % PAGE);
                const part = Math.min(n - i, Number(PAGE) - inside);
                const page = this.pageToWrite((at + BigInt(i)) / PAGE);
                page.set(bytes.subarray(done + i, done + i + part), inside);
                i += part;
            }
            done += n;
            this.size = most(this.size, at + BigInt(n));
        }
        return done;
    }

    private pageToWrite(index: bigint): Uint8Array {
        let page = this.data.get(index);
        if (!page) {
            page = new Uint8Array(Number(PAGE));
            this.data.set(index, page);
            this.reserved.delete(index);
        }
        return page;
    }

    truncate(size: bigint): string | undefined {
        if ((size < this.size && this.seals & SEAL.shrink) || (size > this.size && this.seals & SEAL.grow)) {
            return 'EPERM';
        }
        if (size !== this.size && this.frozen) {
            return 'EPERM';
        }
        if (size <= this.size) {
            this.clear(size, undefined);
        }
        this.size = size;
        return undefined;
    }

    fallocate(offset: bigint, length: bigint): string | undefined {
        const wrong = wrongRange(offset, length);
        if (wrong !== undefined) {
            return wrong;
        }
        if (this.frozen || (this.seals & SEAL.grow && offset + length > this.size)) {
            return 'EPERM';
        }
        for (let i = offset / PAGE; i * PAGE < offset + length; i++) {
            if (this.reserved.has(i)) {
                // what an earlier call has reserved is initialized, so that no later failure takes it back
                this.pageToWrite(i);
            } else if (!this.data.has(i)) {
                this.reserved.add(i);
            }
        }
        this.size = most(this.size, offset + length);
        return undefined;
    }

    punch(offset: bigint, length: bigint): string | undefined {
        const wrong = wrongRange(offset, length);
        if (wrong !== undefined) {
            return wrong;
        }
        if (this.frozen || this.seals & (SEAL.write | SEAL.future_write)) {
            return 'EPERM';
        }
        this.clear(offset, offset + length);
        return undefined;
    }

    /** Whole pages of the range go, the rest of it is zeroed. */
    private clear(from: bigint, to: bigint | undefined): void {
        for (const [index, page] of [...this.data]) {
            const start = most(from, index * PAGE);
            const behind = (index + 1n) * PAGE;
            const end = to === undefined ? behind : least(to, behind);
            if (end - start === PAGE) {
                this.data.delete(index);
            } else if (start < end) {
                page.fill(0, Number(start % PAGE), Number((start % PAGE) + end - start));
            }
        }
        for (const index of [...this.reserved]) {
            if (index * PAGE >= from && (to === undefined || (index + 1n) * PAGE <= to)) {
                this.reserved.delete(index);
            }
        }
    }

    /** SEEK_DATA and SEEK_HOLE. */
    seek(offset: bigint, what: 'data' | 'hole'): bigint | string {
        if (offset < 0n || offset >= this.size) {
            return 'ENXIO';
        }
        if (what === 'data') {
            // what lies in the very last page is not found
            const starts = [...this.data.keys()].filter(
                (i) => i >= offset / PAGE && i * PAGE < this.size && i !== LARGEST / PAGE,
            );
            return starts.length === 0 ? 'ENXIO' : most(offset, PAGE * starts.reduce(least));
        }
        let index = offset / PAGE;
        while (this.data.has(index)) {
            index++;
        }
        // the end of the very last page is no offset
        return index > LARGEST / PAGE ? -(2n ** 63n) : least(this.size, most(offset, index * PAGE));
    }

    addSeals(seals: number): string | undefined {
        if (this.seals & SEAL.seal) {
            return 'EPERM';
        }
        if (
            seals & SEAL.write &&
            !(this.seals & SEAL.write) &&
            this.frozen &&
            this.data.size + this.reserved.size > 0
        ) {
            return 'EBUSY';
        }
        this.seals |= seals;
        if (seals & SEAL.exec && this.mode & 0o111) {
            this.seals |= SEAL.shrink | SEAL.grow | SEAL.write | SEAL.future_write;
        }
        return undefined;
    }

    /** Preserving fills the holes. */
    freeze(): void {
        this.frozen = true;
        for (let i = 0n; i * PAGE < this.size; i++) {
            this.pageToWrite(i);
        }
    }

    /** What arrives in the next kernel: contents and seals, in a new executable memfd. */
    handedOver(sealsThen: number): MemoryFile {
        const next = new MemoryFile(0, 0o100777, 0);
        if (sealsThen !== 0) {
            next.addSeals(sealsThen);
        }
        next.size = this.size;
        for (let i = 0n; i * PAGE < this.size; i++) {
            next.data.set(i, new Uint8Array(this.data.get(i) ?? new Uint8Array(Number(PAGE))));
        }
        return next;
    }
}

/** What fallocate(2) checks first. */
function wrongRange(offset: bigint, length: bigint): string | undefined {
    return offset < 0n || length <= 0n ? 'EINVAL' : offset + length > LARGEST ? 'EFBIG' : undefined;
}
