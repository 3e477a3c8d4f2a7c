/**
 * The ids of data that a client asks to watch: of rows, expressions and addresses. A text says why it cannot be
 * watched.
 */
import type { CallExpr, Expr } from '../../emulator/language/syntax/ast';
import { parseEntry } from '../../emulator/language/syntax/entry';
import type { Value } from '../../emulator/language/types';
import { ProgramError } from '../../emulator/language/values';
import { FolioRef } from '../../emulator/kernel/mm/file-folios';
import type { Item, PageFrames } from '../../emulator/presentation/item';
import { bytesStored, type Stored } from '../../emulator/presentation/stored';
import { elementStored, fieldStored, framesOf, itemOf } from '../../emulator/presentation/values';
import { evaluateToWatch, type DependsOn } from '../../emulator/runtime/evaluate';
import type { Viewpoint } from '../../emulator/runtime/names-in-scope';
import type { Host } from '../../emulator/runtime/host/host';
import { ArrayView, View } from '../../emulator/runtime/view';
import type { FrameName } from '../../emulator/timeline/watch';
import { countOf, hex } from '../../emulator/text/text';
import type { DataId, Row } from './data-id';

/** Bytes that are watched at an address if the client does not say how many. */
const WORD = 8;

/** The name of the frame of a viewpoint. */
function frameNameOf({ thread, frame }: Viewpoint): FrameName | undefined {
    const index = thread && frame ? thread.frames.indexOf(frame) : -1;
    return thread && frame && index >= 0 ? { thread: thread.id, index, born: frame.born } : undefined;
}

/** What finds a row again. @param keys of the items from the root down; a text says why it cannot be found again */
export function rowBelow(
    host: Host,
    root: Row['root'],
    at: Viewpoint,
    keys: readonly string[],
    name: string,
): Row | string {
    const row: Row = { of: 'row', name, root, path: [...keys] };
    if ('expression' in root) {
        return orReason(() => {
            const { dependsOn } = evaluateToWatch(host, at, parseEntry(root.expression));
            return { ...row, ...whereOf(at, dependsOn) };
        });
    }
    switch (root.scope) {
        case 'Locals':
            // the variables of a process stay when its frame ends
            return dependenceOf(host, at, keys[0] ?? '') === 'process'
                ? {
                      ...row,
                      root: { scope: 'Process' },
                      path: ['variables', ...keys],
                      ...whereOf(at, 'process'),
                  }
                : { ...row, ...whereOf(at, 'frame') };
        case 'Process':
            return { ...row, ...whereOf(at, 'process') };
        default:
            return row;
    }
}

function dependenceOf(host: Host, at: Viewpoint, variable: string): DependsOn {
    const found = orReason(() => evaluateToWatch(host, at, parseEntry(variable)).dependsOn);
    return found === 'process' ? 'process' : 'frame';
}

function whereOf(at: Viewpoint, dependsOn: DependsOn): Pick<Row, 'frame' | 'thread'> {
    const frame = dependsOn === 'frame' ? frameNameOf(at) : undefined;
    const thread = dependsOn === 'process' ? at.thread?.id : undefined;
    return { ...(frame ? { frame } : {}), ...(thread === undefined ? {} : { thread }) };
}

/** @param row its place; @param size the number of bytes from its address, if the client says so */
export function dataOfItem(item: Item, row: Row, size?: number): DataId | string {
    const { name } = row;
    if (item.address !== undefined && size !== undefined) {
        return { of: 'bytes', name, ...bytesStored(item.address, size) };
    }
    if (item.stored) {
        return { of: 'bytes', name, ...item.stored };
    }
    if (item.frames) {
        return { of: 'pages', name, ...item.frames };
    }
    return item.kind === 'virtual' && item.value === ''
        ? `${item.name} only groups other rows. Set a data breakpoint on one of them.`
        : row;
}

/** @param size the number of bytes from the address of the value, if the client says so */
export function dataOfExpression(host: Host, at: Viewpoint, text: string, size?: number): DataId | string {
    return orReason(() => {
        const entry = parseEntry(text);
        if (entry.assign) {
            return 'An assignment cannot be watched.';
        }
        const { value: expr } = entry;
        const owner = callOf(host, expr, 'owner');
        if (owner) {
            return ownerOf(host, at, text, owner);
        }
        const memory = callOf(host, expr, 'memory')?.args;
        if (memory) {
            const [address, count] = memory.map((a) => evaluateToWatch(host, at, { value: a.value }).value);
            return bytesAtAddress(host, addressOf(address), count);
        }
        const written = callOf(host, expr, 'written')?.args[0];
        if (written) {
            const data = ofExpr(host, at, text, written.value, size);
            return typeof data !== 'string' && data.of === 'bytes'
                ? { ...data, everyWrite: true }
                : 'written() takes data that is stored in physical memory, such as a field of a struct.';
        }
        if (expr.kind === 'int' || expr.kind === 'string' || expr.kind === 'bool') {
            return `${text} is a constant. For the memory at an address, write memory(address, bytes).`;
        }
        return ofExpr(host, at, text, expr, size);
    });
}

/** `size` bytes at an address, which is a number or an expression. */
export function dataAtAddress(host: Host, at: Viewpoint, text: string, size = WORD): DataId | string {
    return orReason(() => {
        return bytesAtAddress(host, addressOf(evaluateToWatch(host, at, parseEntry(text)).value), size);
    });
}

function bytesAtAddress(host: Host, address: number | undefined, size: Value): DataId | string {
    if (address === undefined || typeof size !== 'number' || !Number.isInteger(size) || size < 1) {
        return 'A range of memory has a physical address and a number of bytes.';
    }
    return host.machine.isRam(address, size)
        ? { of: 'bytes', name: `memory(${hex(address)}, ${size})`, ...bytesStored(address, size) }
        : `There is no memory at ${hex(address)} with ${countOf(size, 'byte')}.`;
}

/** The call of a function that only the debugger knows. */
function callOf({ declarations }: Host, expr: Expr, name: string): CallExpr | undefined {
    return expr.kind === 'call' && expr.callee.kind === 'name' && expr.callee.name === name
        ? declarations.program.fns.has(name)
            ? undefined
            : expr
        : undefined;
}

/** The page frames of `owner(x)`: of a folio, a struct, or an address with a number of bytes. */
function ownerOf(host: Host, at: Viewpoint, name: string, { args }: CallExpr): DataId | string {
    const [what, bytes] = args.map((a) => evaluateToWatch(host, at, { value: a.value }).value);
    const found = pagesOf(host, what, bytes);
    return found
        ? { of: 'pages', name, ...found }
        : 'owner() takes a folio, a struct in memory, or a physical address with a number of bytes.';
}

/** The page frames of a folio, a struct, or an address with a number of bytes. */
function pagesOf(host: Host, what: Value, bytes?: Value): PageFrames | undefined {
    if (what instanceof FolioRef) {
        return framesOf(host, what.pfn);
    }
    const address = addressOf(what);
    const size = typeof bytes === 'number' ? bytes : what instanceof View ? what.layout.size : 1;
    if (address === undefined || size < 1 || !host.machine.isRam(address, size)) {
        return undefined;
    }
    const { page } = host.machine;
    const pfn = Math.floor(address / page.size);
    return { pfn, count: Math.ceil((address + size) / page.size) - pfn };
}

function addressOf(value: Value): number | undefined {
    if (value instanceof View || value instanceof ArrayView || value instanceof FolioRef) {
        return value.pa;
    }
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function ofExpr(host: Host, at: Viewpoint, name: string, expr: Expr, size: number | undefined): DataId | string {
    const result = evaluateToWatch(host, at, { value: expr });
    const item = itemOf(host, name, result, { stored: storedOf(host, at, expr) });
    const row: Row = { of: 'row', name, root: { expression: name }, path: [name], ...whereOf(at, result.dependsOn) };
    return dataOfItem(item, row, size);
}

/** Where a field or an element is stored in memory; undefined: the expression is neither. */
function storedOf(host: Host, at: Viewpoint, expr: Expr): Stored | undefined {
    if (expr.kind === 'member') {
        const { value } = evaluateToWatch(host, at, { value: expr.object });
        return value instanceof View ? fieldStored(value, value.field(expr.member.name)) : undefined;
    }
    if (expr.kind === 'index') {
        const array = evaluateToWatch(host, at, { value: expr.object }).value;
        const index = evaluateToWatch(host, at, { value: expr.index }).value;
        return array instanceof ArrayView && typeof index === 'number' ? elementStored(array, index) : undefined;
    }
    return undefined;
}

function orReason<T>(find: () => T | string): T | string {
    try {
        return find();
    } catch (e) {
        if (e instanceof ProgramError) {
            return e.message;
        }
        throw e;
    }
}
