/** Natives for the handler of connected sockets. */
import { OpenFile } from '../../kernel/fs/file';
import {
    fillSocket,
    makeOtherEnd,
    makeSocketEnd,
    peekSocket,
    SOCKET_CAPACITY,
    SocketEnd,
    SocketPair,
} from '../../kernel/fs/socket';
import { BOOL, INT, objectOf, SIZE } from '../../language/types';
import { fileArg, flagsArg } from './arguments';
import { constant, fn, Members, param } from './define';
import type { NativeContext, NativeFunction, NativeGlobal } from './native';
import { withQueuedBytes } from './queued-bytes';

export const socketPairObject = new Members(SocketPair, 'socket_pair', 'Two connected sockets.').field(
    'both',
    BOOL,
    'Whether both ends are open.',
    ({ sides }) => sides.every((s) => s.open),
);

export const socketEndObject = withQueuedBytes(
    new Members(SocketEnd, 'socket_end', 'A connected socket, as used by its handler.')
        .field('pair', objectOf('socket_pair'), 'The pair that it is an end of.', (end) => end.pair)
        .field(
            'length',
            SIZE,
            'The number of bytes that were sent to it and not read yet.',
            (end) => end.here.received.length,
        ),
    peekSocket,
    fillSocket,
);

/** Members of an open file for the handler of sockets. */
export const socketOfFile = new Members(OpenFile, 'file', '').field(
    'socket',
    objectOf('socket_end'),
    'The end of a pair that a connected `socket` is; `none` for other files.',
    ({ priv }) => (priv instanceof SocketEnd ? priv : null),
);

export const socketConstants: readonly NativeGlobal[] = [
    constant('SOCKET_CAPACITY', SOCKET_CAPACITY, 'the bytes that can be on their way to a socket'),
];

export const socketFunctions: readonly NativeFunction<NativeContext>[] = [
    fn(
        'socket_create',
        [param('flags', INT)],
        { result: objectOf('file') },
        'Creates one end of a pair of sockets, without a descriptor; the other end is closed.',
        ({ running }, [flags]) => makeSocketEnd(running, flagsArg(flags, 'the flags')),
    ),
    fn(
        'socket_connect',
        [param('first', objectOf('file')), param('flags', INT)],
        { result: objectOf('file'), fails: true },
        'Creates the other end of a pair. `EISCONN` if it is open, `EINVAL` for other files.',
        ({ running }, [first, flags]) => makeOtherEnd(running, fileArg(first), flagsArg(flags, 'the flags')),
    ),
];
