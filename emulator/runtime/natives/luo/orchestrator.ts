/** LUO as a whole, and the blocks of its lists in the handover (kernel/liveupdate/luo_core.c, kho_block.c). */
import { BlockIterator, BlockSet } from '../../../kernel/kho/blocks';
import { Luo } from '../../../kernel/luo/state';
import { Err } from '../../../kernel/release/errno';
import { ANY, BOOL, INT, listOf, objectOf, PHYS, type Value } from '../../../language/types';
import { asBool, asInt, asNumber } from '../../../language/values';
import type { Host } from '../../host/host';
import { View } from '../../view';
import { done, global, Members, nothing, param, RecordMembers } from '../define';
import { layoutOf } from '../memory';
import type { NativeContext, NativeGlobal } from '../native';

export const luoObject = new RecordMembers(Luo, 'luo', 'The Live Update Orchestrator of the running kernel.')
    .field('enabled', BOOL, 'Whether LUO is enabled: `liveupdate=on`, and KHO is on.', (luo) => luo.enabled)
    .field(
        'serialize',
        objectOf('lock'),
        'The serialize lock: session operations take it for reading, a reboot takes it for writing and keeps it if it succeeds.',
        (luo) => luo.serialize,
    )
    .field('wanted', BOOL, '`liveupdate=on`.', (_luo, { running }) => running.liveupdateWanted)
    .journaled('device_in_use', 'deviceInUse', BOOL, 'Whether /dev/liveupdate is open.', asBool)
    .field(
        'was_deserialized',
        BOOL,
        'Whether an open has tried to rebuild the incoming sessions.',
        (luo) => luo.deserialized !== undefined,
    )
    .field(
        'deserialized',
        INT,
        'The result of that: 0 or −errno.',
        (luo) => luo.deserialized ?? 0,
        (luo, result, { machine }) => {
            machine.journal.edit(luo).deserialized = asNumber(result, 'deserialized');
        },
    )
    .field('outgoing', objectOf('luo_sessions'), 'Sessions created in this kernel.', (luo) => luo.outgoing)
    .field('incoming', objectOf('luo_sessions'), 'Sessions from the previous kernel.', (luo) => luo.incoming)
    .field('handlers', listOf(objectOf('luo_handler')), 'Registered handlers, in order.', (luo) => luo.handlers)
    .field('flbs', listOf(objectOf('luo_flb')), 'Registered FLBs, in order.', (luo) => luo.flbs)
    .journaled('state', 'state', INT, 'The global state of LUO, in the interface before the merge.', asNumber)
    .journaled(
        'incoming_num',
        'incomingNum',
        INT,
        'The number of the live update that the previous kernel handed over.',
        asInt,
    )
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
        'Sets the outgoing structures.',
        (luo, [ser, flbs]) => nothing(luo.setOutgoing(asNumber(ser, 'ser'), asNumber(flbs, 'flbs'))),
    )
    .method('disable', [], {}, 'Disables LUO after a failed initialization.', (luo) => nothing(luo.disable()))
    .method(
        'claim',
        [param('id', ANY)],
        { fails: true },
        'Adds a file to the map of preserved files. EBUSY if it is in the map.',
        (luo, [id]) => luo.claim(id),
    )
    .method('unclaim', [param('id', ANY)], {}, 'Removes a file from the map of preserved files.', (luo, [id]) =>
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
    'A linked list of preserved pages with entries (`struct kho_block_set`).',
)
    .field('head', PHYS, 'The address of the first block; 0 if there is none.', (set) => set.head)
    .field('length', INT, 'The number of blocks.', (set) => set.blocks.length)
    .method(
        'grow',
        [param('count', INT)],
        { fails: true },
        'Grows the set to `count` entries. ENOSPC, ENOMEM.',
        (set, [count]) => done(set.grow(asNumber(count, 'count'))),
    )
    .method('shrink', [param('count', INT)], {}, 'Shrinks the set to `count` entries.', (set, [count]) =>
        nothing(set.shrink(asNumber(count, 'count'))),
    )
    .method('iterator', [], { result: objectOf('block_iterator') }, 'An iterator at the first slot.', (set) =>
        set.iterator(),
    )
    .method(
        'restore',
        [param('head', PHYS)],
        { fails: true },
        'Restores a set of the previous kernel. EINVAL if it is corrupt.',
        (set, [head]) => done(set.restore(asInt(head, 'head'))),
    )
    .method('clear', [], {}, 'Clears all blocks.', (set) => nothing(set.clear()))
    .method('destroy', [], {}, 'Frees all blocks.', (set) => nothing(set.destroy()));

function entry(layout: Value, { machine }: NativeContext, address: number): View {
    return new View(layoutOf(layout), machine.memory, address);
}

export const blockIterator = new Members(
    BlockIterator,
    'block_iterator',
    'An iterator over a block set (`struct kho_block_set_it`).',
)
    .method(
        'reserve',
        [param('type', ANY)],
        { resultOfArg: 0, fails: true },
        'The next slot to write. ENOSPC after the last.',
        (iterator, [layout], host: Host) => {
            const address = iterator.reserve();
            if (address instanceof Err) {
                return address;
            }
            const slot = entry(layout, host, address);
            host.tell((l) => l.viewed?.(slot.layout, address));
            return slot;
        },
    )
    .method(
        'read',
        [param('type', ANY)],
        { resultOfArg: 0 },
        'The next used entry; `none` after the last.',
        (iterator, [layout], context) => {
            const address = iterator.read();
            return address === undefined ? null : entry(layout, context, address);
        },
    );
