/** FLBs: state that exists while a file needs it (kernel/liveupdate/luo_flb.c). */
import { FlbArgs, LuoFlb } from '../../../kernel/luo/state';
import { ANY, BOOL, INT, objectOf, STRING, type Value } from '../../../language/types';
import { asBool, asInt, asNumber } from '../../../language/values';
import type { Host } from '../../host/host';
import { callback, code, nothing, param, RecordMembers } from '../define';

const ARGS = [param('args', objectOf('flb_args'))];

/** For properties with any value that an FLB has stored. */
const anything = (value: Value): Value => value;

const outgoing = (flb: LuoFlb): LuoFlb['outgoing'] => flb.outgoing;
const incoming = (flb: LuoFlb): LuoFlb['incoming'] => flb.incoming;

/** Drops a reference. Reports one that was never taken. */
function put(host: Host, flb: LuoFlb, side: 'outgoing' | 'incoming'): boolean {
    if (flb[side].count === 0) {
        host.tell((l) => l.flbUnderflow?.(flb, side));
    }
    return flb[side].put(host.running);
}

export const luoFlb = new RecordMembers(
    LuoFlb,
    'luo_flb',
    'State that several files share, and that exists while at least one of them is preserved (`struct liveupdate_flb`).',
)
    .field('name', STRING, 'Its declared name.', (flb) => flb.name)
    .field(
        'compatible',
        STRING,
        'The compatible string, which identifies its data to the next kernel.',
        (flb) => flb.compatible,
    )
    .field(
        'out_mutex',
        objectOf('lock'),
        'The lock held during preserve() and unpreserve().',
        (flb) => flb.outgoing.mutex,
    )
    .field('in_mutex', objectOf('lock'), 'The lock held during retrieve() and finish().', (flb) => flb.incoming.mutex)
    .field(
        'out_count',
        INT,
        'The number of references to the state that this kernel preserves.',
        (flb) => flb.outgoing.count,
    )
    .journaledIn(outgoing, 'out_data', 'data', INT, 'The handle that is passed to the next kernel.', asInt)
    .journaledIn(outgoing, 'out_obj', 'obj', ANY, 'The object that preserve() created.', anything)
    .field(
        'in_count',
        INT,
        'The number of references to the state from the previous kernel.',
        (flb) => flb.incoming.count,
        (flb, count) => flb.incoming.setCount(asNumber(count, 'in_count')),
    )
    .journaledIn(incoming, 'in_data', 'data', INT, 'The handle from the previous kernel.', asInt)
    .journaledIn(incoming, 'in_obj', 'obj', ANY, 'The object that retrieve() created.', anything)
    .field('retrieved', BOOL, 'Whether retrieve() has succeeded.', (flb) => flb.incoming.retrieveStatus > 0)
    .journaledIn(
        incoming,
        'retrieve_status',
        'retrieveStatus',
        INT,
        '0: not tried, 1: retrieved, otherwise −errno.',
        asNumber,
    )
    .journaledIn(incoming, 'finished', 'finished', BOOL, 'Whether finish() has run.', asBool)
    .method(
        'args',
        [],
        { result: objectOf('flb_args') },
        'New arguments for preserve or unpreserve.',
        (flb, _args, { machine }) => new FlbArgs(machine.journal, flb, flb.outgoing),
    )
    .method(
        'incoming_args',
        [],
        { result: objectOf('flb_args') },
        'New arguments for retrieve or finish.',
        (flb, _args, { machine }) => new FlbArgs(machine.journal, flb, flb.incoming),
    )
    .method('out_get', [], {}, 'refcount_inc', (flb, _args, { running }) => nothing(flb.outgoing.get(running)))
    .method('out_put', [], { result: BOOL }, 'refcount_dec_and_test', (flb, _args, host: Host) =>
        put(host, flb, 'outgoing'),
    )
    .method('in_get', [], {}, 'refcount_inc', (flb, _args, { running }) => nothing(flb.incoming.get(running)))
    .method('in_put', [], { result: BOOL }, 'refcount_dec_and_test', (flb, _args, host: Host) =>
        put(host, flb, 'incoming'),
    )
    .add(
        callback('preserve', ARGS, { result: INT }, 'Called when the first file that uses it is preserved.'),
        callback('unpreserve', ARGS, { fails: false }, 'Called when the last such file is unpreserved.'),
        callback('freeze', ARGS, {}, 'Called inside the reboot, by kernels before the merge (`luo-v4`) only.'),
        callback('retrieve', ARGS, {}, 'Called in the next kernel when the object is first requested.'),
        callback('finish', ARGS, { fails: false }, 'Called when the last file that used it is finished.'),
        code(
            'get_incoming',
            [],
            {},
            'liveupdate_flb_get_incoming(): takes a reference to the object from the previous kernel, which is then in `in_obj`. The first call loads data and count and calls retrieve(). ENODATA, ENOENT, or the error of retrieve().',
            'flb_get_incoming',
        ),
        code('put_incoming', [], {}, 'liveupdate_flb_put_incoming()', 'flb_put_incoming'),
        code(
            'get_outgoing',
            [],
            {},
            'liveupdate_flb_get_outgoing(): takes a reference to the object in `out_obj`. ENOENT while no file that uses the FLB is preserved.',
            'flb_get_outgoing',
        ),
        code('put_outgoing', [], {}, 'liveupdate_flb_put_outgoing()', 'flb_put_outgoing'),
    );

export const flbArgs = new RecordMembers(
    FlbArgs,
    'flb_args',
    "The arguments of an FLB's callback (`struct liveupdate_flb_op_args`).",
)
    .field('flb', objectOf('luo_flb'), 'The FLB.', (args) => args.flb)
    .journaled(
        'data',
        'data',
        INT,
        'The handle that is passed to the next kernel: set by preserve, passed to the other callbacks.',
        asInt,
    )
    .journaled(
        'obj',
        'obj',
        ANY,
        'The live object: set by preserve and retrieve, passed to unpreserve and finish.',
        anything,
    );
