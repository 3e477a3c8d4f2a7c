/** The ioctls of LUO, and their arguments for std/luo.lus (include/uapi/linux/liveupdate.h). */
import { LuoRequest, RAW_BUFFER, type Reply } from '../../../kernel/luo/request';
import { LuoSession } from '../../../kernel/luo/state';
import { err, type Err } from '../../../kernel/release/errno';
import { IOCTLS_EARLY_7_2, type IoctlTable, NO_IOCTLS, withSessionFreeze } from '../../../kernel/release/luo-ioctls';
import { hasSeries } from '../../../kernel/release/layers';
import type { NativeParam } from '../../../language/natives';
import { REPLY_PARAM } from '../../../language/reply';
import { ANY, BOOL, BYTES, FD, INT, listOf, objectOf, STRING, type Type, type Value } from '../../../language/types';
import { asInt, asNumber, asString, isInt, text } from '../../../language/values';
import { Bytes } from '../../../machine/bytes';
import { costId } from '../../../machine/costs';
import type { Host } from '../../host/host';
import type { SystemCall } from '../../purpose';
import { delayInKernel } from '../../scheduler';
import { expect } from '../arguments';
import { code, fn, Members, param, SYSCALL } from '../define';
import type { NativeContext, NativeFunction } from '../native';

const IOCTL = costId('ioctl');
/** The time of a stalled reply, in nanoseconds. */
const STALL = 1e9;

const READONLY = param(REPLY_PARAM, BOOL, false);

/** The effect of the parameter. */
function replyFrom(v: Value): Reply {
    return v === true ? 'faults' : v === 'stalled' ? 'stalls' : 'goes through';
}

/** The ioctls of the running kernel. */
export function ioctlsOf({ running }: NativeContext): IoctlTable {
    const { luo, flaws, layers } = running.desc;
    const table = flaws.has('luo_get_name_argument') ? IOCTLS_EARLY_7_2 : (luo?.ioctls ?? NO_IOCTLS);
    return layers.size > 0 && hasSeries(layers, 'session_freeze') ? withSessionFreeze(table) : table;
}

/** Copies the structure back to user space; a stalled reply keeps the caller in the kernel in the meantime. */
function reply(host: Host, request: LuoRequest): undefined | Err {
    const result = request.reply() ?? (host.injections.hit('copy_to_user', host.boot) ? err('EFAULT') : undefined);
    if (request.stalls) {
        delayInKernel(host.interpreter, STALL);
    }
    if (result) {
        host.tell((l) => l.replyFailed?.(request));
    }
    return result;
}

export const luoRequest = new Members(
    LuoRequest,
    'luo_request',
    'An ioctl of LUO, with its checked and copied arguments.',
)
    .field('nr', INT, 'The number of the ioctl.', (request) => request.nr)
    .field('command', STRING, 'Its name.', (request) => request.command)
    .field('name', STRING, "The session's name, up to the first NUL.", (request) => request.name)
    .field('name_bytes', BYTES, 'The name as 64 bytes.', (request) => Bytes.of(request.nameBytes))
    .field('arg_fd', FD, 'The descriptor to preserve.', (request) => request.argFd)
    .field('token', INT, 'The token.', (request) => request.token)
    .field('reserved', INT, 'The reserved word.', (request) => request.reserved)
    .field('session', objectOf('luo_session'), 'The session of the descriptor.', (request) => request.session)
    .method(
        'reply',
        [],
        { fails: true },
        'Copies the structure back to user space. EFAULT.',
        (request, _args, host: Host) => reply(host, request),
    )
    .method(
        'reply_fd',
        [param('fd', FD)],
        { fails: true },
        'Copies the structure, with this descriptor, back to user space. EFAULT.',
        (request, _args, host: Host) => reply(host, request),
    )
    .method(
        'reply_name',
        [param('name', STRING)],
        { fails: true },
        'Copies the structure, with this name, back to user space. EFAULT.',
        (request, _args, host: Host) => reply(host, request),
    );

export const requestFunctions: readonly NativeFunction[] = [
    code(
        'liveupdate_fd_data_query',
        [param('compatible', STRING), param('index', INT)],
        { result: listOf(ANY), fails: true },
        'Only in the series v4: what the previous kernel handed over for a handler, as a list of the name of the session, the token and the data; files are counted from 0. For drivers that come up before user space retrieves the files. ENOENT (no such file), EOPNOTSUPP in every release.',
        'luo_fd_data_query',
    ),
    fn(
        'luo_request',
        [param('fd', FD), param('nr', INT), param('name', STRING), param('arg_fd', FD), param('token', INT), READONLY],
        { result: objectOf('luo_request'), fails: true },
        'The checks at the start of every ioctl of LUO.',
        (context, [fd, nr, name, argFd, token, readonlyReply]) => {
            context.machine.clock.charge(IOCTL);
            return LuoRequest.make(context.process, ioctlsOf(context), {
                fd: asNumber(fd, 'fd'),
                nr: asNumber(nr, 'nr'),
                name: asString(name, 'name'),
                argFd: asNumber(argFd, 'a descriptor'),
                token: asInt(token, 'token'),
                reply: replyFrom(readonlyReply),
            });
        },
    ),
    fn(
        'luo_request_raw',
        [param('fd', FD), param('nr', INT), param('size', INT), param('data', BYTES), READONLY],
        { result: objectOf('luo_request'), fails: true },
        'The same checks for an ioctl with a user-defined buffer.',
        (context, [fd, nr, size, data, readonlyReply]) => {
            context.machine.clock.charge(IOCTL);
            return LuoRequest.raw(
                context.process,
                ioctlsOf(context),
                asNumber(fd, 'fd'),
                asNumber(nr, 'nr'),
                asNumber(size, 'size'),
                expect(Bytes, data, 'bytes').slice(0, RAW_BUFFER).toUint8Array(),
                replyFrom(readonlyReply),
            );
        },
    ),
];

type Told = NonNullable<NativeFunction<NativeContext>['told']>;

/** The session of a descriptor. */
function sessionAt({ process }: NativeContext, fd: Value): LuoSession | null {
    const priv = typeof fd === 'number' ? process.fds.get(fd)?.priv : undefined;
    return priv instanceof LuoSession ? priv : null;
}

/** The event for a call on the device that names a session. */
function naming(kind: 'create_session' | 'retrieve_session'): Told {
    return (_context, [, name]) => ({ kind, session: text(name) });
}

/** The event for a call on a session about one of its files. */
function onFile(kind: 'preserve_fd' | 'retrieve_fd', context: NativeContext, fd: Value, token: Value): SystemCall {
    return { kind, session: isInt(token) ? sessionAt(context, fd) : null, token: isInt(token) ? token : 0 };
}

/** An ioctl as a method of a descriptor. */
function ioctl(
    name: string,
    params: readonly NativeParam[],
    options: { readonly result?: Type; readonly told?: Told },
    doc: string,
): NativeFunction {
    return code(name, [...params, READONLY], { ...SYSCALL, ...options }, doc, `sys_${name}`);
}

export const luoSyscalls: readonly NativeFunction[] = [
    ioctl(
        'create_session',
        [param('name', STRING)],
        { result: FD, told: naming('create_session') },
        'LIVEUPDATE_IOCTL_CREATE_SESSION on `/dev/liveupdate`: creates a session, which exists while it has an open descriptor. EMFILE, EINVAL, ENOSPC, ENOMEM, EEXIST, EFAULT.',
    ),
    ioctl(
        'retrieve_session',
        [param('name', STRING)],
        { result: FD, told: naming('retrieve_session') },
        'LIVEUPDATE_IOCTL_RETRIEVE_SESSION on `/dev/liveupdate`: retrieves a session of the previous kernel. EMFILE, ENOENT, EINVAL (retrieved already), EFAULT.',
    ),
    ioctl(
        'preserve_fd',
        [param('fd', FD), param('token', INT)],
        { told: (context, [fd, , token]) => onFile('preserve_fd', context, fd, token) },
        'LIVEUPDATE_SESSION_PRESERVE_FD on a session: preserves a file. EEXIST (the token), ENOSPC, ENOMEM, EBADF, ENOENT (no handler), EBUSY (preserved already), the error of an FLB or the handler, EFAULT.',
    ),
    ioctl(
        'retrieve_fd',
        [param('token', INT)],
        { result: FD, told: (context, [fd, token]) => onFile('retrieve_fd', context, fd, token) },
        'LIVEUPDATE_SESSION_RETRIEVE_FD on a retrieved session: retrieves a file. EMFILE, ENOENT, the error of the first attempt, the error of the handler, EFAULT.',
    ),
    ioctl(
        'finish',
        [],
        { told: (context, [fd]) => ({ kind: 'finish', session: sessionAt(context, fd) }) },
        'LIVEUPDATE_SESSION_FINISH on a retrieved session: finishes it. Files that were not retrieved are discarded. EBUSY if a handler refuses in can_finish.',
    ),
    ioctl(
        'set_event',
        [param('event', INT)],
        {},
        'LIVEUPDATE_IOCTL_SET_EVENT on `/dev/liveupdate` or LIVEUPDATE_SESSION_SET_EVENT on a session, in the interface before the merge (kernel `luo-v4`): LIVEUPDATE_PREPARE, LIVEUPDATE_FREEZE, LIVEUPDATE_FINISH, LIVEUPDATE_CANCEL. EINVAL or EBUSY in the wrong state, and in every other kernel.',
    ),
    ioctl(
        'get_state',
        [],
        { result: INT },
        'The state of LUO or of a session in the interface before the merge (kernel `luo-v4`): LIVEUPDATE_STATE_NORMAL and so on. EINVAL in every other kernel.',
    ),
    ioctl(
        'unpreserve_fd',
        [param('token', INT)],
        {},
        'LIVEUPDATE_SESSION_UNPRESERVE_FD, in the interface before the merge (kernel `luo-v4`). EINVAL in every other kernel.',
    ),
    ioctl(
        'freeze',
        [],
        {},
        'SESSION_FREEZE on an outgoing session, with the layer `session_freeze`: calls freeze of all its files; the reboot then skips the session. EBUSY (frozen already), the error of a handler, EFAULT; EINVAL in kernels without the layer.',
    ),
    ioctl('get_name', [], { result: STRING }, 'LIVEUPDATE_SESSION_GET_NAME on a session: its name.'),
    ioctl(
        'ioctl',
        [param('nr', INT), param('size', INT), param('data', BYTES)],
        { result: INT },
        'An ioctl of type 0xBA by its number, with a 256-byte buffer that begins with `size` and `data`.',
    ),
];
