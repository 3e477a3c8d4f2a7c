/**
 * Sessions of LUO, their files and lists, for std/luo.lus (kernel/liveupdate/luo_session.c, luo_file.c).
 */
import { counted } from '../../../text/text';
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

/** For properties with any value that a handler has stored. */
const anything = (value: Value): Value => value;

const sessionArg = (v: Value): LuoSession => expect(LuoSession, v, 'a session');
const luoFileArg = (v: Value): LuoFile => expect(LuoFile, v, 'a luo_file');

const LUO_FILE = param('file', objectOf('luo_file'));
const SESSION = param('session', objectOf('luo_session'));
const HANDLER = param('handler', objectOf('luo_handler'));

export const luoFile = new RecordMembers(LuoFile, 'luo_file', 'A file inside a session (`struct luo_file`).')
    .field('token', INT, 'The token, by which user space identifies it.', (file) => file.token)
    .field('handler', objectOf('luo_handler'), 'Its handler.', (file) => file.handler)
    .field('compatible', STRING, 'The compatible string of its handler.', (file) => file.handler.compatible)
    .journaled('file', 'file', objectOf('file'), 'The open file; `none` until it is retrieved.', fileOrNone)
    .journaled('serialized_data', 'serializedData', INT, 'The handle that is passed to the next kernel.', asInt)
    .journaled(
        'private_data',
        'privateData',
        ANY,
        'A value that preserve() passes to unpreserve and freeze of the same kernel.',
        anything,
    )
    .journaled('retrieve_status', 'retrieveStatus', INT, '0: never tried, 1: retrieved, otherwise −errno.', asNumber)
    .journaled('state', 'state', INT, 'Its state, in the interface before the merge.', asNumber)
    .journaled('id', 'id', ANY, 'Its key in the map of preserved files.', anything)
    .method(
        'args',
        [],
        { result: objectOf('luo_args') },
        'New arguments for a callback of its handler.',
        (file, _args, { machine }) => new LuoArgs(machine.journal, file.handler, file, file.retrieveStatus),
    );

/** A list of files for `.lus` code: the newest is `last`. */
class FileList {
    constructor(readonly session: LuoSession) {}

    get length(): number {
        return this.session.files.length;
    }

    elementAt(index: number): Value {
        return this.session.files.at(index) ?? null;
    }

    display(): string {
        return counted(this.length, 'file');
    }

    sameAs(other: object): boolean {
        return other instanceof FileList && other.session === this.session;
    }
}

export const fileList = new Members(FileList, 'luo_files', 'The files of a session, oldest first.')
    .field('length', INT, 'The number of files.', (list) => list.length)
    .field('last', objectOf('luo_file'), 'The newest file.', ({ session }) => session.files.at(-1) ?? null)
    .method('push', [LUO_FILE], {}, 'Appends a file.', ({ session }, [file]) =>
        nothing(session.files.push(luoFileArg(file))),
    )
    .method('remove', [LUO_FILE], {}, 'Removes a file.', ({ session }, [file]) =>
        nothing(session.files.remove(luoFileArg(file))),
    )
    .method('pop', [], {}, 'Removes the newest file.', ({ session }) => nothing(session.files.pop()))
    .method('clear', [], {}, 'Removes all files.', ({ session }) => nothing(session.files.clear()));

export const luoSession = new RecordMembers(LuoSession, 'luo_session', 'A session (`struct luo_session`).')
    .field('name', STRING, 'Its name.', (session) => session.name)
    .field('incoming', BOOL, 'Whether it came from the previous kernel.', (session) => session.incoming)
    .journaled('retrieved', 'retrieved', BOOL, 'Whether it is incoming and was retrieved.', asBool)
    .journaled('finished', 'finished', BOOL, 'Whether FINISH has succeeded.', asBool)
    .journaled('frozen', 'frozen', BOOL, 'Whether it is frozen by SESSION_FREEZE (layer `session_freeze`).', asBool)
    .journaled('file', 'file', objectOf('file'), 'The open file of its descriptors.', fileOrNone)
    .field('mutex', objectOf('lock'), 'The lock that protects its files.', (session) => session.mutex)
    .field('files', listOf(objectOf('luo_file')), 'Its files, oldest first.', (session) => new FileList(session))
    .field('count', INT, 'The number of its files.', (session) => session.files.length)
    .field(
        'file_blocks',
        objectOf('block_set'),
        'The blocks with the entries of its files for the handover.',
        (session) => session.fileBlocks,
    )
    .journaled(
        'area',
        'area',
        PHYS,
        'The address of the entries of its files for the handover, in releases without blocks; 0 if there is none yet.',
        asNumber,
    )
    .journaled(
        'state',
        'state',
        INT,
        'Its state, in the interface before the merge: LIVEUPDATE_STATE_NORMAL and so on.',
        asNumber,
    )
    .journaled('cursor', 'cursor', INT, 'The number of the file that is being frozen, from 1.', asNumber)
    .method(
        'has_token',
        [param('token', INT)],
        { result: BOOL },
        'Whether a file of the session has this token.',
        (session, [token]) => session.hasToken(asInt(token, 'the token')),
    )
    .method(
        'find_token',
        [param('token', INT)],
        { result: objectOf('luo_file'), fails: true },
        'The first file with this token. ENOENT.',
        (session, [token]) => session.fileOf(asInt(token, 'the token')),
    )
    .method(
        'open_file',
        [],
        { result: objectOf('file'), fails: true },
        'The anonymous file `[luo_session] name`.',
        (session, _args, { running }) => session.openFile(running),
    );

/** Additional members of open files of kind `luo_session`. */
export const sessionOfFile = new Members(OpenFile, 'file', '').field(
    'session',
    objectOf('luo_session'),
    'The session of a file of kind `luo_session`; `none` for other files.',
    ({ priv }) => (priv instanceof LuoSession ? priv : null),
);

export const sessionList = new RecordMembers(SessionList, 'luo_sessions', 'One of the two lists of sessions.')
    .field('length', INT, 'The number of sessions in it.', (list) => list.sessions.length)
    .field('sessions', listOf(objectOf('luo_session')), 'The sessions, oldest first.', (list) => list.sessions)
    .field(
        'lock',
        objectOf('lock'),
        'The lock of the list: lookups take it for reading, additions and removals for writing.',
        (list) => list.lock,
    )
    .field('blocks', objectOf('block_set'), 'The blocks with their entries for the handover.', (list) => list.blocks)
    .journaled(
        'area',
        'area',
        PHYS,
        'The address of their entries for the handover, in releases without blocks; 0 if there is none.',
        asNumber,
    )
    .method(
        'find',
        [param('name', STRING)],
        { result: objectOf('luo_session'), fails: true },
        'The session with this name. ENOENT.',
        (list, [name]) => list.named(asString(name, 'a name')),
    )
    .method(
        'insert',
        [SESSION],
        { fails: true },
        'Appends a session. EEXIST if the name is taken.',
        (list, [v], host: Host) => {
            const session = sessionArg(v);
            const refused = list.insert(session);
            if (refused) {
                host.tell((l) => l.sessionRefused?.(session));
            }
            return refused;
        },
    )
    .method('has', [SESSION], { result: BOOL }, 'Whether the list contains a session.', (list, [v]) =>
        list.sessions.items.includes(sessionArg(v)),
    )
    .method('remove', [SESSION], {}, 'Removes a session from the list.', (list, [v]) =>
        nothing(list.remove(sessionArg(v))),
    );

/** The allocation of a session fails if a failure is injected into it. */
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
        'The session of the running kernel with this name: an outgoing one if there is one, otherwise an incoming one; `none` if there is none.',
        ({ running }, [name]) => running.luo.find(asString(name, 'the name')) ?? null,
    ),
    fn(
        'handed_over',
        [param('name', STRING)],
        { context: 'scenario', result: { k: 'view', struct: 'luo_session_ser' } },
        'Inside `at handover`: the entry of an outgoing session that the next kernel reads; `none` if there is none.',
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
        'Creates an outgoing session. EINVAL for an empty or unterminated name in releases that check names (others truncate it), ENOMEM.',
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
        'Creates an incoming session. ENOMEM.',
        (host: Host, [name]) => allocated(host, () => host.running.luo.newSession(asString(name, 'the name'), true)),
    ),
    fn(
        'luo_file_alloc',
        [SESSION, HANDLER, param('token', INT), param('file', objectOf('file')), param('id', ANY)],
        { result: objectOf('luo_file'), fails: true },
        'Creates an outgoing file. ENOMEM.',
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
        'Creates an incoming file.',
        ({ machine: { journal } }, [session, handler, token, data]) => {
            const made = newFile(journal, session, handler, token);
            journal.edit(made).serializedData = asInt(data, 'data');
            return made;
        },
    ),
];
