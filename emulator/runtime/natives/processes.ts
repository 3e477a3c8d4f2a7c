/** Processes and their files, for kernel code and for scenarios. */
import { devicePath } from '../../kernel/fs/proc';
import { deviceKindAt } from '../../kernel/device-nodes';
import { discardFile, hasDelayedFput, nextDelayedFput, type OpenFile, releaseFile } from '../../kernel/fs/file';
import { closeOnExec, exitProcess } from '../../kernel/fs/process';
import { mountEndedBy } from '../../kernel/fs/tmpfs';
import { BOOL, FD, INT, objectOf, STRING, type Type } from '../../language/types';
import { asString, text } from '../../language/values';
import { openDevice } from '../host/callbacks';
import type { Host } from '../host/host';
import { ScenarioProcess } from '../host/scenario-process';
import { stateOf, waitsFor } from '../waiting';
import { fileArg } from './arguments';
import { code, fn, Members, nothing, param, SYSCALL } from './define';
import type { NativeFunction } from './native';

/** A process, for scenarios. */
export const processObject = new Members(ScenarioProcess, 'process', 'A process that the scenario started.', true)
    .field('pid', INT, 'Its process id.', (user) => user.process.pid)
    .field('name', STRING, 'Its name.', (user) => user.name)
    .field(
        'state',
        STRING,
        'Its state, as ps(1) shows it. `R`: running or runnable, `S`: sleeping or idle, `D`: waiting in the kernel, uninterruptible.',
        (user) => stateOf(user.thread),
    )
    .field(
        'waits_for',
        STRING,
        'The lock that it waits for, and the holder of the lock; empty if it waits for none.',
        (user, host: Host) => waitsFor(host.interpreter.threads, user.thread) ?? '',
    );

/** Tells of what a process has had open when it ended, or executed another program. */
function closedBy(host: Host, files: readonly OpenFile[]): undefined {
    if (files.length > 0) {
        host.tell((l) => l.filesClosed?.(host.interpreter.current.name, files));
    }
    return undefined;
}

const FILE = param('file', objectOf('file'));
const KIND: Type = { k: 'decl', of: 'file', name: '' };

export const processFunctions: readonly NativeFunction[] = [
    code(
        'open',
        [param('path', STRING), param('flags', INT, 2)],
        { ...SYSCALL, result: FD, told: (_context, [path]) => ({ kind: 'open', path: text(path) }) },
        '`open(2)`: `/dev/liveupdate`, memory devices (`/dev/null`, …), `/dev/iommu`, `/dev/vfio/devices/vfioN`, `/dev/vfio/N`, `/dev/vfio/vfio`, files on tmpfs, and the paths of declared file kinds. `/dev/liveupdate` can be open only once (EBUSY), and fails with EIO if the incoming sessions could not be rebuilt.',
        'sys_open',
    ),
    code(
        'execve',
        [],
        SYSCALL,
        '`execve(2)` of the program itself, as an agent does after its own update: descriptors with `FD_CLOEXEC` are closed; all descriptors of LUO have this flag. Variables keep their values, so descriptors in them are stale.',
        'sys_execve',
    ),
    fn('has_delayed_fput', [], { result: BOOL }, 'Whether files wait to be released.', ({ running }) =>
        hasDelayedFput(running),
    ),
    fn(
        'next_delayed_fput',
        [],
        { result: objectOf('file') },
        'Removes and returns the next file that waits to be released. task_work_run() processes all waiting files, the newest first; files that are added meanwhile are processed in the next round.',
        ({ running }) => nextDelayedFput(running),
    ),
    fn('release_file', [FILE], {}, "The kernel's own work when a file is released.", (host: Host, [file]) => {
        const released = fileArg(file);
        const mount = mountEndedBy(released);
        if (mount) {
            host.tell((l) => l.mountEnds?.(mount));
        }
        return nothing(releaseFile(host.running, released));
    }),
    fn(
        'discard_file',
        [FILE],
        {},
        'Frees a file whose open() failed; its release() does not run.',
        ({ running }, [file]) => nothing(discardFile(running, fileArg(file))),
    ),
    fn('close_all_files', [], {}, 'Closes every descriptor of the current process.', (host: Host) =>
        closedBy(host, exitProcess(host.running, host.process)),
    ),
    fn('close_on_exec', [], {}, 'Closes the descriptors of the current process that have `FD_CLOEXEC`.', (host: Host) =>
        closedBy(host, closeOnExec(host.running, host.process)),
    ),
    fn(
        'device_kind',
        [param('path', STRING)],
        { result: KIND },
        'The file kind at a device path; `none` for other paths.',
        (host: Host, [path]) => {
            const at = devicePath(host.process, asString(path, 'the path'));
            return deviceKindAt(host.running, at) ?? host.declarations.fileKindAt(at)?.name.name ?? null;
        },
    ),
    fn(
        'open_device',
        [param('kind', KIND), param('path', STRING)],
        { result: objectOf('file') },
        'Creates a file of this kind, before its open() runs.',
        (host: Host, [kind, path]) =>
            openDevice(host, asString(kind, 'the kind'), devicePath(host.process, asString(path, 'the path'))),
    ),
];
