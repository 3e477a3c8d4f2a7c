/** System calls by which a process looks at another one, as a checkpoint tool does. */
import {
    fdinfo,
    freezeCgroup,
    listDescriptors,
    processOfPidfd,
    sysKcmpFile,
    sysPidfdGetfd,
    sysPidfdOpen,
} from '../../kernel/fs/pidfd';
import { teePipe } from '../../kernel/fs/pipe';
import { fget } from '../../kernel/fs/process';
import { sysDup2 } from '../../kernel/fs/syscalls/file';
import { Err } from '../../kernel/release/errno';
import { BOOL, FD, INT, listOf, RECORD } from '../../language/types';
import { asBool } from '../../language/values';
import { fdArg, indexArg, lengthArg } from './arguments';
import { fdMethod, fn, param, SYSCALL } from './define';
import type { Host } from '../host/host';
import type { NativeContext, NativeFunction } from './native';

const PID = param('pid', INT);
const NUMBER = param('number', FD);

export const otherProcessFunctions: readonly NativeFunction[] = [
    fn(
        'cgroup_freeze',
        [PID, param('frozen', BOOL)],
        SYSCALL,
        'Writes `cgroup.freeze` of the cgroup of a process; each process has its own. A frozen process makes no system call. `ENOENT`.',
        (host: Host, [pid, on]) => {
            const frozen = asBool(on, 'frozen');
            const process = freezeCgroup(host.running, indexArg(pid, 'the pid'), frozen);
            if (process instanceof Err) {
                return process;
            }
            host.tell((l) => l.processFrozen?.(process, frozen));
            return undefined;
        },
    ),
    fn(
        'pidfd_open',
        [PID],
        { ...SYSCALL, result: FD },
        '`pidfd_open(2)`: a descriptor of a process. `EINVAL`, `ESRCH`, `EMFILE`.',
        ({ running, process }, [pid]) => sysPidfdOpen(running, process, indexArg(pid, 'the pid')),
    ),
    fn(
        'pidfd_getfd',
        [param('pidfd', FD), NUMBER],
        { ...SYSCALL, result: FD },
        '`pidfd_getfd(2)`: a descriptor for a file of the process behind a pidfd. `EBADF`, `ESRCH`, `EMFILE`.',
        (host: Host, [pidfd, number]) => {
            const from = fdArg(pidfd);
            const fd = sysPidfdGetfd(host.running, host.process, from, fdArg(number));
            const file = host.process.fds.get(from);
            const process = file && processOfPidfd(file);
            if (process && !(fd instanceof Err)) {
                host.tell((l) => l.fileTaken?.(process));
            }
            return fd;
        },
    ),
    fn(
        'kcmp',
        [param('pid1', INT), param('pid2', INT), param('fd1', FD), param('fd2', FD)],
        { ...SYSCALL, result: INT },
        '`kcmp(2)` with `KCMP_FILE`: 0 if two descriptors are for the same open file. `ESRCH`, `EBADF`.',
        ({ running }, [pid1, pid2, fd1, fd2]) =>
            sysKcmpFile(running, indexArg(pid1, 'the pid'), indexArg(pid2, 'the pid'), fdArg(fd1), fdArg(fd2)),
    ),
    fn(
        'proc_fds',
        [PID],
        { ...SYSCALL, result: listOf(FD) },
        'The descriptors of a process, as `/proc/PID/fd` lists them. `ENOENT`.',
        (context, [pid]) => {
            const list = listDescriptors(context.running, indexArg(pid, 'the pid'));
            return list instanceof Err ? list : context.list(list);
        },
    ),
    fn(
        'proc_fdinfo',
        [PID, NUMBER],
        { ...SYSCALL, result: RECORD },
        '`/proc/PID/fdinfo/N`: `pos`, `flags` (with `O_CLOEXEC`), `ino`; of an eventfd also `eventfd_count` and `eventfd_semaphore`. `ENOENT`.',
        (context, [pid, number]) => {
            const lines = fdinfo(context.running, indexArg(pid, 'the pid'), fdArg(number));
            return lines instanceof Err ? lines : context.record(lines);
        },
    ),
];

export const otherProcessMethods: readonly NativeFunction<NativeContext>[] = [
    fdMethod(
        'dup2',
        [NUMBER],
        { ...SYSCALL, result: FD },
        '`dup2(2)`: the same open file under a given number, which is closed before. `EBADF`.',
        ({ running, process }, fd, [number]) => sysDup2(running, process, fd, fdArg(number)),
    ),
    fdMethod(
        'tee',
        [param('out', FD), param('length', INT)],
        { ...SYSCALL, result: INT },
        '`tee(2)`: copies bytes from a pipe to another one, and leaves them in the first. `EBADF`, `EINVAL`, `EAGAIN`, `EPIPE`.',
        ({ running, process }, fd, [out, length]) => {
            const [from, to] = [fget(process, fd), fget(process, fdArg(out))];
            return from instanceof Err
                ? from
                : to instanceof Err
                  ? to
                  : teePipe(running, from, to, lengthArg(length, 'the length'));
        },
    ),
];
