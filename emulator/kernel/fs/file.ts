/** Open files: the operations of each kind, references, and release (fs/file_table.c). */
import type { Bytes } from '../../machine/bytes';
import type { Int } from '../../machine/int';
import { type Journal, JournaledRecord, type JournaledList } from '../../machine/journal';
import type { KernelCore } from './core';
import type { Err } from '../release/errno';
import { O_ACCMODE, O_APPEND, O_RDONLY, O_WRONLY } from './fcntl';
import type { Inode } from './inode';

/** A part of a file that is to be mapped; in bytes, whole pages. */
export interface MappedRange {
    readonly offset: Int;
    readonly length: number;
    /** MAP_SHARED */
    readonly shared: boolean;
    /** PROT_WRITE */
    readonly write: boolean;
}

/**
 * The operations of a kind of file, as struct file_operations and the FMODE_ bits that opening sets. A missing
 * operation is one that the kernel does not have for this kind.
 */
export interface FileOps {
    /**
     * FMODE_PREAD and FMODE_PWRITE: set for files opened by path (fs/open.c) and for memfds (mm/memfd.c), not for files
     * created from an anonymous inode, for which pread and pwrite fail with ESPIPE.
     */
    readonly positioned: boolean;
    /** Whether reads and writes advance the file position; not so for streams, and for devices that ignore it. */
    readonly moves?: boolean;
    /** Reads at most `length` bytes at `pos`. */
    readonly read?: (k: KernelCore, file: OpenFile, pos: Int, length: number) => Bytes | Err;
    /** Writes at `pos`; returns the number of bytes written, at least 1 for a non-empty write. */
    readonly write?: (k: KernelCore, file: OpenFile, pos: Int, data: Bytes) => number | Err;
    /** Sets and returns the position. Absent: ESPIPE. */
    readonly llseek?: (k: KernelCore, file: OpenFile, offset: Int, whence: number) => Int | Err;
    readonly fallocate?: (k: KernelCore, file: OpenFile, mode: number, offset: Int, length: Int) => 0 | Err;
    /** The inode's setattr for a new size, after the checks that all files share. */
    readonly truncate?: (k: KernelCore, file: OpenFile, size: Int) => 0 | Err;
    /** Whether it can be mapped so, after the checks that all files share. Absent: ENODEV. */
    readonly mmap?: (k: KernelCore, file: OpenFile, range: MappedRange) => 0 | Err;
    /** Reads through a mapping: a hole gets memory. EFAULT if the access faults (SIGBUS). */
    readonly load?: (k: KernelCore, file: OpenFile, pos: Int, length: number) => Bytes | Err;
    /**
     * Stores through a shared, writable mapping. Absent: a mapping has memory of its own. EFAULT if the access faults
     * (SIGBUS).
     */
    readonly store?: (k: KernelCore, file: OpenFile, pos: Int, data: Bytes) => 0 | Err;
    /** The error of an ioctl that it does not know. Absent: ENOTTY. */
    readonly unknownIoctl?: Err;
    /** Frees the resources of a file when its last reference is dropped. */
    readonly release?: (k: KernelCore, file: OpenFile) => void;
}

/** An open file (struct file), referenced by descriptors and LUO. */
export class OpenFile extends JournaledRecord {
    /** Descriptors and kernel references. At 0 the file waits on {@link KernelCore.delayedFput}. */
    readonly refs: number = 1;
    readonly pos: Int = 0;
    /** Data of a kernel subsystem: a LUO session, an eventfd's counter. Itself journaled if it changes. */

    readonly priv: object | null = null;
    /**
     * The fields of a file of a declared kind, in the order of the `file` declaration. Replaced, never changed in
     * place.
     */
    readonly fields: readonly unknown[] = [];

    constructor(
        journal: Journal,
        readonly id: number,
        /**
         * `memfd`, `tmpfs`, `pipe`, `socket`, `eventfd`, `pidfd`, `null`, `liveupdate`, `luo_session`, or the name of a
         * declared kind.
         */
        readonly kind: string,
        readonly ops: FileOps,
        readonly inode: Inode,
        /** Access mode and status flags, as returned by F_GETFL. */
        readonly flags: number,
        /** As shown in /proc/pid/fd. */
        readonly name: string,
    ) {
        super(journal);
    }

    display(): string {
        return `${this.kind} ${this.name}`;
    }

    /** FMODE_READ */
    get readable(): boolean {
        return (this.flags & O_ACCMODE) !== O_WRONLY;
    }

    /** FMODE_WRITE */
    get writable(): boolean {
        return (this.flags & O_ACCMODE) !== O_RDONLY;
    }

    get append(): boolean {
        return (this.flags & O_APPEND) !== 0;
    }
}

/** Opens `inode` with one reference, which belongs to the caller. */
export function allocFile(
    k: KernelCore,
    kind: string,
    ops: FileOps,
    inode: Inode,
    flags: number,
    name: string,
): OpenFile {
    k.journal.edit(inode).opens++;
    return new OpenFile(k.journal, k.ids.nextFile(k.journal), kind, ops, inode, flags, name);
}

/** Takes another reference (get_file). */
export function getFile(k: KernelCore, file: OpenFile): OpenFile {
    k.journal.edit(file).refs++;
    return file;
}

/**
 * Drops a reference. The last one puts the file on the kernel's list of files to release (fs/file_table.c,
 * __fput_deferred).
 */
export function fput(k: KernelCore, file: OpenFile): void {
    const f = k.journal.edit(file);
    f.refs--;
    if (f.refs === 0) {
        k.delayedFput.push(file);
    }
}

/**
 * Releases a file that was taken from {@link KernelCore.delayedFput} (fs/file_table.c, __fput): its own release, then
 * its reference to the inode. Callbacks of its kind have run before.
 */
export function releaseFile(k: KernelCore, file: OpenFile): void {
    file.ops.release?.(k, file);
    discardFile(k, file);
}

/** Frees a file whose open() failed: it was never FMODE_OPENED, so it is not released (fs/file_table.c, __fput). */
export function discardFile(k: KernelCore, file: OpenFile): void {
    k.journal.edit(file.inode).opens--;
    file.inode.evict(k);
}

/** Files without a reference: those that wait, and those taken by a round of task_work_run(). */
interface Released {
    readonly delayedFput: JournaledList<OpenFile>;
    readonly releasing: JournaledList<OpenFile>;
}

export function hasDelayedFput({ delayedFput, releasing }: Released): boolean {
    return delayedFput.length + releasing.length > 0;
}

/**
 * Takes the next file to be released. task_work_run() (kernel/task_work.c) takes all waiting files at once and begins
 * with the newest; files that arrive meanwhile belong to the next round.
 */
export function nextDelayedFput({ delayedFput, releasing }: Released): OpenFile | undefined {
    if (releasing.length === 0) {
        for (const file of delayedFput) {
            releasing.push(file);
        }
        delayedFput.clear();
    }
    return releasing.pop();
}
