/** LUO as a whole, and the blocks in which it hands its lists over (kernel/liveupdate/luo_core.c, kho_block.c). */
import { BlockIterator, BlockSet } from '../../../kernel/kho/blocks';
import { Luo } from '../../../kernel/luo/state';
import { Err } from '../../../kernel/release/errno';
import { ANY, BOOL, INT, listOf, objectOf, PHYS, type Value } from '../../../language/types';
import { asBool, asInt, asNumber } from '../../../language/values';
import { View } from '../../view';
import { done, global, Members, nothing, param, RecordMembers } from '../define';
import { layoutOf } from '../memory';
import type { NativeContext, NativeGlobal } from '../native';

export const luoObject = new RecordMembers(Luo, 'luo', 'The Live Update Orchestrator of the running kernel.')
    .field('enabled', BOOL, '`liveupdate=on`, and KHO is on.', (luo) => luo.enabled)
    .field(
        'serialize',
        objectOf('lock'),
        'The serialize lock: for reading by whatever is done to sessions, for writing by the reboot, which keeps it where it succeeds.',
        (luo) => luo.serialize,
    )
    .field('wanted', BOOL, '`liveupdate=on`.', (_luo, { running }) => running.liveupdateWanted)
    .journaled('device_in_use', 'deviceInUse', BOOL, '/dev/liveupdate is open.', asBool)
    .field(
        'was_deserialized',
        BOOL,
        'A first open has rebuilt the sessions, or failed to.',
        (luo) => luo.deserialized !== undefined,
    )
    .field(
        'deserialized',
        INT,
        'What that came to: 0 or −errno.',
        (luo) => luo.deserialized ?? 0,
        (luo, result, { machine }) => {
            machine.journal.edit(luo).deserialized = asNumber(result, 'deserialized');
        },
    )
    .field('outgoing', objectOf('luo_sessions'), 'Sessions created in this kernel.', (luo) => luo.outgoing)
    .field('incoming', objectOf('luo_sessions'), 'Sessions from the previous kernel.', (luo) => luo.incoming)
    .field('handlers', listOf(objectOf('luo_handler')), 'Registered handlers, in order.', (luo) => luo.handlers)
    .field('flbs', listOf(objectOf('luo_flb')), 'Registered FLBs, in order.', (luo) => luo.flbs)
    .journaled('state', 'state', INT, 'The state of all of LUO, in the interface before the merge.', asNumber)
    .journaled('incoming_num', 'incomingNum', INT, 'The number that the previous kernel handed over.', asInt)
    .field('ser', PHYS, 'The outgoing `struct luo_ser`.', (luo) => luo.ser)
    .field('flb_page', PHYS, 'The outgoing FLB page.', (luo) => luo.flbPage)
    .field(
        'incoming_flb_page',
        PHYS,
        'The FLB page of the previous kernel.',
        (luo) => luo.incomingFlbPage,
        (luo, page) => luo.setIncomingFlbPage(asNumber(page, 'incoming_flb_page')),
    )
    .method(
        'set_outgoing',
        [param('ser', PHYS), param('flbs', PHYS)],
        {},
        'Remembers the outgoing structures.',
        (luo, [ser, flbs]) => nothing(luo.setOutgoing(asNumber(ser, 'ser'), asNumber(flbs, 'flbs'))),
    )
    .method('disable', [], {}, 'LUO could not come up.', (luo) => nothing(luo.disable()))
    .method(
        'claim',
        [param('id', ANY)],
        { fails: true },
        'Enters a file into the map of preserved files: EBUSY where it is there.',
        (luo, [id]) => luo.claim(id),
    )
    .method('unclaim', [param('id', ANY)], {}, 'Takes a file out of the map of preserved files.', (luo, [id]) =>
        nothing(luo.unclaim(id)),
    );

export const luoGlobals: readonly NativeGlobal[] = [
    global(
        'luo',
        objectOf('luo'),
        'any',
        'The Live Update Orchestrator of the running kernel.',
        ({ running }) => running.luo,
    ),
];

export const blockSet = new Members(
    BlockSet,
    'block_set',
    'A chain of preserved pages with entries (`struct kho_block_set`).',
)
    .field('head', PHYS, 'The first block; 0 where there is none.', (set) => set.head)
    .field('length', INT, 'How many blocks there are.', (set) => set.blocks.length)
    .method(
        'grow',
        [param('count', INT)],
        { fails: true },
        'Makes room for `count` entries: ENOSPC, ENOMEM.',
        (set, [count]) => done(set.grow(asNumber(count, 'count'))),
    )
    .method(
        'shrink',
        [param('count', INT)],
        {},
        'Frees the last blocks that `count` entries do not need.',
        (set, [count]) => nothing(set.shrink(asNumber(count, 'count'))),
    )
    .method('iterator', [], { result: objectOf('block_iterator') }, 'A position in it, at the first slot.', (set) =>
        set.iterator(),
    )
    .method(
        'restore',
        [param('head', PHYS)],
        { fails: true },
        'Takes over a chain from the previous kernel: EINVAL where it is corrupt.',
        (set, [head]) => done(set.restore(asInt(head, 'head'))),
    )
    .method('clear', [], {}, 'Empties all blocks.', (set) => nothing(set.clear()))
    .method('destroy', [], {}, 'Frees all blocks.', (set) => nothing(set.destroy()));

function entry(layout: Value, { machine }: NativeContext, address: number): View {
    return new View(layoutOf(layout), machine.memory, address);
}

export const blockIterator = new Members(
    BlockIterator,
    'block_iterator',
    'A position in a block set (`struct kho_block_set_it`).',
)
    .method(
        'reserve',
        [param('type', ANY)],
        { resultOfArg: 0, fails: true },
        'The next slot to write to: ENOSPC behind the last.',
        (iterator, [layout], context) => {
            const address = iterator.reserve();
            return address instanceof Err ? address : entry(layout, context, address);
        },
    )
    .method(
        'read',
        [param('type', ANY)],
        { resultOfArg: 0 },
        'The next entry that is in use; `none` behind the last.',
        (iterator, [layout], context) => {
            const address = iterator.read();
            return address === undefined ? null : entry(layout, context, address);
        },
    );
