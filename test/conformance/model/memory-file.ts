/**
 * The second model, of files in memory: a size, and which pages hold what. Written from the documentation of
 * memfd_create(2), fallocate(2), lseek(2), fcntl(2) and of live update, as sets and maps; it shares nothing with the
 * emulator.
 */

const PAGE = 4096;
const MIB2 = 2 * 1024 * 1024;

export const SEAL = { seal: 1, shrink: 2, grow: 4, write: 8, future_write: 16, exec: 32 } as const;

/** The recorder's pattern. */
export function patternByte(seed: number, offset: number): number {
    return (seed * 31 + offset * 7 + Math.floor(offset / 256) * 13 + Math.floor(offset / 65536)) & 0xff;
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
    size = 0;
    /** Pages with data. */
    readonly data = new Map<number, Uint8Array>();
    /** Pages that one fallocate() made and nobody wrote to. */
    readonly reserved = new Set<number>();
    /** While live update holds it. */
    frozen = false;

    constructor(
        public seals: number,
        readonly mode: number,
        readonly nlink: number,
    ) {}

    get blocks(): number {
        return (this.data.size + this.reserved.size) * (PAGE / 512);
    }

    read(offset: number, length: number): Uint8Array {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
        for (let done = 0; done < bytes.length; ) {
            const at = offset + done;
            const n = Math.min(bytes.length - done, PAGE - (at % PAGE));
            const page = this.data.get(Math.floor(at / PAGE));
            if (page) {
                bytes.set(page.subarray(at % PAGE, (at % PAGE) + n), done);
            }
            done += n;
        }
        return bytes;
    }

    /**
     * One write(2): how many bytes, or the error. What is left, up to the end of its 2 MiB, goes through as a whole
     * or not at all.
     */
    write(offset: number, bytes: Uint8Array): number | string {
        let done = 0;
        while (done < bytes.length) {
            const at = offset + done;
            const n = Math.min(bytes.length - done, MIB2 - (at % MIB2));
            const grows = at + n > this.size;
            if (this.seals & (SEAL.write | SEAL.future_write) || (grows && (this.frozen || this.seals & SEAL.grow))) {
                return done > 0 ? done : 'EPERM';
            }
            for (let i = 0; i < n; ) {
                const inPage = Math.min(n - i, PAGE - ((at + i) % PAGE));
                const page = this.pageToWrite(Math.floor((at + i) / PAGE));
                page.set(bytes.subarray(done + i, done + i + inPage), (at + i) % PAGE);
                i += inPage;
            }
            done += n;
            this.size = Math.max(this.size, at + n);
        }
        return done;
    }

    private pageToWrite(index: number): Uint8Array {
        let page = this.data.get(index);
        if (!page) {
            page = new Uint8Array(PAGE);
            this.data.set(index, page);
            this.reserved.delete(index);
        }
        return page;
    }

    truncate(size: number): string | undefined {
        if ((size < this.size && this.seals & SEAL.shrink) || (size > this.size && this.seals & SEAL.grow)) {
            return 'EPERM';
        }
        if (size !== this.size && this.frozen) {
            return 'EPERM';
        }
        if (size <= this.size) {
            this.clear(size, Infinity);
        }
        this.size = size;
        return undefined;
    }

    fallocate(offset: number, length: number): string | undefined {
        if (length <= 0) {
            return 'EINVAL';
        }
        if (this.frozen || (this.seals & SEAL.grow && offset + length > this.size)) {
            return 'EPERM';
        }
        for (let i = Math.floor(offset / PAGE); i * PAGE < offset + length; i++) {
            if (this.reserved.has(i)) {
                // what an earlier call has reserved is initialized, so that no later failure takes it back
                this.pageToWrite(i);
            } else if (!this.data.has(i)) {
                this.reserved.add(i);
            }
        }
        this.size = Math.max(this.size, offset + length);
        return undefined;
    }

    punch(offset: number, length: number): string | undefined {
        if (length <= 0) {
            return 'EINVAL';
        }
        if (this.frozen || this.seals & (SEAL.write | SEAL.future_write)) {
            return 'EPERM';
        }
        this.clear(offset, offset + length);
        return undefined;
    }

    /** Whole pages of the range go, the rest of it is zeroed. */
    private clear(from: number, to: number): void {
        for (const [index, page] of [...this.data]) {
            const start = Math.max(from, index * PAGE);
            const end = Math.min(to, (index + 1) * PAGE);
            if (end - start === PAGE) {
                this.data.delete(index);
            } else if (start < end) {
                page.fill(0, start % PAGE, (start % PAGE) + end - start);
            }
        }
        for (const index of [...this.reserved]) {
            if (index * PAGE >= from && (index + 1) * PAGE <= to) {
                this.reserved.delete(index);
            }
        }
    }

    /** SEEK_DATA and SEEK_HOLE. */
    seek(offset: number, what: 'data' | 'hole'): number | string {
        if (offset < 0 || offset >= this.size) {
            return 'ENXIO';
        }
        for (let at = offset; at < this.size; at = (Math.floor(at / PAGE) + 1) * PAGE) {
            if (this.data.has(Math.floor(at / PAGE)) === (what === 'data')) {
                return at;
            }
        }
        return what === 'hole' ? this.size : 'ENXIO';
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
        for (let i = 0; i * PAGE < this.size; i++) {
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
        for (let i = 0; i * PAGE < this.size; i++) {
            next.data.set(i, new Uint8Array(this.data.get(i) ?? new Uint8Array(PAGE)));
        }
        return next;
    }
}
