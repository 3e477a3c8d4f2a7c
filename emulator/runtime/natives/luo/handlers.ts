/** File handlers of LUO and their arguments (kernel/liveupdate/luo_file.c; include/linux/liveupdate.h). */
import { LuoArgs, LuoHandler } from '../../../kernel/luo/state';
import { ANY, BOOL, INT, listOf, objectOf, STRING, type Value } from '../../../language/types';
import { asInt } from '../../../language/values';
import { hasCallback } from '../../host/callbacks';
import type { Host } from '../../host/host';
import { fileOrNone } from '../arguments';
import { callback, code, Members, param, RecordMembers } from '../define';

const ARGS = [param('args', objectOf('luo_args'))];
const FILE = [param('file', objectOf('file'))];

/** Whether a handler has an optional callback; an injected failure counts as a callback. */
function has(name: 'freeze' | 'can_finish' | 'get_id') {
    return (handler: LuoHandler, host: Host): boolean =>
        hasCallback(host, handler, name) ||
        host.injections.items.some((i) => i.target === `${handler.name}.${name}` && i.boot === host.boot && i.left > 0);
}

export const luoHandler = new Members(
    LuoHandler,
    'luo_handler',
    'A registered file handler (`struct liveupdate_file_handler`).',
)
    .field('name', STRING, 'Its declared name.', (handler) => handler.name)
    .field(
        'compatible',
        STRING,
        'The compatible string, which identifies its data to the next kernel.',
        (handler) => handler.compatible,
    )
    .field('flbs', listOf(objectOf('luo_flb')), 'Its FLBs in order of registration.', (handler, context) =>
        context.list(handler.flbs),
    )
    .add(
        callback('can_preserve', FILE, { result: BOOL, fails: false }, 'Whether the handler can preserve this file.'),
        callback('get_id', FILE, { result: ANY }, 'The identity of the resource.'),
        callback('preserve', ARGS, { result: INT }, 'Prepares the file for the kexec.'),
        callback('unpreserve', ARGS, { fails: false }, 'Undoes preserve.'),
        callback('freeze', ARGS, {}, 'Last callback before the kexec, inside the reboot system call.'),
        callback('unfreeze', ARGS, { fails: false }, 'Undoes freeze: the reboot failed.'),
        callback('retrieve', ARGS, {}, 'Creates the file in the next kernel.'),
        callback('can_finish', ARGS, { result: BOOL, fails: false }, 'Whether the session can be finished now.'),
        callback('finish', ARGS, { fails: false }, 'Releases everything that belongs to the handover of this file.'),
    )
    .field(
        'has_freeze',
        BOOL,
        'Whether it has the optional callback freeze, or a failure is injected into it.',
        has('freeze'),
    )
    .field('has_unfreeze', BOOL, 'Whether it has the optional callback unfreeze.', (handler, host: Host) =>
        hasCallback(host, handler, 'unfreeze'),
    )
    .field(
        'has_can_finish',
        BOOL,
        'Whether it has the optional callback can_finish, or a failure is injected into it.',
        has('can_finish'),
    )
    .field(
        'has_get_id',
        BOOL,
        'Whether it has the optional callback get_id, or a failure is injected into it.',
        has('get_id'),
    );

export const luoArgs = new RecordMembers(
    LuoArgs,
    'luo_args',
    "The arguments of a file handler's callback (`struct liveupdate_file_op_args`).",
)
    .field('handler', objectOf('luo_handler'), 'The handler.', (args) => args.handler)
    .journaled(
        'file',
        'file',
        objectOf('file'),
        'The file: passed to preserve, unpreserve, freeze, unfreeze and finish; set by retrieve.',
        fileOrNone,
    )
    .journaled(
        'serialized_data',
        'serializedData',
        INT,
        'The handle that is passed to the next kernel: set by preserve; freeze may change it.',
        asInt,
    )
    .journaled(
        'private_data',
        'privateData',
        ANY,
        'A value that preserve passes to unpreserve, freeze and unfreeze of the same kernel.',
        (value: Value) => value,
    )
    .field(
        'retrieve_status',
        INT,
        'For can_finish and finish. 0: never retrieved, 1: retrieved, otherwise −errno.',
        (args) => args.retrieveStatus,
    )
    .field('session', objectOf('luo_session'), 'The session of the file.', (args) => args.session)
    .add(
        code(
            'token_of',
            FILE,
            { result: INT },
            'liveupdate_get_token_outgoing(): the token of another file of the same session, in preserve and freeze. ENOENT; EOPNOTSUPP in kernels without the layer `lookup`.',
            'luo_token_of',
        ),
        code(
            'file_of',
            [param('token', INT)],
            { result: objectOf('file') },
            'liveupdate_get_file_incoming(): takes a reference to another file of the same session, in retrieve; retrieves that file first if necessary. ENOENT, the error of its handler; EOPNOTSUPP in kernels without the layer `lookup`.',
            'luo_file_of',
        ),
    );
