/** What the LUO core in std/luo.lus works on: sessions, files in them, handlers, FLBs, the requests of the ioctls. */
import { anonFile } from '../../../kernel/fs/anon';
import { Err, err } from '../../../kernel/release/errno';
import { O_RDWR } from '../../../kernel/fs/fcntl';
import { getFile, OpenFile } from '../../../kernel/fs/file';
import { BlockIterator, BlockSet } from '../../../kernel/kho/blocks';
import {
    Luo,
    LuoArgs,
    LuoFile,
    LuoFlb,
    LuoHandler,
    LuoSession,
    FlbArgs,
    type FlbSide,
    REFCOUNT_SATURATED,
    SessionList,
} from '../../../kernel/luo/state';
import type { IoctlTable } from '../../../kernel/release/luo-ioctls';
import { LuoRequest, type Reply } from '../../../kernel/luo/request';
import { FILE_SER_SIZE } from '../../../kernel/luo/abi';
import { Bytes } from '../../../machine/bytes';
import { costId } from '../../../machine/costs';
import { hasCallback } from '../../host/callbacks';
import { REPLY_PARAM } from '../../../language/reply';
import { stall } from '../../scheduler';
import { ANY, BOOL, FD, INT, listOf, objectOf, PHYS, STRING, type Value } from '../../../language/types';
import type { NativeField, NativeFunction } from '../native';
import { View } from '../../view';
import { layoutOf } from '../memory';
import { asBool, asInt, asNumber, asString } from '../../../language/values';
import type { Vm } from '../../interpreter';
import { callback, code, expect, fn, Members, nothing, param } from '../define';

/** Nanoseconds for which a stalled reply keeps the kernel waiting. */
const STALL = 1e9;

/** What the parameter means. */
function replyFrom(v: Value): Reply {
    return v === true ? 'faults' : v === 'stalled' ? 'stalls' : 'goes through';
}

const journal = (vm: Vm): Vm['machine']['journal'] => vm.machine.journal;

// ---------------------------------------------------------------- files and sessions

export const luoFile = new Members(LuoFile, 'luo_file', 'A file inside a session (`struct luo_file`).')
    .field('token', INT, 'The number under which userspace preserved it.', (f) => f.token)
    .field('handler', objectOf('luo_handler'), 'The handler that preserved it, or will retrieve it.', (f) => f.handler)
    .field('compatible', STRING, 'The compatible string of its handler.', (f) => f.handler.compatible)
    .field(
        'file',
        objectOf('file'),
        'The open file; `none` before it is retrieved.',
        (f) => f.file,
        (f, v, vm) => {
            journal(vm).edit(f).file = v === null ? null : expect(OpenFile, v, 'a file');
        },
    )
    .field(
        'serialized_data',
        INT,
        'The handle that crosses the kexec.',
        (f) => f.serializedData,
        (f, v, vm) => {
            journal(vm).edit(f).serializedData = asInt(v, 'serialized_data');
        },
    )
    .field(
        'private_data',
        ANY,
        'What preserve() keeps for unpreserve and freeze; stays in this kernel.',
        (f) => f.privateData as Value,
        (f, v, vm) => {
            journal(vm).edit(f).privateData = v;
        },
    )
    .field(
        'retrieve_status',
        INT,
        '0 never tried, 1 retrieved, else −errno.',
        (f) => f.retrieveStatus,
        (f, v, vm) => {
            journal(vm).edit(f).retrieveStatus = asNumber(v, 'retrieve_status');
        },
    )
    .field(
        'state',
        INT,
        'Its state, in the interface before the merge.',
        (f) => f.state,
        (f, v, vm) => {
            journal(vm).edit(f).state = asNumber(v, 'state');
        },
    )
    .field(
        'id',
        ANY,
        'Its key in the map of preserved files.',
        (f) => f.id as Value,
        (f, v, vm) => {
            journal(vm).edit(f).id = v;
        },
    )
    .method(
        'args',
        [],
        { result: objectOf('luo_args') },
        'New arguments for a callback of its handler.',
        (f, _a, vm) => new LuoArgs(journal(vm), f.handler, f, f.retrieveStatus),
    );

/** A list of files as seen by `.lus`: the newest is `last`. */
class FileList {
    constructor(readonly session: LuoSession) {}

    get length(): number {
        return this.session.files.length;
    }

    elementAt(index: number): Value {
        return this.session.files.at(index) ?? null;
    }

    display(): string {
        return `${this.length} files`;
    }

    sameAs(other: object): boolean {
        return other instanceof FileList && other.session === this.session;
    }
}

export const fileList = new Members(FileList, 'luo_files', 'The files of a session, oldest first.')
    .field('length', INT, 'How many there are.', (l) => l.length)
    .field('last', objectOf('luo_file'), 'The newest.', (l) => l.session.files.at(-1) ?? null)
    .method('push', [param('file', objectOf('luo_file'))], {}, 'Appends a file.', (l, [f]) =>
        nothing(l.session.files.push(expect(LuoFile, f, 'a luo_file'))),
    )
    .method('remove', [param('file', objectOf('luo_file'))], {}, 'Takes one away.', (l, [f]) => {
        l.session.files.remove(expect(LuoFile, f, 'a luo_file'));
        return undefined;
    })
    .method('pop', [], {}, 'Takes the newest away.', (l) => {
        l.session.files.pop();
        return undefined;
    })
    .method('clear', [], {}, 'Takes all away.', (l) => nothing(l.session.files.clear()));

export const luoSession = new Members(LuoSession, 'luo_session', 'A session (`struct luo_session`).')
    .field('name', STRING, 'Its name.', (s) => s.name)
    .field('incoming', BOOL, 'It came from the previous kernel.', (s) => s.incoming)
    .field(
        'retrieved',
        BOOL,
        'It is incoming and was retrieved.',
        (s) => s.retrieved,
        (s, v, vm) => {
            journal(vm).edit(s).retrieved = asBool(v, 'retrieved');
        },
    )
    .field(
        'finished',
        BOOL,
        'FINISH has succeeded.',
        (s) => s.finished,
        (s, v, vm) => {
            journal(vm).edit(s).finished = asBool(v, 'finished');
        },
    )
    .field(
        'file',
        objectOf('file'),
        'The file behind its descriptors.',
        (s) => s.file,
        (s, v, vm) => {
            journal(vm).edit(s).file = v === null ? null : expect(OpenFile, v, 'a file');
        },
    )
    .field('mutex', objectOf('lock'), 'Held by whoever works on its files.', (s) => s.mutex)
    .field('files', { k: 'list', of: objectOf('luo_file') }, 'Its files, oldest first.', (s) => new FileList(s))
    .field('count', INT, 'How many files it has.', (s) => s.files.length)
    .field('file_blocks', objectOf('block_set'), 'The blocks in which its files are handed over.', (s) => s.fileBlocks)
    .field(
        'area',
        PHYS,
        'Where its files are handed over, in releases that do not use blocks; 0: nowhere yet.',
        (s) => s.area,
        (s, v, vm) => {
            journal(vm).edit(s).area = asNumber(v, 'area');
        },
    )
    .field(
        'state',
        INT,
        'Its state, in the interface before the merge: LIVEUPDATE_STATE_NORMAL and so on.',
        (s) => s.state,
        (s, v, vm) => {
            journal(vm).edit(s).state = asNumber(v, 'state');
        },
    )
    .field(
        'cursor',
        INT,
        'Which file is being frozen, from 1.',
        (s) => s.cursor,
        (s, v, vm) => {
            journal(vm).edit(s).cursor = asNumber(v, 'cursor');
        },
    )
    .method('has_token', [param('token', INT)], { result: BOOL }, 'A file of the session has this token.', (s, [t]) =>
        s.files.items.some((f) => f.token === t),
    )
    .method(
        'find_token',
        [param('token', INT)],
        { result: objectOf('luo_file'), fails: true },
        'The first file with this token; ENOENT.',
        (s, [t]) => s.files.items.find((f) => f.token === t) ?? err('ENOENT'),
    )
    .method(
        'open_file',
        [],
        { result: objectOf('file'), fails: true },
        'The anonymous file `[luo_session] name`.',
        (s, _a, vm) => {
            const file = anonFile(vm.running, 'luo_session', `[luo_session] ${s.name}`, O_RDWR);
            journal(vm).edit(file).priv = s;
            journal(vm).edit(s).file = file;
            return file;
        },
    );

/** The `session` of an open file. */
export const sessionField: NativeField = {
    name: 'session',
    type: objectOf('luo_session'),
    doc: 'The session behind the file, for files of the kind luo_session; else `none`.',
    get: (_vm, o) => (o instanceof OpenFile && o.priv instanceof LuoSession ? o.priv : null),
};

export const sessionList = new Members(SessionList, 'luo_sessions', 'One of the two lists of sessions.')
    .field('length', INT, 'How many sessions are on it.', (l) => l.sessions.length)
    .field('sessions', listOf(objectOf('luo_session')), 'The sessions, oldest first.', (l) => l.sessions)
    .field(
        'lock',
        objectOf('lock'),
        'For reading by whoever looks a session up, for writing by whoever adds or removes one.',
        (l) => l.lock,
    )
    .field('blocks', objectOf('block_set'), 'The blocks in which they are handed over.', (l) => l.blocks)
    .field(
        'area',
        PHYS,
        'Where they are handed over, in releases that do not use blocks; 0: nowhere.',
        (l) => l.area,
        (l, v, vm) => {
            journal(vm).edit(l).area = asNumber(v, 'area');
        },
    )
    .method(
        'find',
        [param('name', STRING)],
        { result: objectOf('luo_session'), fails: true },
        'The session of this name; ENOENT.',
        (l, [n]) => l.find(asString(n, 'a name')) ?? err('ENOENT'),
    )
    .method(
        'insert',
        [param('session', objectOf('luo_session'))],
        { fails: true },
        'Appends a session; EEXIST where the name is taken.',
        (l, [v]) => {
            const s = expect(LuoSession, v, 'a session');
            if (l.find(s.name)) {
                return err('EEXIST');
            }
            l.sessions.push(s);
            return undefined;
        },
    )
    .method('remove', [param('session', objectOf('luo_session'))], {}, 'Takes a session off the list.', (l, [v]) => {
        l.sessions.remove(expect(LuoSession, v, 'a session'));
        return undefined;
    });

// ---------------------------------------------------------------- handlers

const HAS = ['freeze', 'unfreeze', 'can_finish', 'get_id'] as const;
const args = [param('args', objectOf('luo_args'))];

export const luoHandler = new Members(
    LuoHandler,
    'luo_handler',
    'A registered file handler (`struct liveupdate_file_handler`).',
)
    .field('name', STRING, 'As it is declared.', (h) => h.name)
    .field('compatible', STRING, 'What identifies its data to the next kernel.', (h) => h.compatible)
    .field('flbs', listOf(objectOf('luo_flb')), 'Its FLBs in order of registration.', (h, vm) => vm.list(h.flbs))
    .add(
        callback(
            'can_preserve',
            [param('file', objectOf('file'))],
            { result: BOOL, fails: false },
            'Whether the handler takes this file.',
        ),
        callback(
            'get_id',
            [param('file', objectOf('file'))],
            { result: ANY },
            'What makes two files the same resource.',
        ),
        callback('preserve', args, {}, 'Prepares the file for the kexec.'),
        callback('unpreserve', args, {}, 'Takes that back.'),
        callback('freeze', args, {}, 'The last chance, inside the reboot system call.'),
        callback('unfreeze', args, { fails: false }, 'The reboot failed after all.'),
        callback('retrieve', args, {}, 'Makes the file again in the next kernel.'),
        callback('can_finish', args, { result: BOOL, fails: false }, 'Whether the session may be finished now.'),
        callback('finish', args, {}, 'Nothing of the handover is needed any more.'),
    );
for (const name of HAS) {
    luoHandler.field(
        `has_${name}`,
        BOOL,
        `It has the optional callback ${name}, or a failure is injected into it.`,
        (h, vm) =>
            hasCallback(vm, h, name) ||
            vm.injections.items.some((i) => i.target === `${h.name}.${name}` && i.boot === vm.boot && i.left > 0),
    );
}

export const luoArgs = new Members(
    LuoArgs,
    'luo_args',
    "The arguments of a file handler's callback (`struct liveupdate_file_op_args`).",
)
    .field('handler', objectOf('luo_handler'), 'The handler.', (a) => a.handler)
    .field(
        'file',
        objectOf('file'),
        'The file: given to preserve, unpreserve, freeze, unfreeze and finish, set by retrieve.',
        (a) => a.file,
        (a, v, vm) => {
            journal(vm).edit(a).file = v === null ? null : expect(OpenFile, v, 'a file');
        },
    )
    .field(
        'serialized_data',
        INT,
        'The handle that crosses the kexec: set by preserve, may be changed by freeze.',
        (a) => a.serializedData,
        (a, v, vm) => {
            journal(vm).edit(a).serializedData = asInt(v, 'serialized_data');
        },
    )
    .field(
        'private_data',
        ANY,
        'From preserve to unpreserve, freeze and unfreeze of the same kernel.',
        (a) => a.privateData as Value,
        (a, v, vm) => {
            journal(vm).edit(a).privateData = v;
        },
    )
    .field(
        'retrieve_status',
        INT,
        'For can_finish and finish: 0 never retrieved, 1 retrieved, else −errno.',
        (a) => a.retrieveStatus,
    )
    .field('session', objectOf('luo_session'), 'The session that the file is in.', (a) => a.session)
    .add(
        code(
            'token_of',
            [param('file', objectOf('file'))],
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

// ---------------------------------------------------------------- FLBs

/** refcount_dec_and_test(): true at zero. One that is zero already underflows, warns once a boot, and is saturated from then on. */
function putRef(vm: Vm, side: FlbSide): boolean {
    if (side.count === 0 || side.count >= REFCOUNT_SATURATED) {
        if (side.count === 0) {
            journal(vm).edit(side).count = REFCOUNT_SATURATED;
        }
        vm.running.warnOnce('refcount', 'refcount_t: underflow; use-after-free.');
        return false;
    }
    journal(vm).edit(side).count = side.count - 1;
    return side.count === 0;
}

function getRef(vm: Vm, side: FlbSide): undefined {
    if (side.count < REFCOUNT_SATURATED) {
        journal(vm).edit(side).count = side.count + 1;
    }
    return undefined;
}

const flbArgsParam = [param('args', objectOf('flb_args'))];

export const luoFlb = new Members(
    LuoFlb,
    'luo_flb',
    'State that several files share and that lives as long as one of them is preserved (`struct liveupdate_flb`).',
)
    .field('name', STRING, 'As it is declared.', (f) => f.name)
    .field('compatible', STRING, 'What identifies its data to the next kernel.', (f) => f.compatible)
    .field('out_mutex', objectOf('lock'), 'Held around preserve() and unpreserve().', (f) => f.outgoing.mutex)
    .field('in_mutex', objectOf('lock'), 'Held around retrieve() and finish().', (f) => f.incoming.mutex)
    .field('out_count', INT, 'References to what this kernel preserves.', (f) => f.outgoing.count)
    .field(
        'out_data',
        INT,
        'The handle that crosses the kexec.',
        (f) => f.outgoing.data,
        (f, v, vm) => {
            journal(vm).edit(f.outgoing).data = asInt(v, 'data');
        },
    )
    .field(
        'out_obj',
        ANY,
        'The object that preserve() made.',
        (f) => f.outgoing.obj as Value,
        (f, v, vm) => {
            journal(vm).edit(f.outgoing).obj = v;
        },
    )
    .field(
        'in_count',
        INT,
        'References to what came from the previous kernel.',
        (f) => f.incoming.count,
        (f, v, vm) => {
            journal(vm).edit(f.incoming).count = asNumber(v, 'count');
        },
    )
    .field(
        'in_data',
        INT,
        'The handle that came from the previous kernel.',
        (f) => f.incoming.data,
        (f, v, vm) => {
            journal(vm).edit(f.incoming).data = asInt(v, 'data');
        },
    )
    .field(
        'in_obj',
        ANY,
        'The object that retrieve() made.',
        (f) => f.incoming.obj as Value,
        (f, v, vm) => {
            journal(vm).edit(f.incoming).obj = v;
        },
    )
    .field('retrieved', BOOL, 'retrieve() has succeeded.', (f) => f.incoming.retrieveStatus > 0)
    .field(
        'retrieve_status',
        INT,
        '0 not tried, 1 retrieved, else −errno.',
        (f) => f.incoming.retrieveStatus,
        (f, v, vm) => {
            journal(vm).edit(f.incoming).retrieveStatus = asNumber(v, 'retrieve_status');
        },
    )
    .field(
        'finished',
        BOOL,
        'finish() has run.',
        (f) => f.incoming.finished,
        (f, v, vm) => {
            journal(vm).edit(f.incoming).finished = asBool(v, 'finished');
        },
    )
    .method(
        'args',
        [],
        { result: objectOf('flb_args') },
        'New arguments for preserve or unpreserve.',
        (f, _a, vm) => new FlbArgs(journal(vm), f, f.outgoing),
    )
    .method(
        'incoming_args',
        [],
        { result: objectOf('flb_args') },
        'New arguments for retrieve or finish.',
        (f, _a, vm) => new FlbArgs(journal(vm), f, f.incoming),
    )
    .method('out_get', [], {}, 'refcount_inc', (f, _a, vm) => getRef(vm, f.outgoing))
    .method('out_put', [], { result: BOOL }, 'refcount_dec_and_test', (f, _a, vm) => putRef(vm, f.outgoing))
    .method('in_get', [], {}, 'refcount_inc', (f, _a, vm) => getRef(vm, f.incoming))
    .method('in_put', [], { result: BOOL }, 'refcount_dec_and_test', (f, _a, vm) => putRef(vm, f.incoming))
    .add(
        callback('preserve', flbArgsParam, {}, 'Called when the first file that uses it is preserved.'),
        callback('unpreserve', flbArgsParam, {}, 'Called when the last such file is unpreserved.'),
        callback('freeze', flbArgsParam, {}, 'Called inside the reboot, by kernels before the merge (`luo-v4`) only.'),
        callback('retrieve', flbArgsParam, {}, 'Called in the next kernel when the object is first asked for.'),
        callback('finish', flbArgsParam, {}, 'Called when the last file that used it is finished.'),
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

export const flbArgs = new Members(
    FlbArgs,
    'flb_args',
    "The arguments of an FLB's callback (`struct liveupdate_flb_op_args`).",
)
    .field('flb', objectOf('luo_flb'), 'The FLB.', (a) => a.flb)
    .field(
        'data',
        INT,
        'The handle that crosses the kexec: set by preserve, given to the others.',
        (a) => a.data,
        (a, v, vm) => {
            journal(vm).edit(a).data = asInt(v, 'data');
        },
    )
    .field(
        'obj',
        ANY,
        'The live object: set by preserve and retrieve, given to unpreserve and finish.',
        (a) => a.obj as Value,
        (a, v, vm) => {
            journal(vm).edit(a).obj = v;
        },
    );

// ---------------------------------------------------------------- block sets

export const blockSet = new Members(
    BlockSet,
    'block_set',
    'A chain of preserved pages with entries (`struct kho_block_set`).',
)
    .field('head', PHYS, 'The first block; 0 where there is none.', (b) => b.head)
    .field('length', INT, 'How many blocks there are.', (b) => b.blocks.length)
    .method(
        'grow',
        [param('count', INT)],
        { fails: true },
        'Makes room for `count` entries: ENOSPC, ENOMEM.',
        (b, [n]) => b.grow(asNumber(n, 'count')),
    )
    .method('shrink', [param('count', INT)], {}, 'Frees the last blocks that `count` entries do not need.', (b, [n]) =>
        nothing(b.shrink(asNumber(n, 'count'))),
    )
    .method('iterator', [], { result: objectOf('block_iterator') }, 'A position in it, at the first slot.', (b) =>
        b.iterator(),
    )
    .method(
        'restore',
        [param('head', PHYS)],
        { fails: true },
        'Takes over a chain from the previous kernel: EINVAL where it is corrupt.',
        (b, [h]) => b.restore(asInt(h, 'head')),
    )
    .method('clear', [], {}, 'Empties all blocks.', (b) => nothing(b.clear()))
    .method('destroy', [], {}, 'Frees all blocks.', (b) => nothing(b.destroy()));

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
        (it, [layout], vm) => {
            const pa = it.reserve();
            return pa instanceof Err ? pa : new View(layoutOf(layout), vm.machine.memory, pa);
        },
    )
    .method(
        'read',
        [param('type', ANY)],
        { resultOfArg: 0 },
        'The next entry that is in use; `none` behind the last.',
        (it, [layout], vm) => {
            const pa = it.read();
            return pa === undefined ? null : new View(layoutOf(layout), vm.machine.memory, pa);
        },
    );

// ---------------------------------------------------------------- LUO itself

export const luoObject = new Members(Luo, 'luo', 'The Live Update Orchestrator of the running kernel.')
    .field('enabled', BOOL, '`liveupdate=on`, and KHO is on.', (l) => l.enabled)
    .field(
        'serialize',
        objectOf('lock'),
        'The serialize lock: for reading by whatever is done to sessions, for writing by the reboot, which keeps it where it succeeds.',
        (l) => l.serialize,
    )
    .field('wanted', BOOL, '`liveupdate=on`.', (_l, vm) => vm.running.liveupdateWanted)
    .field(
        'device_in_use',
        BOOL,
        '/dev/liveupdate is open.',
        (l) => l.deviceInUse,
        (l, v, vm) => {
            journal(vm).edit(l).deviceInUse = asBool(v, 'device_in_use');
        },
    )
    .field(
        'was_deserialized',
        BOOL,
        'A first open has rebuilt the sessions, or failed to.',
        (l) => l.deserialized !== undefined,
    )
    .field(
        'deserialized',
        INT,
        'What that came to: 0 or −errno.',
        (l) => l.deserialized ?? 0,
        (l, v, vm) => {
            journal(vm).edit(l).deserialized = asNumber(v, 'deserialized');
        },
    )
    .field('outgoing', objectOf('luo_sessions'), 'Sessions created in this kernel.', (l) => l.outgoing)
    .field('incoming', objectOf('luo_sessions'), 'Sessions from the previous kernel.', (l) => l.incoming)
    .field('handlers', listOf(objectOf('luo_handler')), 'Registered handlers, in order.', (l) => l.handlers)
    .field('flbs', listOf(objectOf('luo_flb')), 'Registered FLBs, in order.', (l) => l.flbs)
    .field(
        'state',
        INT,
        'The state of all of LUO, in the interface before the merge.',
        (l) => l.state,
        (l, v, vm) => {
            journal(vm).edit(l).state = asNumber(v, 'state');
        },
    )
    .field(
        'incoming_num',
        INT,
        'The number that the previous kernel handed over.',
        (l) => l.incomingNum,
        (l, v, vm) => {
            journal(vm).edit(l).incomingNum = asInt(v, 'incoming_num');
        },
    )
    .field('ser', PHYS, 'The outgoing `struct luo_ser`.', (l) => l.ser)
    .field('flb_page', PHYS, 'The outgoing FLB page.', (l) => l.flbPage)
    .field(
        'incoming_flb_page',
        PHYS,
        'The FLB page of the previous kernel.',
        (l) => l.incomingFlbPage,
        (l, v, vm) => {
            journal(vm).edit(l).incomingFlbPage = asNumber(v, 'incoming_flb_page');
            vm.running.kho.keep(asNumber(v, 'incoming_flb_page'), 'FLBs');
        },
    )
    .method(
        'set_outgoing',
        [param('ser', PHYS), param('flbs', PHYS)],
        {},
        'Remembers the outgoing structures.',
        (l, [ser, flbs], vm) => {
            const e = journal(vm).edit(l);
            e.ser = asNumber(ser, 'ser');
            e.flbPage = asNumber(flbs, 'flbs');
            e.ready = true;
            return undefined;
        },
    )
    .method('disable', [], {}, 'LUO could not come up.', (l, _a, vm) => {
        journal(vm).edit(l).enabled = false;
        return undefined;
    })
    .method(
        'claim',
        [param('id', ANY)],
        { fails: true },
        'Enters a file into the map of preserved files: EBUSY where it is there.',
        (l, [id]) => {
            if (l.preservedFiles.has(id)) {
                return err('EBUSY');
            }
            l.preservedFiles.set(id, true);
            return undefined;
        },
    )
    .method('unclaim', [param('id', ANY)], {}, 'Takes a file out of the map of preserved files.', (l, [id]) => {
        l.preservedFiles.delete(id);
        return undefined;
    });

// ---------------------------------------------------------------- requests

export const luoRequest = new Members(
    LuoRequest,
    'luo_request',
    'An ioctl of LUO whose arguments have been checked and copied in.',
)
    .field('nr', INT, 'The number of the ioctl.', (r) => r.nr)
    .field('command', STRING, 'Its name.', (r) => r.command)
    .field('name', STRING, "The session's name, up to the first NUL.", (r) => r.name)
    .field('name_bytes', { k: 'bytes' }, 'The 64 bytes of the name.', (r) => Bytes.of(r.nameBytes))
    .field('arg_fd', FD, 'The descriptor to preserve.', (r) => r.argFd)
    .field('token', INT, 'The token.', (r) => r.token)
    .field('reserved', INT, 'The reserved word.', (r) => r.reserved)
    .field('session', objectOf('luo_session'), 'The session whose descriptor this is.', (r) => r.session)
    .method('reply', [], { fails: true }, 'Copies the structure back: EFAULT.', (r, _a, vm) =>
        replied(vm, r, r.reply()),
    )
    .method(
        'reply_fd',
        [param('fd', FD)],
        { fails: true },
        'Copies the structure back with this descriptor in it: EFAULT.',
        (r, _args, vm) => replied(vm, r, r.reply()),
    )
    .method(
        'reply_name',
        [param('name', STRING)],
        { fails: true },
        'Copies the structure back with this name in it: EFAULT.',
        (r, _args, vm) => replied(vm, r, r.reply()),
    );

/** What a reply came to; one that stalls keeps the caller in the kernel meanwhile. */
function replied(vm: Vm, { stalls }: LuoRequest, result: undefined | Err): undefined | Err {
    if (stalls) {
        stall(vm, STALL);
    }
    return result;
}

const NO_IOCTLS: IoctlTable = { commands: new Map(), kinds: false, nameSize: 64, checksNames: false };

/** The ioctls of the running kernel. */
function ioctlsOf(vm: Vm): IoctlTable {
    return vm.running.desc.luo?.ioctls ?? NO_IOCTLS;
}

const IOCTL = costId('ioctl');
const READONLY = param(REPLY_PARAM, BOOL, false);

/** Functions of std/luo.lus and of the system calls. */
export const luoFunctions: readonly NativeFunction[] = [
    fn(
        'luo_request',
        [param('fd', FD), param('nr', INT), param('name', STRING), param('arg_fd', FD), param('token', INT), READONLY],
        { result: objectOf('luo_request'), fails: true },
        'The checks that every ioctl of LUO begins with.',
        (vm, [fd, nr, name, argFd, token, ro]) => {
            vm.machine.clock.charge(IOCTL);
            return LuoRequest.make(vm.process, ioctlsOf(vm), {
                fd: asNumber(fd, 'fd'),
                nr: asNumber(nr, 'nr'),
                name: asString(name, 'name'),
                argFd: asNumber(argFd, 'a descriptor'),
                token: asInt(token, 'token'),
                reply: replyFrom(ro),
            });
        },
    ),
    fn(
        'luo_request_raw',
        [param('fd', FD), param('nr', INT), param('size', INT), param('data', { k: 'bytes' }), READONLY],
        { result: objectOf('luo_request'), fails: true },
        'The same for a hand-made ioctl.',
        (vm, [fd, nr, size, data, ro]) => {
            vm.machine.clock.charge(IOCTL);
            return LuoRequest.raw(
                vm.process,
                ioctlsOf(vm),
                asNumber(fd, 'fd'),
                asNumber(nr, 'nr'),
                asNumber(size, 'size'),
                expect(Bytes, data, 'bytes').toUint8Array(),
                replyFrom(ro),
            );
        },
    ),
    fn(
        'luo_session_alloc',
        [param('name', { k: 'bytes' })],
        { result: objectOf('luo_session'), fails: true },
        'A new outgoing session: EINVAL for an empty or unterminated name where the release checks names (others cut it off), ENOMEM.',
        (vm, [name]) => {
            if (vm.injections.hit('luo_session', vm.boot)) {
                return err('ENOMEM');
            }
            const raw = expect(Bytes, name, 'a name').toUint8Array();
            const { checksNames, nameSize } = ioctlsOf(vm);
            const nul = raw.indexOf(0);
            if (checksNames && (nul <= 0 || nul >= nameSize)) {
                return err('EINVAL');
            }
            return newSession(
                vm,
                new TextDecoder('latin1').decode(raw.subarray(0, nul < 0 ? nameSize - 1 : nul)),
                false,
            );
        },
    ),
    fn(
        'luo_session_incoming',
        [param('name', STRING)],
        { result: objectOf('luo_session'), fails: true },
        'A session from the previous kernel; ENOMEM.',
        (vm, [name]) =>
            vm.injections.hit('luo_session', vm.boot) ? err('ENOMEM') : newSession(vm, asString(name, 'name'), true),
    ),
    fn(
        'luo_file_alloc',
        [
            param('session', objectOf('luo_session')),
            param('handler', objectOf('luo_handler')),
            param('token', INT),
            param('file', objectOf('file')),
            param('id', ANY),
        ],
        { result: objectOf('luo_file'), fails: true },
        'A file to be preserved; ENOMEM.',
        (vm, [s, h, token, file, id]) => {
            const f = new LuoFile(
                journal(vm),
                expect(LuoHandler, h, 'a handler'),
                asInt(token, 'token'),
                expect(LuoSession, s, 'a session'),
            );
            const e = journal(vm).edit(f);
            e.file = expect(OpenFile, file, 'a file');
            e.id = id;
            return f;
        },
    ),
    fn(
        'luo_file_incoming',
        [
            param('session', objectOf('luo_session')),
            param('handler', objectOf('luo_handler')),
            param('token', INT),
            param('data', INT),
        ],
        { result: objectOf('luo_file') },
        'A file from the previous kernel.',
        (vm, [s, h, token, data]) => {
            const f = new LuoFile(
                journal(vm),
                expect(LuoHandler, h, 'a handler'),
                asInt(token, 'token'),
                expect(LuoSession, s, 'a session'),
            );
            journal(vm).edit(f).serializedData = asInt(data, 'data');
            return f;
        },
    ),
    fn(
        'get_file',
        [param('file', objectOf('file'))],
        { result: objectOf('file') },
        'Another reference to an open file.',
        (vm, [f]) => getFile(vm.running, expect(OpenFile, f, 'a file')),
    ),
];

function newSession(vm: Vm, name: string, incoming: boolean): LuoSession {
    return new LuoSession(
        journal(vm),
        name,
        incoming,
        vm.running.newBlockSet(FILE_SER_SIZE, `files of session "${name}"`),
    );
}

const session = (
    name: string,
    params: Parameters<typeof code>[1],
    result: Parameters<typeof code>[2],
    doc: string,
): NativeFunction =>
    code(name, [...params, READONLY], { context: 'user', syscall: true, ...result }, doc, `sys_${name}`);

/** The ioctls as methods of a descriptor. */
export const luoSyscalls: readonly NativeFunction[] = [
    session(
        'create_session',
        [param('name', STRING)],
        { result: FD },
        'LIVEUPDATE_IOCTL_CREATE_SESSION on `/dev/liveupdate`: a new session that lives as long as a descriptor of it. EMFILE, EINVAL, ENOSPC, ENOMEM, EEXIST, EFAULT.',
    ),
    session(
        'retrieve_session',
        [param('name', STRING)],
        { result: FD },
        'LIVEUPDATE_IOCTL_RETRIEVE_SESSION on `/dev/liveupdate`: a session of the previous kernel. EMFILE, ENOENT, EINVAL (it was retrieved before), EFAULT.',
    ),
    session(
        'preserve_fd',
        [param('fd', FD), param('token', INT)],
        {},
        'LIVEUPDATE_SESSION_PRESERVE_FD on a session: EEXIST (token), ENOSPC, ENOMEM, EBADF, ENOENT (no handler), EBUSY (preserved already), what an FLB or the handler gives, EFAULT.',
    ),
    session(
        'retrieve_fd',
        [param('token', INT)],
        { result: FD },
        'LIVEUPDATE_SESSION_RETRIEVE_FD on a retrieved session: EMFILE, ENOENT, the error of the first attempt, what the handler gives, EFAULT.',
    ),
    session(
        'finish',
        [],
        {},
        'LIVEUPDATE_SESSION_FINISH on a retrieved session: EBUSY where a handler says it cannot finish yet. What was not retrieved is discarded.',
    ),
    session(
        'set_event',
        [param('event', INT)],
        {},
        'LIVEUPDATE_IOCTL_SET_EVENT on `/dev/liveupdate` or LIVEUPDATE_SESSION_SET_EVENT on a session, in the interface before the merge (kernel `luo-v4`): LIVEUPDATE_PREPARE, LIVEUPDATE_FREEZE, LIVEUPDATE_FINISH, LIVEUPDATE_CANCEL. EINVAL or EBUSY in the wrong state, and in every other kernel.',
    ),
    session(
        'get_state',
        [],
        { result: INT },
        'The state of LUO or of a session in the interface before the merge (kernel `luo-v4`): LIVEUPDATE_STATE_NORMAL and so on. EINVAL in every other kernel.',
    ),
    session(
        'unpreserve_fd',
        [param('token', INT)],
        {},
        'LIVEUPDATE_SESSION_UNPRESERVE_FD, in the interface before the merge (kernel `luo-v4`). EINVAL in every other kernel.',
    ),
    session('get_name', [], { result: STRING }, 'LIVEUPDATE_SESSION_GET_NAME on a session.'),
    code(
        'ioctl',
        [param('nr', INT), param('size', INT), param('data', { k: 'bytes' }), READONLY],
        { context: 'user', syscall: true, result: INT },
        'An ioctl of type 0xBA by its number, with a 256-byte buffer that begins with `size` and `data`.',
        'sys_ioctl',
    ),
];
