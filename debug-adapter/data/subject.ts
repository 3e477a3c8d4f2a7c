/** What an id of data means in a run. */
import { parseEntry } from '../../emulator/language/syntax/entry';
import { ProgramError } from '../../emulator/language/values';
import type { Children, Item } from '../../emulator/presentation/item';
import { scopeOf } from '../../emulator/presentation/scopes';
import { storedText } from '../../emulator/presentation/stored';
import { itemOf } from '../../emulator/presentation/values';
import { evaluateAtTrap } from '../../emulator/runtime/evaluate';
import type { Viewpoint } from '../../emulator/runtime/names-in-scope';
import type { Host } from '../../emulator/runtime/host/host';
import { processOf } from '../../emulator/runtime/host/scenario-process';
import type { Access, Subject, Watch } from '../../emulator/timeline/watch';
import { itemAt } from '../variables/handles';
import type { DataId, Row } from './data-id';

export function subjectOf(id: DataId): Subject {
    switch (id.of) {
        case 'bytes':
            return {
                kind: 'bytes',
                address: id.address,
                size: id.size,
                show: id.shown.as === 'bytes' ? undefined : (host) => storedText(host.machine, id),
            };
        case 'pages':
            return { kind: 'owner', pfn: id.pfn, count: id.count };
        case 'row':
            return {
                kind: 'value',
                read: (host) => textOf(host, id),
                frame: id.frame && { ...id.frame, names: namesIn(id) },
            };
    }
}

/** The watch of a search for changes. */
export function watchOf(id: DataId): Watch {
    return { subject: subjectOf(id), access: id.of === 'bytes' && id.everyWrite === true ? 'writes' : 'changes' };
}

/** What the access of a client's request means: clients offer `write` as "the value changes". */
export function accessOf(id: DataId, access: 'read' | 'write' | 'readWrite' | undefined): Access {
    return access === 'read' ? 'reads' : access === 'readWrite' ? 'accesses' : watchOf(id).access;
}

/** All names that occur in the expression of a row, or in the key below its scope. */
function namesIn({ root, path }: Row): ReadonlySet<string> {
    return new Set(('expression' in root ? root.expression : (path[0] ?? '')).match(/[A-Za-z_]\w*/g));
}

/** The text of a row; undefined if it does not exist. */
function textOf(host: Host, row: Row): string | undefined {
    const at = viewpointOf(host, row);
    const children = at && rootOf(host, row, at);
    return children && host.listeners.quietly(() => itemAt(children, row.path)?.value);
}

/** Where a row is read; undefined: its frame or its thread does not exist. */
function viewpointOf(host: Host, { frame, thread: id }: Row): Viewpoint | undefined {
    if (frame === undefined && id === undefined) {
        return { thread: undefined, frame: undefined };
    }
    const thread = host.interpreter.threads.find((t) => t.id === (frame?.thread ?? id));
    if (!frame) {
        return thread && { thread, frame: undefined };
    }
    const found = thread?.frames[frame.index];
    return found?.born === frame.born ? { thread, frame: found } : undefined;
}

function rootOf(host: Host, { root }: Row, at: Viewpoint): Children | undefined {
    if ('scope' in root) {
        return scopeOf(host, root.scope, at);
    }
    const item = resultItem(host, root.expression, at);
    return item && { named: () => [item] };
}

function resultItem(host: Host, expression: string, at: Viewpoint): Item | undefined {
    try {
        const result = evaluateAtTrap(host, at, parseEntry(expression));
        return itemOf(host, expression, result, { process: processOf(at.thread)?.process });
    } catch (e) {
        if (e instanceof ProgramError || e instanceof RangeError) {
            return undefined;
        }
        throw e;
    }
}
