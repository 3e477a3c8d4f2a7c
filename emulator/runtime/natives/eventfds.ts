/** Eventfds for processes, and natives for their handler. */
import {
    areEventfdFlags,
    EFD_CLOEXEC,
    EFD_NONBLOCK,
    EFD_SEMAPHORE,
    EventCounter,
    makeEventfd,
} from '../../kernel/fs/eventfd';
import { OpenFile } from '../../kernel/fs/file';
import { sysEventfd } from '../../kernel/fs/syscalls/create';
import { sysRead, sysWrite } from '../../kernel/fs/syscalls/rw';
import { err, Err } from '../../kernel/release/errno';
import { FD, INT, objectOf } from '../../language/types';
import { asInt } from '../../language/values';
import { Bytes } from '../../machine/bytes';
import { intOf } from '../../machine/int';
import { flagsArg } from './arguments';
import { constant, fdMethod, fn, Members, param, SYSCALL } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';

export const eventCounter = new Members(
    EventCounter,
    'event_counter',
    'The counter of an eventfd, as used by its handler.',
)
    .field('count', INT, 'The count.', (counter) => intOf(counter.count))
    .field('flags', INT, 'The OR of `EFD_…`, as it was created.', (counter) => counter.flags);

/** Members of an open file for the handler of eventfds. */
export const eventfdOfFile = new Members(OpenFile, 'file', '').field(
    'eventfd',
    objectOf('event_counter'),
    'The counter behind an `eventfd`; `none` for other files.',
    ({ priv }) => (priv instanceof EventCounter ? priv : null),
);

export const eventfdConstants: readonly NativeGlobal[] = [
    constant('EFD_SEMAPHORE', EFD_SEMAPHORE, 'each read of the eventfd takes 1'),
    constant('EFD_NONBLOCK', EFD_NONBLOCK, 'reads and writes of the eventfd do not block'),
    constant('EFD_CLOEXEC', EFD_CLOEXEC, 'close the descriptor of the eventfd on exec'),
];

export const eventfdFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'eventfd',
        [param('count', INT, 0), param('flags', INT, 0)],
        { ...SYSCALL, result: FD },
        '`eventfd(2)`: a descriptor with a count of 64 bits. `flags`: the OR of `EFD_…`. Where it would block, it fails with `EAGAIN`. `EINVAL`, `EMFILE`.',
        ({ running, process }, [count, flags]) =>
            sysEventfd(running, process, flagsArg(count, 'the count'), flagsArg(flags, 'the flags')),
    ),
    fn(
        'eventfd_create',
        [param('count', INT), param('flags', INT)],
        { fails: true, result: objectOf('file') },
        'Creates an eventfd without a descriptor, with the lower 32 bits of the count. `EINVAL`, `EMFILE`.',
        ({ running, process }, [count, flags]) => {
            const all = flagsArg(flags, 'the flags');
            if (!areEventfdFlags(all)) {
                return err('EINVAL');
            }
            const fd = process.fds.unused(process.nofile);
            return fd instanceof Err ? fd : makeEventfd(running, asInt(count, 'the count'), all);
        },
    ),
];

export const eventfdMethods: readonly NativeFunction<NativeContext>[] = [
    fdMethod(
        'eventfd_read',
        [],
        { ...SYSCALL, result: INT },
        '`eventfd_read(3)`: `read(2)` of 8 bytes as a number. Takes the count of an eventfd, or 1 of it with `EFD_SEMAPHORE`; `EAGAIN` if it is 0.',
        ({ running, process }, fd) => {
            const data = sysRead(running, process, fd, 8);
            if (data instanceof Err) {
                return data;
            }
            return data.length < 8 ? err('EIO') : intOf(viewOf(data.toUint8Array()).getBigUint64(0, true));
        },
    ),
    fdMethod(
        'eventfd_write',
        [param('value', INT)],
        SYSCALL,
        '`eventfd_write(3)`: `write(2)` of a number as 8 bytes. An eventfd adds it to its count; `EAGAIN` if that overflows.',
        ({ running, process }, fd, [value]) => {
            const bytes = new Uint8Array(8);
            viewOf(bytes).setBigUint64(0, BigInt.asUintN(64, BigInt(asInt(value, 'the value'))), true);
            const written = sysWrite(running, process, fd, Bytes.of(bytes));
            return written instanceof Err ? written : undefined;
        },
    ),
];

function viewOf(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
