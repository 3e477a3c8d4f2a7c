/**
 * Processes of one thread: start, exit, and operations on their descriptors (kernel/fork.c, kernel/exit.c, fs/file.c).
 */
import { costId } from '../../machine/costs';
import { type Journal, JournaledList, JournaledRecord } from '../../machine/journal';
import type { KernelCore } from './core';
import { Err, err } from '../release/errno';
import { FdTable } from './fdtable';
import { O_LARGEFILE, O_PATH, O_RDWR } from './fcntl';
import { fput, getFile, type OpenFile } from './file';
import { type Mapping, unmap } from './mapping';
import { Memcg } from './memcg';
import type { MountEnv } from './mounts';
import { openMemDevice } from './mem-devices';

const PROCESS_START = costId('process_start');
const PROCESS_EXIT = costId('process_exit');

const EBADF = err('EBADF');
const ENOTTY = err('ENOTTY');

/** The soft and hard RLIMIT_NOFILE that a process starts with (include/asm-generic/resource.h, INR_OPEN_CUR). */
const DEFAULT_NOFILE = 1024;

/** What processes need from their kernel. */
export interface ProcessEnv extends MountEnv {
    /** Running processes and zombies, in the order of their start. */
    readonly processes: JournaledList<Process>;
}

/** A process with one thread. */
export class Process extends JournaledRecord {
    readonly fds: FdTable;
    /** The files that are mapped into its memory. */
    readonly mappings: JournaledList<Mapping>;
    /** RLIMIT_NOFILE, soft and hard alike. */
    readonly nofile: number = DEFAULT_NOFILE;
    /** Its memory cgroup, if that has a limit. Each process has its own. */
    readonly memcg: Memcg | null = null;
    /** The limits of its hugetlb cgroup, by the size of the pages in bytes. Replaced, never changed in place. */
    readonly hugetlbLimits: ReadonlyMap<number, Memcg> = new Map();
    /** Its cgroup is frozen (cgroup.freeze): it does not run. Each process has its own cgroup. */
    readonly frozen: boolean = false;
    /** A zombie has exited and waits to be reaped. */
    readonly state: 'running' | 'zombie' | 'reaped' = 'running';

    constructor(
        journal: Journal,
        readonly pid: number,
        readonly name: string,
    ) {
        super(journal);
        this.fds = new FdTable(journal);
        this.mappings = new JournaledList(journal);
    }
}

/**
 * Starts a process. Like a daemon's, its descriptors 0, 1 and 2 are /dev/null, so the first one it opens is 3.
 */
export function spawn(k: ProcessEnv, name: string): Process {
    k.clock.charge(PROCESS_START);
    const p = new Process(k.journal, k.ids.nextPid(k.journal), name);
    const file = openMemDevice(k, '/dev/null', O_RDWR | O_LARGEFILE);
    p.fds.install(0, file, false);
    p.fds.install(1, getFile(k, file), false);
    p.fds.install(2, getFile(k, file), false);
    k.processes.push(p);
    return p;
}

/**
 * Ends a process, by exit or by a signal: its memory is unmapped, every descriptor is closed in ascending order
 * (fs/file.c, close_files), and files without references wait on {@link KernelCore.delayedFput}.
 * @returns the files of the descriptors
 */
export function exitProcess(k: KernelCore, p: Process): readonly OpenFile[] {
    if (p.state !== 'running') {
        return [];
    }
    k.clock.charge(PROCESS_EXIT);
    unmapAll(k, p);
    const closed = close(k, p, [...p.fds.entries()]);
    k.journal.edit(p).state = 'zombie';
    return closed;
}

/** Removes a zombie from the list of processes (wait). */
export function reap(k: ProcessEnv, p: Process): void {
    k.journal.edit(p).state = 'reaped';
    k.processes.remove(p);
}

/**
 * The file behind a descriptor, or EBADF, also for one of O_PATH. No reference is taken, because nothing blocks before
 * the call is done.
 */
export function fget(p: Process, fd: number): OpenFile | Err {
    const file = p.fds.get(fd);
    return file && (file.flags & O_PATH) === 0 ? file : EBADF;
}

/** The same for the calls that take descriptors of O_PATH, too (fget_raw()). */
export function fgetRaw(p: Process, fd: number): OpenFile | Err {
    return p.fds.get(fd) ?? EBADF;
}

/**
 * The data that a subsystem attached to the file behind a descriptor, for its ioctls.
 * @returns EBADF; ENOTTY for files that have no such ioctl
 */
export function fgetPriv<T>(p: Process, fd: number, cls: abstract new (...args: never[]) => T): T | Err {
    const file = fget(p, fd);
    return file instanceof Err ? file : privOf(file, cls);
}

/** The data that a subsystem attached to an open file. @returns ENOTTY for files of other kinds */
export function privOf<T>({ priv }: OpenFile, cls: abstract new (...args: never[]) => T): T | Err {
    return priv instanceof cls ? priv : ENOTTY;
}

/**
 * Installs a file at the lowest free number of a process, taking over the caller's reference; on EMFILE the caller
 * keeps it.
 */
export function installFd(p: Process, file: OpenFile, cloexec: boolean): number | Err {
    const fd = p.fds.unused(p.nofile);
    if (typeof fd === 'number') {
        p.fds.install(fd, file, cloexec);
    }
    return fd;
}

/** Installs a new file (anon_inode_getfd()). @returns EMFILE; then the file is dropped */
export function installNewFd(k: KernelCore, p: Process, file: OpenFile): number | Err {
    const fd = installFd(p, file, false);
    if (fd instanceof Err) {
        fput(k, file);
    }
    return fd;
}

/**
 * Passes a descriptor to another process with SCM_RIGHTS (net/core/scm.c): it gets the lowest free number there. EBADF
 * for the sender's descriptor; EMFILE if the receiver has no number left: then the descriptor is lost.
 */
export function passFd(k: KernelCore, from: Process, fd: number, to: Process): number | Err {
    const file = from.fds.get(fd);
    if (!file) {
        return EBADF;
    }
    const at = to.fds.unused(to.nofile);
    if (typeof at === 'number') {
        to.fds.install(at, getFile(k, file), false);
    }
    return at;
}

/** Writes memory.max of the cgroup of a process. Existing charges stay. Bytes. */
export function setMemoryMax(k: KernelCore, p: Process, bytes: number): void {
    const memcg = p.memcg ?? new Memcg(k.journal);
    k.journal.edit<Process>(p).memcg = memcg;
    memcg.setLimit(Math.floor(bytes / k.page.size));
}

/** memory.current of that cgroup, in bytes; 0 if it has no limit, because then nothing is charged. */
export function memoryCurrent({ page }: KernelCore, { memcg }: Process): number {
    return (memcg?.usage ?? 0) * page.size;
}

/**
 * Writes hugetlb.SIZE.max of the cgroup of a process (mm/hugetlb_cgroup.c). Existing charges stay. Bytes, rounded down
 * to huge pages.
 */
export function setHugetlbMax(k: KernelCore, p: Process, size: number, bytes: number): void {
    const limit = p.hugetlbLimits.get(size) ?? new Memcg(k.journal);
    k.journal.edit<Process>(p).hugetlbLimits = new Map(p.hugetlbLimits).set(size, limit);
    limit.setLimit((Math.floor(bytes / size) * size) / k.page.size);
}

/** hugetlb.SIZE.current of that cgroup, in bytes; 0 if it has no limit, because then nothing is charged. */
export function hugetlbCurrent({ page }: KernelCore, p: Process, size: number): number {
    return (p.hugetlbLimits.get(size)?.usage ?? 0) * page.size;
}

/**
 * Unmaps all files and closes the descriptors with FD_CLOEXEC, for an execve() (fs/exec.c, fs/file.c,
 * do_close_on_exec). @returns the closed files
 */
export function closeOnExec(k: KernelCore, p: Process): readonly OpenFile[] {
    unmapAll(k, p);
    return close(
        k,
        p,
        [...p.fds.entries()].filter(([fd]) => p.fds.isCloexec(fd)),
    );
}

function unmapAll(k: KernelCore, { mappings }: Process): void {
    for (const mapping of [...mappings]) {
        unmap(k, mapping);
    }
}

function close(k: KernelCore, p: Process, entries: readonly (readonly [number, OpenFile])[]): readonly OpenFile[] {
    for (const [fd, file] of entries) {
        p.fds.remove(fd);
        fput(k, file);
    }
    return entries.map(([, file]) => file);
}
