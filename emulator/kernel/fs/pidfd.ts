/**
 * Descriptors of processes, and what a process can find out about another one (kernel/pid.c, kernel/kcmp.c,
 * fs/proc/fd.c).
 */
import { anonFile } from './anon';
import { EventCounter } from './eventfd';
import { O_CLOEXEC, O_RDWR } from './fcntl';
import { getFile, type OpenFile } from './file';
import type { Process, ProcessEnv } from './process';
import { type Err, err } from '../release/errno';
import { type Int, intOf } from '../../machine/int';
import { type Journal, JournaledRecord } from '../../machine/journal';

const EBADF = err('EBADF');
const EINVAL = err('EINVAL');
const ENOENT = err('ENOENT');
const ESRCH = err('ESRCH');

/** The process behind a pidfd (struct pid). */
class Pidfd extends JournaledRecord {
    constructor(
        journal: Journal,
        readonly process: Process,
    ) {
        super(journal);
    }

    display(): string {
        return `process ${this.process.pid}`;
    }
}

/** The process that a pidfd is for; undefined for other files. */
export function processOfPidfd({ priv }: OpenFile): Process | undefined {
    return priv instanceof Pidfd ? priv.process : undefined;
}

/** A process or zombie with this id. */
const withPid = (k: ProcessEnv, pid: number): Process | undefined => k.processes.items.find((p) => p.pid === pid);

/** pidfd_open(2). EINVAL for ids below 1, ESRCH, EMFILE. */
export function sysPidfdOpen(k: ProcessEnv, p: Process, pid: number): number | Err {
    if (pid <= 0) {
        return EINVAL;
    }
    const process = withPid(k, pid);
    if (!process) {
        return ESRCH;
    }
    const fd = p.fds.unused(p.nofile);
    if (typeof fd === 'number') {
        const file = anonFile(k, 'pidfd', '[pidfd]', O_RDWR);
        k.journal.edit(file).priv = new Pidfd(k.journal, process);
        p.fds.install(fd, file, true);
    }
    return fd;
}

/**
 * pidfd_getfd(2), by root: another descriptor for a file that the other process has open, with FD_CLOEXEC. EBADF for
 * what is not a pidfd, and for a number that is not open there; ESRCH if the process has ended; EMFILE.
 */
export function sysPidfdGetfd(k: ProcessEnv, p: Process, pidfd: number, number: number): number | Err {
    const file = p.fds.get(pidfd);
    const process = file && processOfPidfd(file);
    if (!process) {
        return EBADF;
    }
    if (process.state !== 'running') {
        return ESRCH;
    }
    const other = process.fds.get(number);
    if (!other) {
        return EBADF;
    }
    const fd = p.fds.unused(p.nofile);
    if (typeof fd === 'number') {
        p.fds.install(fd, getFile(k, other), true);
    }
    return fd;
}

/**
 * kcmp(2) with KCMP_FILE, by root: 0 if two descriptors are for the same open file; otherwise 1 or 2, by an order of
 * the kernel. ESRCH, EBADF.
 */
export function sysKcmpFile(k: ProcessEnv, pid1: number, pid2: number, fd1: number, fd2: number): number | Err {
    const [a, b] = [withPid(k, pid1), withPid(k, pid2)];
    if (!a || !b) {
        return ESRCH;
    }
    const [f, g] = [a.fds.get(fd1), b.fds.get(fd2)];
    if (!f || !g) {
        return EBADF;
    }
    return f === g ? 0 : f.id < g.id ? 1 : 2;
}

/** Writes cgroup.freeze of the cgroup of a process (kernel/cgroup/freezer.c). @returns the process; ENOENT */
export function freezeCgroup(k: ProcessEnv, pid: number, frozen: boolean): Process | Err {
    const process = withPid(k, pid);
    if (!process) {
        return ENOENT;
    }
    k.journal.edit<Process>(process).frozen = frozen;
    return process;
}

/** getdents64(2) of /proc/PID/fd: the descriptors of a process, ascending. ENOENT. */
export function listDescriptors(k: ProcessEnv, pid: number): readonly number[] | Err {
    const process = withPid(k, pid);
    return process ? [...process.fds.entries()].map(([fd]) => fd) : ENOENT;
}

/** What /proc/PID/fdinfo/N says of a descriptor, by the names of its lines. ENOENT. */
export function fdinfo(k: ProcessEnv, pid: number, fd: number): readonly (readonly [string, Int])[] | Err {
    const process = withPid(k, pid);
    const file = process?.fds.get(fd);
    if (!process || !file) {
        return ENOENT;
    }
    const { priv } = file;
    return [
        ['pos', file.pos],
        ['flags', file.flags + (process.fds.isCloexec(fd) ? O_CLOEXEC : 0)],
        ['ino', file.inode.ino],
        ...(priv instanceof EventCounter
            ? ([
                  ['eventfd_count', intOf(priv.count)],
                  ['eventfd_semaphore', priv.isSemaphore ? 1 : 0],
              ] as const)
            : []),
    ];
}
