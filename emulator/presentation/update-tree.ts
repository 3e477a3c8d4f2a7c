/**
 * The live update as rows, for a view of its own: a session, and below it each of its files with the stations that it
 * has passed, in this kernel and in the previous one.
 */
import { hasInterfaceStates, interfaceState } from '../kernel/luo/interface-states';
import type { OpenFile } from '../kernel/fs/file';
import type { Kernel } from '../kernel/kernel';
import { incomingArea, incomingEntries } from '../kernel/luo/incoming';
import type { FlbSide, LuoFile, LuoSession } from '../kernel/luo/state';
import { REFCOUNT_SATURATED } from '../kernel/refcount';
import type { HandoverView } from '../handover/model';
import { format } from '../language/values';
import type { Place } from '../findings/place';
import type { Host } from '../runtime/host/host';
import { isCallback } from '../runtime/purpose';
import { View } from '../runtime/view';
import { counted, hex } from '../text/text';
import { printable } from '../text/utf8';
import { memoryOf } from './bytes';
import { handedOver } from './serialized';
import { objectFields, viewFields } from './values';

/** How far a file has come at a station. */
export type Progress = 'done' | 'running' | 'failed' | 'open';

export interface Station {
    readonly name: 'preserved' | 'frozen' | 'retrieved' | 'finished';
    readonly progress: Progress;
}

/** A field of the structure that the handler hands over. */
export interface Field {
    readonly name: string;
    readonly value: string;
    /** The field of that name of the file, as it is now; undefined if there is none. */
    readonly inFile?: string | undefined;
}

export interface FileRow {
    /** Distinguishes it from the other rows, and is the same at every stop. */
    readonly key: string;
    readonly token: string;
    /** The file's name; undefined if it was not retrieved. */
    readonly file: string | undefined;
    readonly handler: string;
    readonly compatible: string;
    readonly stations: readonly Station[];
    /** The callback that runs for it: `memfd.freeze`. */
    readonly running: string | undefined;
    /** The structure at its handle, read from memory now; the next kernel reads the same bytes. */
    readonly fields: readonly Field[];
    /** The physical address of that structure. */
    readonly address: number | undefined;
    /** The declaration of its handler. */
    readonly place: Place | undefined;
}

export interface SessionRow {
    readonly key: string;
    readonly name: string;
    readonly direction: 'outgoing' | 'incoming';
    /** `2 files, retrieved` */
    readonly state: string;
    /** The number of files that the previous kernel handed over and that were not retrieved. */
    readonly unclaimed: number;
    readonly files: readonly FileRow[];
    /** The number of files that are not in the list. */
    readonly more: number;
}

export interface FlbRow {
    readonly key: string;
    readonly name: string;
    /** The count of users in the direction; empty if it has none in this picture. */
    readonly outgoing: string;
    readonly incoming: string;
}

export interface UpdateTree {
    /** Why there is nothing to show; empty if there is. */
    readonly message: string;
    readonly sessions: readonly SessionRow[];
    readonly flbs: readonly FlbRow[];
    readonly unclaimed: number;
}

/** The most files of a session that are listed. */
const MOST_FILES = 500;

function nothing(message: string): UpdateTree {
    return { message, sessions: [], flbs: [], unclaimed: 0 };
}

export function updateTree(host: Host): UpdateTree {
    const { kernel } = host;
    if (!kernel) {
        return nothing('No kernel is running.');
    }
    const { luo } = kernel;
    if (!luo.enabled) {
        return nothing('Live update is disabled in this kernel.');
    }
    const running = runningCallbacks(host);
    const sessions = [
        ...luo.outgoing.sessions.items.map((s) => sessionRow(host, s, running)),
        ...(luo.deserialized === undefined ? notRead(host, kernel) : []),
        ...luo.incoming.sessions.items.map((s) => sessionRow(host, s, running)),
    ];
    return {
        message: sessions.length === 0 && luo.flbs.length === 0 ? 'No sessions.' : '',
        sessions,
        flbs: luo.flbs.items.map((f) => ({
            key: `flb ${f.name}`,
            name: f.name,
            outgoing: countText(f.outgoing),
            incoming: countText(f.incoming),
        })),
        unclaimed: sessions.reduce((n, s) => n + s.unclaimed, 0),
    };
}

/** The files for which a callback of a handler runs, with its name. */
function runningCallbacks({ interpreter }: Host): ReadonlyMap<LuoFile, string> {
    const found = new Map<LuoFile, string>();
    for (const { purpose } of interpreter.threads.flatMap((t) => t.frames)) {
        if (isCallback(purpose) && purpose.kind === 'handler' && purpose.args) {
            found.set(purpose.args.luoFile, purpose.name);
        }
    }
    return found;
}

function sessionRow(host: Host, session: LuoSession, running: ReadonlyMap<LuoFile, string>): SessionRow {
    const { files, incoming } = session;
    const unclaimed = incoming ? files.items.filter((f) => f.retrieveStatus === 0).length : 0;
    const state = [
        counted(files.length, 'file'),
        ...(host.kernel && hasInterfaceStates(host.kernel.desc) ? [interfaceState(session.state)] : []),
        ...(session.retrieved ? ['retrieved'] : incoming ? ['not retrieved'] : []),
        ...(session.finished ? ['finished'] : []),
        ...(session.frozen ? ['frozen'] : []),
    ];
    const direction = incoming ? 'incoming' : 'outgoing';
    return {
        key: `${direction} ${session.name}`,
        name: printable(session.name),
        direction,
        state: state.join(', '),
        unclaimed,
        files: files.items.slice(0, MOST_FILES).map((f, i) => fileRow(host, session, f, i, running.get(f))),
        more: Math.max(0, files.length - MOST_FILES),
    };
}

function fileRow(host: Host, session: LuoSession, f: LuoFile, index: number, running: string | undefined): FileRow {
    const declared = host.declarations.handler(f.handler.name, host.library);
    return {
        key: `${session.incoming ? 'incoming' : 'outgoing'} ${session.name} ${hex(f.token)}`,
        token: hex(f.token),
        file: f.file?.name,
        handler: f.handler.name,
        compatible: printable(f.handler.compatible),
        stations: stationsOf(host, session, f, index, running),
        running,
        ...handleOf(host, f),
        place: declared && {
            uri: declared.program.uriOf.get(declared.decl) ?? declared.program.main,
            start: declared.decl.name.start,
            end: declared.decl.name.end,
        },
    };
}

function stationsOf(
    { interpreter }: Host,
    session: LuoSession,
    f: LuoFile,
    index: number,
    running: string | undefined,
): Station[] {
    const runs = (callback: string): boolean => running?.endsWith(`.${callback}`) === true;
    const at = (name: Station['name'], callback: string, progress: Progress): Station => ({
        name,
        progress: runs(callback) ? 'running' : progress,
    });
    if (!session.incoming) {
        // freeze() runs in the order of the files; the cursor is the number of the one that it works on
        const freezing = interpreter.threads.some((t) => t.frames.some(({ purpose }) => purpose?.kind === 'reboot'));
        const frozen = session.frozen || (freezing && index + 1 < session.cursor) ? 'done' : 'open';
        return [at('preserved', 'preserve', 'done'), at('frozen', 'freeze', frozen)];
    }
    const status = f.retrieveStatus;
    return [
        { name: 'preserved', progress: 'done' },
        { name: 'frozen', progress: 'done' },
        at('retrieved', 'retrieve', status === 0 ? 'open' : status > 0 ? 'done' : 'failed'),
        at('finished', 'finish', session.finished ? 'done' : 'open'),
    ];
}

/** The structure at the handle of a file, if the callbacks tell its type. */
function handleOf(host: Host, f: LuoFile): Pick<FileRow, 'fields' | 'address'> {
    const { serializedData: data } = f;
    const declared = host.declarations.handler(f.handler.name, host.library);
    const what = declared && handedOver(host.declarations, declared.decl, declared.program);
    if (!what || typeof data !== 'number' || data === 0 || !memoryOf(host.machine).has(data, what.layout.size)) {
        return { fields: [{ name: 'serialized_data', value: hex(data) }], address: undefined };
    }
    const view = new View(what.layout, host.machine.memory, data);
    const own = numbersOf(host, f.file);
    const fields = viewFields(host, view, '').map(({ name, value }) => ({ name, value, inFile: own.get(name) }));
    return { fields, address: data };
}

/** What kernel files have of their own that handlers hand over under the same name: see struct memfd_luo_ser. */
const OF_MEMFD = ['pos', 'size'];

/** The numbers in the fields of a file's kind, and the position and size of a memfd. */
function numbersOf(host: Host, file: OpenFile | null): ReadonlyMap<string, string> {
    if (!file) {
        return new Map();
    }
    const declared = host.declarations.fileKind(file.kind)?.decl.fields.map((x) => x.name.name);
    const names = declared ?? OF_MEMFD;
    const found = objectFields(host, file, undefined).filter((i) => names.includes(i.name));
    return new Map(
        found.flatMap(({ name, value }) => {
            const number = NUMBER.exec(value)?.[0];
            return number === undefined ? [] : [[name, number] as const];
        }),
    );
}

/** Without the same in other units behind it. */
const NUMBER = /^(?:0x[0-9a-f]+|-?\d+)(?= \(|$)/;

/** Sessions that the previous kernel handed over, before /dev/liveupdate is opened for the first time. */
function notRead(host: Host, kernel: Kernel): SessionRow[] {
    const layout = host.library.structs.get('luo_session_ser');
    if (!layout || (kernel.luo.incoming.blocks.capacity === 0 && incomingArea(kernel) === 0)) {
        return [];
    }
    const memory = memoryOf(host.machine);
    return incomingEntries(kernel).flatMap((address): SessionRow[] => {
        if (!memory.has(address, layout.size)) {
            return [];
        }
        const view = new View(layout, host.machine.memory, address);
        const text = view.get(view.field('name'));
        const name = typeof text === 'string' ? printable(text) : format(text);
        const count = view.get(view.field('count'));
        const files = typeof count === 'number' ? count : 0;
        return [
            {
                key: `incoming ${name}`,
                name,
                direction: 'incoming',
                state: `${counted(files, 'file')}, not read yet`,
                unclaimed: files,
                files: [],
                more: files,
            },
        ];
    });
}

function countText({ count }: FlbSide): string {
    return count >= REFCOUNT_SATURATED ? `${hex(count)} (saturated)` : String(count);
}

/** The same for a memory image. */
export function imageUpdateTree({ luo }: HandoverView): UpdateTree {
    if (!luo) {
        return nothing('The image has no LUO data.');
    }
    const done: Station[] = [
        { name: 'preserved', progress: 'done' },
        { name: 'frozen', progress: 'done' },
    ];
    return {
        message: luo.sessions.length === 0 && luo.flbs.length === 0 ? 'No sessions.' : '',
        sessions: luo.sessions.map((s) => ({
            key: `incoming ${s.name}`,
            name: printable(s.name),
            direction: 'incoming',
            state: counted(s.files.length, 'file'),
            unclaimed: 0,
            files: s.files.slice(0, MOST_FILES).map((f) => ({
                key: `incoming ${s.name} ${hex(f.token)}`,
                token: hex(f.token),
                file: undefined,
                handler: '',
                compatible: printable(f.compatible),
                stations: done,
                running: undefined,
                fields: f.memfd
                    ? [
                          { name: 'size', value: String(f.memfd.size) },
                          { name: 'pos', value: String(f.memfd.pos) },
                          { name: 'seals', value: hex(f.memfd.seals) },
                          { name: 'nr_folios', value: String(f.memfd.nrFolios) },
                      ]
                    : [{ name: 'data', value: hex(f.data) }],
                address: typeof f.data === 'number' ? f.data : undefined,
                place: undefined,
            })),
            more: Math.max(0, s.files.length - MOST_FILES),
        })),
        flbs: luo.flbs.map((f) => ({
            key: `flb ${f.name}`,
            name: printable(f.name),
            outgoing: '',
            incoming: String(f.count),
        })),
        unclaimed: 0,
    };
}
