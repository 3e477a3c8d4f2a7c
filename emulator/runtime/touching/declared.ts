/**
 * The table of what each native reads and writes of the state that processes share. A native that is not in this table
 * counts as touching everything. The table leaves out what only one thread can reach (the kernel's copies of arguments,
 * objects that no other code has a reference to yet) and constants of a kernel.
 */
import { OpenFile } from '../../kernel/fs/file';
import { Inode } from '../../kernel/fs/inode';
import { cachedPages } from '../../kernel/fs/memfd';
import { type LuoFlb, LuoSession, type SessionList } from '../../kernel/luo/state';
import { ListValue } from '../../language/collections';
import type { Value } from '../../language/types';
import type { Host } from '../host/host';
import { processOf } from '../host/scenario-process';
import { RELEASED, type Touches } from './touches';
import { ANONYMOUS, fileName, inodeName, PAGES, sessionName } from './values';

/** Records what a native is about to do. The first argument of a member is its object. */
export type Access = (touches: Touches, host: Host, args: readonly unknown[]) => void;

/** The counters for the numbers of new files, inodes and processes, and the lists of these objects. */
const NUMBERS = 'numbers';
const DEVICE = 'luo device';

const reads =
    (...what: readonly string[]): Access =>
    (touches) => {
        for (const w of what) {
            touches.read(w);
        }
    };

const writes =
    (...what: readonly string[]): Access =>
    (touches) => {
        for (const w of what) {
            touches.write(w);
        }
    };

const nothing: Access = () => undefined;

const both =
    (...all: readonly Access[]): Access =>
    (touches, host, args) => {
        for (const access of all) {
            access(touches, host, args);
        }
    };

/** The descriptors of the calling process. */
const descriptors: (host: Host) => string = (host) => `descriptors of ${host.interpreter.current.name}`;
const readsDescriptors: Access = (touches, host) => touches.read(descriptors(host));
const writesDescriptors: Access = (touches, host) => touches.write(descriptors(host));

function fileAt(host: Host, fd: unknown): OpenFile | undefined {
    return typeof fd === 'number' ? processOf(host.interpreter.current)?.process.fds.get(fd) : undefined;
}

/** A reference to a file is taken or dropped. A file whose last reference is dropped is released later. */
function counts(touches: Touches, file: OpenFile | undefined, dropped: boolean): void {
    if (file) {
        touches.write(fileName(file));
        if (dropped && file.refs <= 1) {
            touches.write(RELEASED);
        }
    }
}

/** A call on a file, whose descriptor is the first argument. */
const onFile =
    (access: (touches: Touches, file: OpenFile) => void): Access =>
    (touches, host, args) => {
        const [fd] = args;
        touches.read(descriptors(host));
        // as the object of a field, a descriptor is a Number
        const file = fileAt(host, fd instanceof Number ? fd.valueOf() : fd);
        if (file) {
            access(touches, file);
        }
    };

/** Reads a file and its inode only. */
const looks = onFile((touches, file) => {
    touches.read(fileName(file));
    touches.read(inodeName(file.inode));
});

/** A call on a memfd. Files of other kinds have operations of their own, whose accesses are not known here. */
const onMemfd = (access: (touches: Touches, file: OpenFile) => void): Access =>
    onFile((touches, file) => {
        if (file.kind === 'memfd') {
            access(touches, file);
        } else {
            touches.everything();
        }
    });

const changesMemory = onMemfd((touches, file) => {
    touches.write(fileName(file));
    touches.write(inodeName(file.inode));
    touches.write(PAGES);
});

/** A truncation of a memfd without pages sets only its size. */
const truncates = onMemfd((touches, file) => {
    touches.write(inodeName(file.inode));
    if (cachedPages(file.inode) > 0) {
        touches.write(PAGES);
    }
});

const readsMemory = onMemfd((touches, file) => {
    touches.write(fileName(file));
    touches.read(inodeName(file.inode));
    touches.read(PAGES);
});

/** An argument that is an open file. */
const file =
    (access: (touches: Touches, file: OpenFile) => void, at = 0): Access =>
    (touches, _host, args) => {
        const f = args[at];
        if (f instanceof OpenFile) {
            access(touches, f);
        } else {
            touches.everything();
        }
    };

const readsFile = file((touches, f) => touches.read(fileName(f)));
const writesFile = file((touches, f) => touches.write(fileName(f)));
const readsInodeOfFile = file((touches, f) => touches.read(inodeName(f.inode)));

const inode =
    (access: (touches: Touches, name: string) => void): Access =>
    (touches, _host, [i]) => {
        if (i instanceof Inode) {
            access(touches, inodeName(i));
        } else {
            touches.everything();
        }
    };

const readsInode = inode((touches, name) => touches.read(name));
const writesInode = inode((touches, name) => touches.write(name));

/** The object itself if it is a session; otherwise the session that it belongs to. */
function sessionOf(o: unknown): LuoSession | undefined {
    if (o instanceof LuoSession) {
        return o;
    }
    const owner = typeof o === 'object' && o !== null && 'session' in o ? o.session : undefined;
    return owner instanceof LuoSession ? owner : undefined;
}

const session =
    (access: (touches: Touches, name: string) => void): Access =>
    (touches, _host, [o]) => {
        const s = sessionOf(o);
        if (s) {
            access(touches, sessionName(s));
        } else {
            touches.everything();
        }
    };

const readsSession = session((touches, name) => touches.read(name));
const writesSession = session((touches, name) => touches.write(name));

const readsSessions: Access = (touches, _host, [list]) => touches.read(sessionsName(list as SessionList));
const writesSessions: Access = (touches, _host, [list]) => touches.write(sessionsName(list as SessionList));

function sessionsName({ direction }: SessionList): string {
    return `${direction} sessions`;
}

const readsFlb: Access = (touches, _host, [flb]) => touches.read(`flb ${(flb as LuoFlb).name}`);
const writesFlb: Access = (touches, _host, [flb]) => touches.write(`flb ${(flb as LuoFlb).name}`);

/** The entry of a file in the map of preserved files, by the id of the file. */
const writesClaim: Access = (touches, _host, [, id]) => touches.write(`claim of ${claimed(id as Value)}`);

function claimed(id: Value): string {
    if (id instanceof Inode) {
        return inodeName(id);
    }
    return id instanceof OpenFile ? fileName(id) : typeof id === 'object' ? 'an object' : String(id);
}

/** The release of a file by the kernel. */
const releases = file((touches, f) => {
    touches.write(fileName(f));
    touches.write(inodeName(f.inode));
    switch (f.kind) {
        case 'luo_session':
            break;
        case 'liveupdate':
            touches.write(DEVICE);
            break;
        case 'memfd':
            touches.write(PAGES);
            touches.write(NUMBERS);
            break;
        default:
            touches.everything();
    }
});

/** Whether a callback exists. A callback into which a failure is injected counts as existing. */
const injections: Access = (touches, host) => {
    if (host.injections.items.length > 0) {
        touches.everything();
    }
};

/** The text of an object can contain any part of its state. */
const printed: Access = (touches, _host, [words]) => {
    const plain = words instanceof ListValue && words.items.every((w) => typeof w !== 'object' || w === null);
    if (!plain) {
        touches.everything();
    }
};

const NOTHING: readonly string[] = [
    ...['none', 'luo', 'kho', 'kernel', 'phys', 'at', 'sizeof', 'hex', 'luo_file_alloc', 'luo_file_incoming'],
    ...['trace_luo_session', 'trace_luo_file', 'trace_luo_release', 'is_plain_path', 'device_kind'],
    ...['kernel.name', 'kernel.release', 'kernel.boot', 'kernel.flaw', 'kernel.cmdline', 'kernel.luo_format'],
    ...['luo.serialize', 'luo.outgoing', 'luo.incoming', 'luo.handlers', 'luo.flbs', 'luo.enabled', 'luo.wanted'],
    ...['luo_session.name', 'luo_session.incoming', 'luo_session.mutex', 'luo_session.files'],
    ...['luo_session.file_blocks', 'luo_sessions.lock', 'luo_sessions.blocks'],
    ...['luo_request.nr', 'luo_request.command', 'luo_request.name', 'luo_request.name_bytes', 'luo_request.arg_fd'],
    ...['luo_request.token', 'luo_request.reserved', 'luo_request.session', 'luo_request.reply'],
    ...['luo_request.reply_fd', 'luo_request.reply_name'],
    ...['luo_file.token', 'luo_file.handler', 'luo_file.compatible'],
    ...['luo_handler.name', 'luo_handler.compatible', 'luo_handler.flbs', 'luo_handler.has_unfreeze'],
    ...['luo_args.handler', 'luo_args.session', 'luo_args.retrieve_status'],
    ...['luo_args.file', 'luo_args.file=', 'luo_args.serialized_data', 'luo_args.serialized_data='],
    ...['luo_args.private_data', 'luo_args.private_data='],
    ...['luo_flb.name', 'luo_flb.compatible', 'luo_flb.out_mutex', 'luo_flb.in_mutex'],
    ...['flb_args.data', 'flb_args.data=', 'flb_args.obj', 'flb_args.obj='],
    ...['file.kind', 'file.flags', 'file.inode', 'file.is_shmem', 'file.is_hugetlb', 'file.name', 'file.session'],
    ...['inode.ino', 'inode.name', 'inode.page_size'],
    ...['folio.pfn', 'folio.phys', 'folios.length'],
    // natives that record the lock they take themselves
    ...['lock.name', 'lock.lock', 'lock.unlock', 'lock.guard', 'lock.try_guard', 'lock.down_write', 'lock.up_write'],
    ...['lock.guard_read', 'lock.guard_write', 'inode.lock', 'inode.unlock'],
];

/** By the name of a native, or by `type.member`; with `=` behind it for an assignment. */
export const DECLARED: ReadonlyMap<string, Access> = new Map<string, Access>([
    ...NOTHING.map((name): [string, Access] => [name, nothing]),

    // ---- descriptors and files
    ['fget', both(readsDescriptors, (touches, host, [fd]) => counts(touches, fileAt(host, fd), false))],
    ['get_file', writesFile],
    ['fput', file((touches, f) => counts(touches, f, true))],
    ['get_unused_fd', writesDescriptors],
    ['put_unused_fd', writesDescriptors],
    ['fd_install', writesDescriptors],
    ['has_delayed_fput', reads(RELEASED)],
    ['next_delayed_fput', writes(RELEASED)],
    ['release_file', releases],
    ['discard_file', releases],
    ['memfd_create', both(writesDescriptors, writes(NUMBERS, PAGES))],
    ['memfd_alloc_file', writes(NUMBERS, PAGES)],
    ['fd.close', both(writesDescriptors, (touches, host, [fd]) => counts(touches, fileAt(host, fd), true))],
    ['fd.dup', both(writesDescriptors, (touches, host, [fd]) => counts(touches, fileAt(host, fd), false))],
    ...['fd.size', 'fd.pos', 'fd.seals', 'fd.nlink', 'fd.blocks', 'fd.mode', 'fd.kind', 'fd.get_seals', 'fd.getfl'].map(
        (name): [string, Access] => [name, looks],
    ),
    ['fd.truncate', truncates],
    ...['fd.fallocate', 'fd.punch', 'fd.write', 'fd.pwrite', 'fd.add_seals'].map((name): [string, Access] => [
        name,
        changesMemory,
    ]),
    ['fd.read', readsMemory],
    ['fd.pread', readsMemory],
    ['file.pos', readsFile],
    ['file.pos=', writesFile],
    ['file.refs', readsFile],
    ['file.size', readsInodeOfFile],
    ['file.nlink', readsInodeOfFile],
    ...['size', 'mode', 'nlink', 'blocks', 'pages', 'seals', 'frozen', 'keeps_holes'].map((name): [string, Access] => [
        `inode.${name}`,
        readsInode,
    ]),
    ...['size', 'mode', 'seals', 'frozen', 'keeps_holes'].map((name): [string, Access] => [
        `inode.${name}=`,
        writesInode,
    ]),

    // ---- memory and its preservation
    ...[
        ...['kho.alloc_preserve', 'kho.unpreserve_free', 'kho.restore_free', 'kho.preserve_folio'],
        ...['kho.unpreserve_folio', 'kho.restore_folio', 'kho.preserve_vmalloc', 'kho.unpreserve_vmalloc'],
        ...['kho.restore_vmalloc', 'vcalloc', 'vfree', 'unpin_folios'],
        ...['folio.lock', 'folio.unlock', 'folio.mark_dirty', 'folio.mark_uptodate', 'folio.mark_swapbacked'],
        ...['folio.zero', 'folio.get', 'folio.put'],
        ...['block_set.grow', 'block_set.shrink', 'block_set.restore', 'block_set.clear', 'block_set.destroy'],
        ...['block_iterator.reserve', 'block_iterator.read'],
    ].map((name): [string, Access] => [name, writes(PAGES)]),
    ...[
        ...['folio.order', 'folio.size', 'folio.index', 'folio.refs', 'folio.pins', 'folio.dirty', 'folio.uptodate'],
        ...['block_set.head', 'block_set.length', 'block_set.iterator'],
    ].map((name): [string, Access] => [name, reads(PAGES)]),
    [
        'memfd_pin_folios',
        both(
            writes(PAGES),
            file((touches, f) => touches.write(inodeName(f.inode))),
        ),
    ],
    ['shmem_add_folio', both(writes(PAGES), writesInode)],

    // ---- LUO
    ['luo_request', readsDescriptors],
    ['luo_session_alloc', nothing],
    ['luo.device_in_use', reads(DEVICE)],
    ['luo.device_in_use=', writes(DEVICE)],
    ['luo.was_deserialized', reads(DEVICE)],
    ['luo.deserialized', reads(DEVICE)],
    ['luo.deserialized=', writes(DEVICE)],
    ['luo.claim', writesClaim],
    ['luo.unclaim', writesClaim],
    ...['length', 'find', 'has'].map((name): [string, Access] => [`luo_sessions.${name}`, readsSessions]),
    ...['insert', 'remove'].map((name): [string, Access] => [`luo_sessions.${name}`, writesSessions]),
    ...['retrieved', 'finished', 'frozen', 'file', 'count', 'cursor', 'has_token', 'find_token'].map(
        (name): [string, Access] => [`luo_session.${name}`, readsSession],
    ),
    ...['retrieved', 'finished', 'frozen', 'file', 'cursor'].map((name): [string, Access] => [
        `luo_session.${name}=`,
        writesSession,
    ]),
    ['luo_session.open_file', both(writesSession, writes(NUMBERS, ANONYMOUS))],
    ['luo_files.length', readsSession],
    ['luo_files.last', readsSession],
    ...['push', 'remove', 'pop', 'clear'].map((name): [string, Access] => [`luo_files.${name}`, writesSession]),
    ...['file', 'serialized_data', 'private_data', 'retrieve_status', 'id', 'args'].map((name): [string, Access] => [
        `luo_file.${name}`,
        readsSession,
    ]),
    ...['file', 'serialized_data', 'private_data', 'retrieve_status', 'id'].map((name): [string, Access] => [
        `luo_file.${name}=`,
        writesSession,
    ]),
    ...['has_freeze', 'has_can_finish', 'has_get_id'].map((name): [string, Access] => [
        `luo_handler.${name}`,
        injections,
    ]),
    ...['out_count', 'out_data', 'out_obj', 'args'].map((name): [string, Access] => [`luo_flb.${name}`, readsFlb]),
    ...['out_data=', 'out_obj=', 'out_get', 'out_put'].map((name): [string, Access] => [`luo_flb.${name}`, writesFlb]),

    // ---- messages
    ['log', printed],
    ['str', printed],
    ['klog_info', printed],
    ['klog_warn', printed],
    ['klog_err', printed],
    ['should_fail', nothing],
]);
