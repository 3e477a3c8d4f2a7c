/** FLBs, state that lives as long as a file that needs it (kernel/liveupdate/luo_flb.c). */
import { FlbArgs, LuoFlb } from '../../../kernel/luo/state';
import { ANY, BOOL, INT, objectOf, STRING, type Value } from '../../../language/types';
import { asBool, asInt, asNumber } from '../../../language/values';
import type { Host } from '../../host/host';
import { callback, code, nothing, param, RecordMembers } from '../define';

const ARGS = [param('args', objectOf('flb_args'))];

/** For properties that hold whatever an FLB has left there. */
const anything = (value: Value): Value => value;

const outgoing = (flb: LuoFlb): LuoFlb['outgoing'] => flb.outgoing;
const incoming = (flb: LuoFlb): LuoFlb['incoming'] => flb.incoming;

/** A reference less. One that was never taken is told. */
function put(host: Host, flb: LuoFlb, side: 'outgoing' | 'incoming'): boolean {
    if (flb[side].count === 0) {
        host.tell((l) => l.flbUnderflow?.(flb, side));
    }
    return flb[side].put(host.running);
}

export const luoFlb = new RecordMembers(
    LuoFlb,
    'luo_flb',
    'State that several files share and that lives as long as one of them is preserved (`struct liveupdate_flb`).',
)
    .field('name', STRING, 'As it is declared.', (flb) => flb.name)
    .field('compatible', STRING, 'What identifies its data to the next kernel.', (flb) => flb.compatible)
    .field('out_mutex', objectOf('lock'), 'Held around preserve() and unpreserve().', (flb) => flb.outgoing.mutex)
    .field('in_mutex', objectOf('lock'), 'Held around retrieve() and finish().', (flb) => flb.incoming.mutex)
    .field('out_count', INT, 'References to what this kernel preserves.', (flb) => flb.outgoing.count)
    .journaledIn(outgoing, 'out_data', 'data', INT, 'The handle that crosses the kexec.', asInt)
    .journaledIn(outgoing, 'out_obj', 'obj', ANY, 'The object that preserve() made.', anything)
    .field(
        'in_count',
        INT,
        'References to what came from the previous kernel.',
        (flb) => flb.incoming.count,
        (flb, count) => flb.incoming.setCount(asNumber(count, 'in_count')),
    )
    .journaledIn(incoming, 'in_data', 'data', INT, 'The handle that came from the previous kernel.', asInt)
    .journaledIn(incoming, 'in_obj', 'obj', ANY, 'The object that retrieve() made.', anything)
    .field('retrieved', BOOL, 'retrieve() has succeeded.', (flb) => flb.incoming.retrieveStatus > 0)
    .journaledIn(incoming, 'retrieve_status', 'retrieveStatus', INT, '0 not tried, 1 retrieved, else −errno.', asNumber)
    .journaledIn(incoming, 'finished', 'finished', BOOL, 'finish() has run.', asBool)
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
        callback('retrieve', ARGS, {}, 'Called in the next kernel when the object is first asked for.'),
        callback('finish', ARGS, { fails: false }, 'Called when the last file that used it is finished.'),
        code(
            'get_incoming',
            [],
            {},
            'liveupdate_flb_get_incoming(): a reference to the object from the previous kernel, which is then in `in_obj`. The first call loads data and count and calls retrieve(). ENODATA, ENOENT, or what retrieve() gave.',
            'flb_get_incoming',
        ),
        code('put_incoming', [], {}, 'liveupdate_flb_put_incoming()', 'flb_put_incoming'),
        code(
            'get_outgoing',
            [],
            {},
            'liveupdate_flb_get_outgoing(): a reference to the object in `out_obj`. ENOENT while no file that uses it is preserved.',
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
    .journaled('data', 'data', INT, 'The handle that crosses the kexec: set by preserve, given to the others.', asInt)
    .journaled(
        'obj',
        'obj',
        ANY,
        'The live object: set by preserve and retrieve, given to unpreserve and finish.',
        anything,
    );
