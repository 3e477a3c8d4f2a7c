/** System calls that create descriptors: memfd_create, pipe, socket, eventfd; and setrlimit. */
import type { KernelCore } from '../core';
import { Err, err } from '../../release/errno';
import { areEventfdFlags, EFD_CLOEXEC, makeEventfd } from '../eventfd';
import { MFD_ALLOW_SEALING, MFD_CLOEXEC, MFD_EXEC, MFD_HUGE_BITS, MFD_HUGETLB, MFD_NOEXEC_SEAL } from '../fcntl';
import { fput, type OpenFile } from '../file';
import { chargeTo, hugePoolOf, hugetlbAllocFile, type MemfdEnv, MFD_NAME_MAX, memfdAllocFile } from '../memfd';
import { makePipe } from '../pipe';
import { makeOtherEnd, makeSocket, makeSocketEnd } from '../socket';
import { installFd, type Process } from '../process';
import { encodeText } from '../../../text/utf8';

const EINVAL = err('EINVAL');
const EACCES = err('EACCES');

const MFD_ALL = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC;

/**
 * memfd_create(2). EINVAL for unknown flags and for MFD_EXEC with MFD_NOEXEC_SEAL; EACCES for MFD_EXEC if the sysctl
 * vm.memfd_noexec is 2; EINVAL for a name longer than 249 bytes; EMFILE; ENODEV for huge pages of a size that does not
 * exist.
 * @param huge allocate in huge folios; default: as the kernel is configured. Not a flag of the real call.
 */
export function sysMemfdCreate(k: MemfdEnv, p: Process, name: string, flags: number, huge?: boolean): number | Err {
    const known = flags & MFD_HUGETLB ? MFD_ALL + MFD_HUGE_BITS : MFD_ALL;
    if (
        flags < 0 ||
        flags >= 2 ** 32 ||
        (BigInt(flags) & ~BigInt(known)) !== 0n ||
        (flags & MFD_EXEC && flags & MFD_NOEXEC_SEAL)
    ) {
        return EINVAL;
    }
    let all = flags;
    if (!(all & (MFD_EXEC | MFD_NOEXEC_SEAL))) {
        all |= k.sysctls.memfdNoexec > 0 ? MFD_NOEXEC_SEAL : MFD_EXEC;
    }
    if (!(all & MFD_NOEXEC_SEAL) && k.sysctls.memfdNoexec === 2) {
        return EACCES;
    }
    if (encodeText(name).length > MFD_NAME_MAX) {
        return EINVAL;
    }
    const fd = p.fds.unused(p.nofile);
    if (fd instanceof Err) {
        return fd;
    }
    const pool = flags & MFD_HUGETLB ? hugePoolOf(k, flags) : undefined;
    if (pool instanceof Err) {
        return pool;
    }
    const file = pool ? hugetlbAllocFile(k, `memfd:${name}`, all, pool) : memfdAllocFile(k, `memfd:${name}`, all, huge);
    chargeTo(k, file, p);
    p.fds.install(fd, file, (flags & MFD_CLOEXEC) !== 0);
    return fd;
}

/** pipe(2): the descriptors of the read end and the write end. EMFILE. */
export function sysPipe(k: KernelCore, p: Process): readonly [number, number] | Err {
    return installTwo(k, p, () => {
        const { read, write } = makePipe(k);
        return [read, write];
    });
}

/** socketpair(AF_UNIX, SOCK_STREAM, 0). EMFILE. */
export function sysSocketpair(k: KernelCore, p: Process): readonly [number, number] | Err {
    return installTwo(k, p, () => {
        const first = makeSocketEnd(k, 0);
        return [first, makeOtherEnd(k, first, 0)];
    });
}

/** Two descriptors for two new files, or none. */
function installTwo(
    k: KernelCore,
    p: Process,
    make: () => readonly [OpenFile, OpenFile | Err],
): readonly [number, number] | Err {
    const first = p.fds.unused(p.nofile);
    if (first instanceof Err) {
        return first;
    }
    const [a, b] = make();
    p.fds.install(first, a, false);
    const second = b instanceof Err ? b : installFd(p, b, false);
    if (second instanceof Err) {
        p.fds.remove(first);
        fput(k, a);
        if (!(b instanceof Err)) {
            fput(k, b);
        }
        return second;
    }
    return [first, second];
}

/** socket(AF_UNIX, SOCK_STREAM, 0). EMFILE. */
export function sysSocket(k: KernelCore, p: Process): number | Err {
    return installNew(k, p, makeSocket);
}

/**
 * eventfd2(2). EINVAL for unknown flags, EMFILE.
 * @param count an unsigned int
 * @param flags the OR of EFD_…
 */
export function sysEventfd(k: KernelCore, p: Process, count = 0, flags = 0): number | Err {
    return areEventfdFlags(flags)
        ? installNew(k, p, (kernel) => makeEventfd(kernel, count, flags), (flags & EFD_CLOEXEC) !== 0)
        : EINVAL;
}

function installNew(k: KernelCore, p: Process, make: (k: KernelCore) => OpenFile, cloexec = false): number | Err {
    const fd = p.fds.unused(p.nofile);
    if (typeof fd === 'number') {
        p.fds.install(fd, make(k), cloexec);
    }
    return fd;
}

/**
 * setrlimit(RLIMIT_NOFILE) of both the soft and the hard limit, by root. Open descriptors stay open. EPERM above sysctl
 * fs.nr_open.
 */
export function sysSetrlimitNofile(k: KernelCore, p: Process, limit: number): 0 | Err {
    if (limit < 0 || limit > NR_OPEN) {
        return err('EPERM');
    }
    k.journal.edit(p).nofile = limit;
    return 0;
}

/** sysctl fs.nr_open */
const NR_OPEN = 1024 * 1024;
