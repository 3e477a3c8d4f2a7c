/**
 * Sessions of LUO, their files and the lists that they are on, as std/luo.lus works on them
 * (kernel/liveupdate/luo_session.c, luo_file.c).
 */
import { OpenFile } from '../../../kernel/fs/file';
import { sessionName } from '../../../kernel/luo/request';
import { LuoArgs, LuoFile, LuoHandler, LuoSession, SessionList } from '../../../kernel/luo/state';
import { type Err, err } from '../../../kernel/release/errno';
import { ANY, BOOL, INT, listOf, objectOf, PHYS, STRING, type Value } from '../../../language/types';
import { asBool, asInt, asNumber, asString } from '../../../language/values';
import { Bytes } from '../../../machine/bytes';
import type { Journal } from '../../../machine/journal';
import type { Host } from '../../host/host';
import { View } from '../../view';
import { expect, fileArg, fileOrNone } from '../arguments';
import { fn, Members, nothing, param, RecordMembers } from '../define';
import type { NativeFunction } from '../native';
import { ioctlsOf } from './requests';

/** For properties that hold whatever a handler has left there. */
const anything = (value: Value): Value => value;

const sessionArg = (v: Value): LuoSession => expect(LuoSession, v, 'a session');
const luoFileArg = (v: Value): LuoFile => expect(LuoFile, v, 'a luo_file');

const LUO_FILE = param('file', objectOf('luo_file'));
const SESSION = param('session', objectOf('luo_session'));
const HANDLER = param('handler', objectOf('luo_handler'));

export const luoFile = new RecordMembers(LuoFile, 'luo_file', 'A file inside a session (`struct luo_file`).')
    .field('token', INT, 'The number under which userspace preserved it.', (file) => file.token)
    .field(
        'handler',
        objectOf('luo_handler'),
        'The handler that preserved it, or will retrieve it.',
        (file) => file.handler,
    )
    .field('compatible', STRING, 'The compatible string of its handler.', (file) => file.handler.compatible)
    .journaled('file', 'file', objectOf('file'), 'The open file; `none` before it is retrieved.', fileOrNone)
    .journaled('serialized_data', 'serializedData', INT, 'The handle that crosses the kexec.', asInt)
    .journaled(
        'private_data',
        'privateData',
        ANY,
        'What preserve() keeps for unpreserve and freeze; stays in this kernel.',
        anything,
    )
    .journaled('retrieve_status', 'retrieveStatus', INT, '0 never tried, 1 retrieved, else −errno.', asNumber)
    .journaled('state', 'state', INT, 'Its state, in the interface before the merge.', asNumber)
    .journaled('id', 'id', ANY, 'Its key in the map of preserved files.', anything)
    .method(
        'args',
        [],
        { result: objectOf('luo_args') },
        'New arguments for a callback of its handler.',
        (file, _args, { machine }) => new LuoArgs(machine.journal, file.handler, file, file.retrieveStatus),
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
    .field('length', INT, 'How many there are.', (list) => list.length)
    .field('last', objectOf('luo_file'), 'The newest.', ({ session }) => session.files.at(-1) ?? null)
    .method('push', [LUO_FILE], {}, 'Appends a file.', ({ session }, [file]) =>
        nothing(session.files.push(luoFileArg(file))),
    )
    .method('remove', [LUO_FILE], {}, 'Takes one away.', ({ session }, [file]) =>
        nothing(session.files.remove(luoFileArg(file))),
    )
    .method('pop', [], {}, 'Takes the newest away.', ({ session }) => nothing(session.files.pop()))
    .method('clear', [], {}, 'Takes all away.', ({ session }) => nothing(session.files.clear()));

export const luoSession = new RecordMembers(LuoSession, 'luo_session', 'A session (`struct luo_session`).')
    .field('name', STRING, 'Its name.', (session) => session.name)
    .field('incoming', BOOL, 'It came from the previous kernel.', (session) => session.incoming)
    .journaled('retrieved', 'retrieved', BOOL, 'It is incoming and was retrieved.', asBool)
    .journaled('finished', 'finished', BOOL, 'FINISH has succeeded.', asBool)
    .journaled('file', 'file', objectOf('file'), 'The file behind its descriptors.', fileOrNone)
    .field('mutex', objectOf('lock'), 'Held by whoever works on its files.', (session) => session.mutex)
    .field('files', listOf(objectOf('luo_file')), 'Its files, oldest first.', (session) => new FileList(session))
    .field('count', INT, 'How many files it has.', (session) => session.files.length)
    .field(
        'file_blocks',
        objectOf('block_set'),
        'The blocks in which its files are handed over.',
        (session) => session.fileBlocks,
    )
    .journaled(
        'area',
        'area',
        PHYS,
        'Where its files are handed over, in releases that do not use blocks; 0: nowhere yet.',
        asNumber,
    )
    .journaled(
        'state',
        'state',
        INT,
        'Its state, in the interface before the merge: LIVEUPDATE_STATE_NORMAL and so on.',
        asNumber,
    )
    .journaled('cursor', 'cursor', INT, 'Which file is being frozen, from 1.', asNumber)
    .method(
        'has_token',
        [param('token', INT)],
        { result: BOOL },
        'A file of the session has this token.',
        (session, [token]) => session.hasToken(asInt(token, 'the token')),
    )
    .method(
        'find_token',
        [param('token', INT)],
        { result: objectOf('luo_file'), fails: true },
        'The first file with this token; ENOENT.',
        (session, [token]) => session.fileOf(asInt(token, 'the token')),
    )
    .method(
        'open_file',
        [],
        { result: objectOf('file'), fails: true },
        'The anonymous file `[luo_session] name`.',
        (session, _args, { running }) => session.openFile(running),
    );

/** What an open file of the kind `luo_session` has besides. */
export const sessionOfFile = new Members(OpenFile, 'file', '').field(
    'session',
    objectOf('luo_session'),
    'The session behind the file, for files of the kind luo_session; else `none`.',
    ({ priv }) => (priv instanceof LuoSession ? priv : null),
);

export const sessionList = new RecordMembers(SessionList, 'luo_sessions', 'One of the two lists of sessions.')
    .field('length', INT, 'How many sessions are on it.', (list) => list.sessions.length)
    .field('sessions', listOf(objectOf('luo_session')), 'The sessions, oldest first.', (list) => list.sessions)
    .field(
        'lock',
        objectOf('lock'),
        'For reading by whoever looks a session up, for writing by whoever adds or removes one.',
        (list) => list.lock,
    )
    .field('blocks', objectOf('block_set'), 'The blocks in which they are handed over.', (list) => list.blocks)
    .journaled(
        'area',
        'area',
        PHYS,
        'Where they are handed over, in releases that do not use blocks; 0: nowhere.',
        asNumber,
    )
    .method(
        'find',
        [param('name', STRING)],
        { result: objectOf('luo_session'), fails: true },
        'The session of this name; ENOENT.',
        (list, [name]) => list.named(asString(name, 'a name')),
    )
    .method(
        'insert',
        [SESSION],
        { fails: true },
        'Appends a session; EEXIST where the name is taken.',
        (list, [v], host: Host) => {
            const session = sessionArg(v);
            const refused = list.insert(session);
            if (refused) {
                host.tell((l) => l.sessionRefused?.(session));
            }
            return refused;
        },
    )
    .method('has', [SESSION], { result: BOOL }, 'A session is on it.', (list, [v]) =>
        list.sessions.items.includes(sessionArg(v)),
    )
    .method('remove', [SESSION], {}, 'Takes a session off the list.', (list, [v]) =>
        nothing(list.remove(sessionArg(v))),
    );

/** The allocation of a session fails where a failure was injected into it. */
function allocated(host: Host, make: () => LuoSession): LuoSession | Err {
    return host.injections.hit('luo_session', host.boot) ? err('ENOMEM') : make();
}

function newFile(journal: Journal, session: Value, handler: Value, token: Value): LuoFile {
    return new LuoFile(journal, expect(LuoHandler, handler, 'a handler'), asInt(token, 'token'), sessionArg(session));
}

export const sessionFunctions: readonly NativeFunction[] = [
    fn(
        'session',
        [param('name', STRING)],
        { context: 'any', result: objectOf('luo_session') },
        'A session of the running kernel by its name: an outgoing one, else an incoming one; `none` where there is none.',
        ({ running }, [name]) => running.luo.find(asString(name, 'the name')) ?? null,
    ),
    fn(
        'handed_over',
        [param('name', STRING)],
        { context: 'scenario', result: { k: 'view', struct: 'luo_session_ser' } },
        'The entry of an outgoing session as the next kernel will read it; inside `at handover`. `none` where there is none.',
        (host: Host, [name]) => {
            const { outgoing } = host.running.luo;
            const layout = host.declarations.struct('luo_session_ser', host.library);
            const index = outgoing.sessions.items.findIndex((s) => s.name === asString(name, 'the name'));
            const address = index < 0 ? undefined : outgoing.entryAt(index);
            return layout && address !== undefined ? new View(layout, host.machine.memory, address) : null;
        },
    ),
    fn(
        'luo_session_alloc',
        [param('name', { k: 'bytes' })],
        { result: objectOf('luo_session'), fails: true },
        'A new outgoing session: EINVAL for an empty or unterminated name where the release checks names (others cut it off), ENOMEM.',
        (host: Host, [bytes]) => {
            const raw = expect(Bytes, bytes, 'a name').toUint8Array();
            const name = sessionName(raw, ioctlsOf(host));
            return typeof name === 'string' ? allocated(host, () => host.running.luo.newSession(name, false)) : name;
        },
    ),
    fn(
        'luo_session_incoming',
        [param('name', STRING)],
        { result: objectOf('luo_session'), fails: true },
        'A session from the previous kernel; ENOMEM.',
        (host: Host, [name]) => allocated(host, () => host.running.luo.newSession(asString(name, 'the name'), true)),
    ),
    fn(
        'luo_file_alloc',
        [SESSION, HANDLER, param('token', INT), param('file', objectOf('file')), param('id', ANY)],
        { result: objectOf('luo_file'), fails: true },
        'A file to be preserved; ENOMEM.',
        ({ machine: { journal } }, [session, handler, token, file, id]) => {
            const made = newFile(journal, session, handler, token);
            const edit = journal.edit(made);
            edit.file = fileArg(file);
            edit.id = id;
            return made;
        },
    ),
    fn(
        'luo_file_incoming',
        [SESSION, HANDLER, param('token', INT), param('data', INT)],
        { result: objectOf('luo_file') },
        'A file from the previous kernel.',
        ({ machine: { journal } }, [session, handler, token, data]) => {
            const made = newFile(journal, session, handler, token);
            journal.edit(made).serializedData = asInt(data, 'data');
            return made;
        },
    ),
];
