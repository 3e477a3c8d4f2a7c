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

/** Whether a handler has an optional callback; one that is to fail takes the place of one that is not there. */
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
    .field('name', STRING, 'As it is declared.', (handler) => handler.name)
    .field('compatible', STRING, 'What identifies its data to the next kernel.', (handler) => handler.compatible)
    .field('flbs', listOf(objectOf('luo_flb')), 'Its FLBs in order of registration.', (handler, context) =>
        context.list(handler.flbs),
    )
    .add(
        callback('can_preserve', FILE, { result: BOOL, fails: false }, 'Whether the handler takes this file.'),
        callback('get_id', FILE, { result: ANY }, 'What makes two files the same resource.'),
        callback('preserve', ARGS, { result: INT }, 'Prepares the file for the kexec.'),
        callback('unpreserve', ARGS, { fails: false }, 'Takes that back.'),
        callback('freeze', ARGS, {}, 'The last chance, inside the reboot system call.'),
        callback('unfreeze', ARGS, { fails: false }, 'The reboot failed after all.'),
        callback('retrieve', ARGS, {}, 'Makes the file again in the next kernel.'),
        callback('can_finish', ARGS, { result: BOOL, fails: false }, 'Whether the session may be finished now.'),
        callback('finish', ARGS, { fails: false }, 'Nothing of the handover is needed any more.'),
    )
    .field('has_freeze', BOOL, 'It has the optional callback freeze, or a failure is injected into it.', has('freeze'))
    .field('has_unfreeze', BOOL, 'It has the optional callback unfreeze.', (handler, host: Host) =>
        hasCallback(host, handler, 'unfreeze'),
    )
    .field(
        'has_can_finish',
        BOOL,
        'It has the optional callback can_finish, or a failure is injected into it.',
        has('can_finish'),
    )
    .field('has_get_id', BOOL, 'It has the optional callback get_id, or a failure is injected into it.', has('get_id'));

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
        'The file: given to preserve, unpreserve, freeze, unfreeze and finish, set by retrieve.',
        fileOrNone,
    )
    .journaled(
        'serialized_data',
        'serializedData',
        INT,
        'The handle that crosses the kexec: set by preserve, may be changed by freeze.',
        asInt,
    )
    .journaled(
        'private_data',
        'privateData',
        ANY,
        'From preserve to unpreserve, freeze and unfreeze of the same kernel.',
        (value: Value) => value,
    )
    .field(
        'retrieve_status',
        INT,
        'For can_finish and finish: 0 never retrieved, 1 retrieved, else −errno.',
        (args) => args.retrieveStatus,
    )
    .field('session', objectOf('luo_session'), 'The session that the file is in.', (args) => args.session)
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
            'liveupdate_get_file_incoming(): a reference to another file of the same session, in retrieve; it is retrieved where it was not yet. ENOENT, what its handler gives; EOPNOTSUPP in kernels without the layer `lookup`.',
            'luo_file_of',
        ),
    );
