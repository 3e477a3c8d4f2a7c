/** The scope *Live Update*: the outgoing and incoming state of the running kernel's LUO. */
import { FEATURE_WORDS_SIZE, featureNames, MEMFD_BY_WORDS, readFeatureWords } from '../kernel/release/formats';
import { quoted } from '../text/utf8';
import { Updates } from '../diagnosis/updates';
import type { Kernel } from '../kernel/kernel';
import type { BlockSet } from '../kernel/kho/blocks';
import { incomingArea, incomingEntries } from '../kernel/luo/incoming';
import { hasInterfaceStates, interfaceState } from '../kernel/luo/interface-states';
import type { FlbSide, LuoFile, LuoFlb, LuoHandler, LuoSession, SessionList } from '../kernel/luo/state';
import { REFCOUNT_SATURATED } from '../kernel/refcount';
import { ANY, type Value } from '../language/types';
import { format, isInt, type Int } from '../language/values';
import type { Host } from '../runtime/host/host';
import { View } from '../runtime/view';
import { hex, counted } from '../text/text';
import { addressItem, bytesAt, memoryOf, type VisibleMemory } from './bytes';
import { group, leaf, listing, type Item } from './item';
import { lockItems } from './locks';
import { handedOver, type HandedOver } from './serialized';
import { updateTimes } from './update';
import { attempt, itemOf, objectFields, viewFields } from './values';
import { arrayItem } from './vmalloc';

export function liveUpdateItems(host: Host): Item[] {
    const { kernel } = host;
    if (!kernel) {
        return [leaf('kernel', 'none is running')];
    }
    const { luo } = kernel;
    const memory = memoryOf(host.machine);
    if (!luo.enabled) {
        return [leaf('live update', 'disabled')];
    }
    return [
        sessionsItem(host, 'outgoing sessions', luo.outgoing),
        luo.deserialized === undefined && (luo.incoming.blocks.capacity > 0 || incomingArea(kernel) > 0)
            ? notRebuilt(host, kernel)
            : sessionsItem(host, 'incoming sessions', luo.incoming),
        listing('FLBs', 'FLB', luo.flbs.length, (i) => flbItem(host, luo.flbs.at(i))),
        listing('preserved files', 'file', luo.preservedFiles.size, (i) => preservedFile(host, i)),
        listing('handlers', 'handler', luo.handlers.length, (i) => handlerItem(host, luo.handlers.at(i))),
        ...(hasInterfaceStates(kernel.desc) ? [leaf('state of all', interfaceState(luo.state))] : []),
        group('state', `update ${BigInt(luo.incomingNum) + 1n}`, () => [
            leaf('liveupdate_num', `${luo.incomingNum} incoming, ${BigInt(luo.incomingNum) + 1n} outgoing`),
            leaf('device', luo.deviceInUse ? 'open' : 'not open'),
            leaf(
                'deserialized',
                luo.deserialized === undefined
                    ? 'not yet'
                    : luo.deserialized === 0
                      ? 'yes'
                      : `failed: ${luo.deserialized}`,
            ),
            addressItem(memory, 'luo_ser', luo.ser),
            addressItem(memory, 'FLB page (outgoing)', luo.flbPage),
            addressItem(memory, 'FLB page (incoming)', luo.incomingFlbPage),
        ]),
        ...lockItems(host),
        ...updateTimes(Updates.of(host)?.current),
    ];
}

function sessionsItem(host: Host, name: string, list: SessionList): Item {
    return listing(name, 'session', list.sessions.length, (i) => sessionItem(host, list.sessions.at(i)));
}

/**
 * Incoming sessions in memory, before the first open of the device rebuilds them.
 */
function notRebuilt(host: Host, kernel: Kernel): Item {
    const layout = host.library.structs.get('luo_session_ser');
    const entries = incomingEntries(kernel);
    const item = listing('incoming sessions', 'session', entries.length, (i) =>
        attempt(`[${i}]`, () => {
            const view = layout && new View(layout, host.machine.memory, entries[i] ?? 0);
            const entry = itemOf(host, `[${i}]`, { value: view, type: ANY });
            const [name, files] = view ? [view.get(view.field('name')), view.get(view.field('count'))] : [];
            return isInt(files) ? { ...entry, value: `${format(name)}, ${counted(files, 'file')}` } : entry;
        }),
    );
    return { ...item, value: `${item.value}, rebuilt when /dev/liveupdate is first opened` };
}

/** The most files that are listed directly in their session; more are read in pages. */
const FEW = 100;

/** A session, which expands to its files. */
export function sessionItem(host: Host, session: LuoSession | undefined): Item {
    if (!session) {
        return leaf('none', '');
    }
    const n = session.files.length;
    const state = [
        session.incoming ? 'incoming' : 'outgoing',
        ...(host.kernel && hasInterfaceStates(host.kernel.desc) ? [interfaceState(session.state)] : []),
        ...(session.retrieved ? ['retrieved'] : []),
        ...(session.finished ? ['finished'] : []),
        ...(session.frozen ? ['frozen'] : []),
    ];
    return {
        name: quoted(session.name),
        value: `${counted(n, 'file')}, ${state.join(', ')}`,
        type: 'luo_session',
        evaluateName: `session(${quoted(session.name)})`,
        children: {
            named: () => [
                ...(n <= FEW ? session.files.items.map((f) => fileItem(host, f)) : []),
                leaf('state', state.join(', ')),
                ...(session.cursor > 0 ? [leaf('at file', `${session.cursor} of ${n}`)] : []),
                blocksItem(memoryOf(host.machine), 'blocks', session.fileBlocks),
            ],
            ...(n > FEW ? { indexed: { count: n, item: (i: number) => fileItem(host, session.files.at(i)) } } : {}),
        },
    };
}

function fileItem(host: Host, file: LuoFile | undefined): Item {
    if (!file) {
        return leaf('none', '');
    }
    const token = hex(file.token);
    return {
        name: `token ${token}`,
        value: `${file.handler.compatible}${file.file ? `, ${file.file.name}` : ''}`,
        type: 'luo_file',
        children: {
            named: () => [
                leaf('token', token),
                serializedItem(host, file),
                ...featureItems(host, file),
                leaf('retrieve_status', statusText(file.retrieveStatus)),
                file.file
                    ? itemOf(host, 'file', { value: file.file, type: { k: 'object', name: 'file' } })
                    : leaf('file', 'none'),
                itemOf(host, 'private_data', { value: file.privateData as Value, type: ANY }),
                handlerItem(host, file.handler, 'handler'),
            ],
        },
    };
}

/** What the words at the beginning of the data say; nothing for a handler without words. */
function featureItems(host: Host, { handler, serializedData: pa }: LuoFile): Item[] {
    const { machine } = host;
    if (handler.compatible !== MEMFD_BY_WORDS || typeof pa !== 'number' || !machine.isRam(pa, FEATURE_WORDS_SIZE)) {
        return [];
    }
    const words = readFeatureWords(machine.memory, pa);
    return [
        leaf(
            'features',
            (['supp', 'req', 'active'] as const)
                .map((word) => `${word}: ${featureNames(MEMFD_BY_WORDS, words[word])}`)
                .join('; '),
        ),
    ];
}

function statusText(status: number): string {
    return status === 0 ? '0 (never tried)' : status > 0 ? `${status} (retrieved)` : String(status);
}

function serializedItem(host: Host, file: LuoFile): Item {
    const declared = host.declarations.handler(file.handler.name, host.library);
    return dataItem(
        host,
        'serialized_data',
        file.serializedData,
        declared && handedOver(host.declarations, declared.decl, declared.program),
    );
}

/** The handle that is passed to the next kernel, and the structure that it points to, field by field. */
function dataItem(host: Host, name: string, data: Int, what: HandedOver | undefined): Item {
    const memory = memoryOf(host.machine);
    if (!what || typeof data !== 'number' || data === 0 || !memory.has(data, what.layout.size)) {
        return typeof data === 'number' && data !== 0 && memory.has(data, 1)
            ? addressItem(memory, name, data)
            : leaf(name, isInt(data) ? hex(data) : format(data));
    }
    const { layout } = what;
    const view = new View(layout, host.machine.memory, data);
    return {
        name,
        value: `${layout.name} at ${hex(data)}`,
        type: layout.name,
        address: data,
        evaluateName: `at(${layout.name}, ${hex(data)})`,
        children: {
            named: () => [
                ...viewFields(host, view, `at(${layout.name}, ${hex(data)})`).map((field) => {
                    const listed = what.arrays.find((a) => a.field === field.name);
                    return listed ? attempt(field.name, () => arrayItem(host, view, listed) ?? field) : field;
                }),
                bytesAt(memory, data, layout.size),
            ],
        },
    };
}

function flbItem(host: Host, flb: LuoFlb | undefined): Item {
    if (!flb) {
        return leaf('none', '');
    }
    return {
        name: flb.name,
        value: `outgoing ${countText(flb.outgoing.count)}, incoming ${countText(flb.incoming.count)}`,
        type: 'luo_flb',
        children: {
            named: () => [
                leaf('compatible', flb.compatible),
                sideItem(host, 'outgoing', flb, flb.outgoing),
                sideItem(host, 'incoming', flb, flb.incoming),
            ],
        },
    };
}

function countText(count: number): string {
    return count >= REFCOUNT_SATURATED ? `${hex(count)} (saturated)` : String(count);
}

function sideItem(host: Host, name: string, flb: LuoFlb, side: FlbSide): Item {
    const declared = host.declarations.flb(flb.name, host.library);
    return group(name, `count ${countText(side.count)}`, () => [
        leaf('count', countText(side.count)),
        dataItem(host, 'data', side.data, declared && handedOver(host.declarations, declared.decl, declared.program)),
        itemOf(host, 'obj', { value: side.obj as Value, type: ANY }),
        ...(name === 'incoming'
            ? [leaf('retrieve_status', statusText(side.retrieveStatus)), leaf('finished', String(side.finished))]
            : []),
    ]);
}

/**
 * An entry of the map that prevents preserving a resource twice, with its file of a session.
 */
function preservedFile(host: Host, index: number): Item {
    const luo = host.kernel?.luo;
    if (!luo) {
        return leaf('none', '');
    }
    const id = [...luo.preservedFiles.keys()][index];
    const name = itemOf(host, '', { value: id as Value, type: ANY }).value;
    const sessions = [...luo.outgoing.sessions, ...luo.incoming.sessions];
    const file = sessions.flatMap((s) => s.files.items.filter((f) => f.id === id))[0];
    if (!file) {
        return leaf(name, 'in no session');
    }
    const item = fileItem(host, file);
    const value = `${file.session.display()}, ${item.name}`;
    // a path may be open several times, as several files
    return { ...item, name, value, key: value };
}

function handlerItem(host: Host, handler: LuoHandler | undefined, name?: string): Item {
    if (!handler) {
        return leaf('none', '');
    }
    return {
        name: name ?? handler.name,
        value: name === undefined ? quoted(handler.compatible) : handler.display(),
        type: 'luo_handler',
        children: { named: () => objectFields(host, handler, handler.name) },
    };
}

/** The linked pages with the entries for the handover. */
function blocksItem(memory: VisibleMemory, name: string, set: BlockSet): Item {
    return listing(name, 'block', set.blocks.length, (i) => addressItem(memory, `[${i}]`, set.blocks.at(i) ?? 0));
}
