/** The descriptor table of a process (fs/file.c). */
import type { Journal, Saveable } from '../../machine/journal';
import { type Err, err } from '../release/errno';
import type { OpenFile } from './file';

const EMFILE = err('EMFILE');

/** The descriptors of a process (fs/file.c): a new one gets the lowest free number. */
export class FdTable implements Saveable {
    epoch: number;
    private files: (OpenFile | null)[] = [];
    /** FD_CLOEXEC of each descriptor. */
    private cloexec: boolean[] = [];
    /** All lower numbers are taken. */
    private hint = 0;
    private used = 0;
    /** Numbers returned by {@link reserve} that have no file yet, with their future FD_CLOEXEC. */
    private reserved: ReadonlyMap<number, boolean> = new Map();

    constructor(private readonly journal: Journal) {
        this.epoch = journal.epoch;
    }

    /** Number of open descriptors. */
    get size(): number {
        return this.used;
    }

    /** The file of a descriptor; undefined if there is none (EBADF). */
    get(fd: number): OpenFile | undefined {
        return this.files[fd] ?? undefined;
    }

    /** The lowest free number, or EMFILE if it is not below `limit` (RLIMIT_NOFILE). Reserves nothing. */
    unused(limit: number): number | Err {
        let fd = this.hint;
        while (this.files[fd] || this.reserved.has(fd)) {
            fd++;
        }
        if (fd !== this.hint) {
            this.journal.touch(this);
            this.hint = fd;
        }
        return fd < limit ? fd : EMFILE;
    }

    /** Reserves the lowest free number for a file that is installed later (get_unused_fd_flags). EMFILE. */
    reserve(limit: number, cloexec: boolean): number | Err {
        const fd = this.unused(limit);
        if (typeof fd === 'number') {
            this.journal.touch(this);
            this.reserved = new Map(this.reserved).set(fd, cloexec);
        }
        return fd;
    }

    /** Frees a reserved number (put_unused_fd). */
    unreserve(fd: number): void {
        if (this.reserved.has(fd)) {
            this.journal.touch(this);
            const rest = new Map(this.reserved);
            rest.delete(fd);
            this.reserved = rest;
            this.hint = Math.min(this.hint, fd);
        }
    }

    /** Installs a file at a free or reserved number; the table takes over the caller's reference. */
    install(fd: number, file: OpenFile, cloexec = this.reserved.get(fd) ?? false): void {
        this.unreserve(fd);
        this.journal.touch(this);
        while (this.files.length < fd) {
            this.files.push(null);
            this.cloexec.push(false);
        }
        this.files[fd] = file;
        this.cloexec[fd] = cloexec;
        this.used++;
    }

    /** Removes a file; the caller drops its reference. */
    remove(fd: number): OpenFile | undefined {
        const file = this.files[fd];
        if (!file) {
            return undefined;
        }
        this.journal.touch(this);
        this.files[fd] = null;
        this.hint = Math.min(this.hint, fd);
        this.used--;
        return file;
    }

    isCloexec(fd: number): boolean {
        return this.cloexec[fd] ?? false;
    }

    setCloexec(fd: number, on: boolean): void {
        this.journal.touch(this);
        this.cloexec[fd] = on;
    }

    /** Descriptors and their files, ascending. */
    *entries(): IterableIterator<[number, OpenFile]> {
        for (let fd = 0; fd < this.files.length; fd++) {
            const file = this.files[fd];
            if (file) {
                yield [fd, file];
            }
        }
    }

    save(): unknown {
        return {
            files: this.files.slice(),
            cloexec: this.cloexec.slice(),
            hint: this.hint,
            used: this.used,
            reserved: this.reserved,
        };
    }

    load(saved: unknown): void {
        Object.assign(this, saved);
    }
}
