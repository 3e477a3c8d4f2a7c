/** Values of the language as items: structs in memory field by field, collections by pages, objects by their fields. */
import { OpenFile } from '../kernel/fs/file';
import type { Process } from '../kernel/fs/process';
import { FolioRef } from '../kernel/mm/file-folios';
import { orderPages } from '../kernel/mm/memmap';
import type { FieldType, LayoutField } from '../language/layout';
import { typeOfField } from '../language/check/types-of';
import { ANY, PHYS, type Type, type Value } from '../language/types';
import { format, isInt, ProgramError } from '../language/values';
import { Bytes } from '../machine/bytes';
import { RecordValue } from '../language/collections';
import { JournaledList } from '../machine/journal';
import { isDescriptor, processVarType, type Evaluated } from '../runtime/evaluate';
import { setKindField } from '../runtime/host/callbacks';
import type { Host } from '../runtime/host/host';
import { isIndexed, readNative } from '../runtime/members';
import { ScenarioProcess } from '../runtime/host/scenario-process';
import { ArrayView, View, wholeAt } from '../runtime/view';
import { duration } from '../text/durations';
import type { Int } from '../machine/int';
import { hex, sizeText } from '../text/text';
import { bytesAt, memoryOf, restOfPage, rowsOf } from './bytes';
import { leaf, type Children, type Item, type PageFrames } from './item';
import { handleType } from './serialized';
import { bytesStored, shownAs, type Stored } from './stored';

export interface More {
    readonly evaluateName?: string | undefined;
    readonly assign?: ((value: Value) => void) | undefined;
    /** The process of a descriptor. */
    readonly process?: Process | undefined;
    readonly stored?: Stored | undefined;
}

/** Native fields with the address or page frame of an object. */
const ADDRESS_FIELDS = ['phys', 'pa'] as const;

/** A value as an item. */
export function itemOf(host: Host, name: string, { value, type }: Evaluated, more: More = {}): Item {
    const shown = valueText(host, value, type, more.process);
    const children = childrenOf(host, value, type, more);
    const address = addressOf(value, type);
    return {
        name,
        value: shown,
        number: isInt(value) && !isDescriptor(type) ? value : undefined,
        type: typeText(value, type),
        children,
        address,
        stored: more.stored ?? storedAt(value),
        frames: value instanceof FolioRef ? framesOf(host, value.pfn) : undefined,
        evaluateName: more.evaluateName,
        assign: more.assign,
    };
}

/** A value in one line. */
function valueText(host: Host, value: Value, type: Type, process?: Process): string {
    if (isDescriptor(type) && typeof value === 'number' && process) {
        const file = process.fds.get(value);
        return file ? `${value} → ${file.name}` : String(value);
    }
    if (isInt(value) && type.k === 'int') {
        return numberText(value, type.unit);
    }
    if (isStruct(value)) {
        return `struct ${value.name}, ${sizeText(value.size)}`;
    }
    if (value instanceof OpenFile) {
        return `${value.kind} ${value.name}`;
    }
    if (
        typeof value === 'object' &&
        value !== null &&
        !('display' in value) &&
        !(value instanceof JournaledList) &&
        !(value instanceof RecordValue) &&
        !(value instanceof Bytes)
    ) {
        return host.natives.typeOf(value)?.name ?? format(value, type);
    }
    return format(value, type);
}

/** `2097152 (2 MiB)`, `108248402 (108 ms)` */
function numberText(n: Int, unit: 'bytes' | 'ns' | undefined): string {
    switch (unit) {
        case 'bytes':
            return n >= 1024 ? `${n} (${sizeText(n)})` : String(n);
        case 'ns':
            return n >= 1000 ? `${n} (${duration(Number(n))})` : String(n);
        case undefined:
            return String(n);
    }
}

function typeText(value: Value, type: Type): string | undefined {
    if (value instanceof View) {
        return value.layout.name;
    }
    switch (type.k) {
        case 'any':
        case 'none':
            return typeof value === 'object' || value === undefined
                ? undefined
                : isInt(value)
                  ? 'int'
                  : typeof value === 'boolean'
                    ? 'bool'
                    : typeof value;
        case 'phys':
            return type.to === undefined ? 'phys' : `phys ${type.to}`;
        case 'object':
        case 'kind':
            return type.name;
        case 'decl':
            return type.of;
        case 'view':
            return type.struct;
        default:
            return type.k;
    }
}

function addressOf(value: Value, type: Type): number | undefined {
    if (value instanceof View || value instanceof ArrayView) {
        return value.pa;
    }
    if (value instanceof FolioRef) {
        return value.pa;
    }
    return type.k === 'phys' && typeof value === 'number' && value !== 0 ? value : undefined;
}

/** The page frames of a folio. */
export function framesOf({ kernel }: Host, pfn: number): PageFrames {
    return { pfn, count: orderPages(kernel?.memmap.orderOf(pfn) ?? 0) };
}

/** Where a struct or an array is, if it is in one piece. */
function storedAt(value: Value): Stored | undefined {
    if (value instanceof View) {
        const size = value.layout.size;
        return value.area ? undefined : bytesStored(value.pa, size);
    }
    return value instanceof ArrayView && !value.area && value.length > 0
        ? bytesStored(value.pa, value.length * value.stride)
        : undefined;
}

interface Struct {
    readonly name: string;
    readonly size: number;
    readonly fields: readonly { readonly name: string; readonly offset: number; readonly size: number }[];
}

function isStruct(v: Value): v is object & Struct {
    return typeof v === 'object' && v !== null && 'byName' in v && 'fields' in v;
}

function childrenOf(host: Host, value: Value, type: Type, more: More): Children | undefined {
    if (typeof value === 'number') {
        return numberChildren(host, value, type, more);
    }
    if (typeof value !== 'object' || value === null) {
        return undefined;
    }
    if (value instanceof View) {
        return {
            named: () => [
                ...viewFields(host, value, more.evaluateName),
                bytesAt(memoryOf(host.machine), value.pa, value.layout.size),
            ],
        };
    }
    if (value instanceof Bytes) {
        return value.length === 0
            ? undefined
            : rowsOf(
                  value.length,
                  (at) => hex(at),
                  (at, n) => value.slice(at, at + n).toUint8Array(),
              );
    }
    if (isStruct(value)) {
        return { named: () => value.fields.map((f) => leaf(f.name, `${sizeText(f.size)} at offset ${f.offset}`)) };
    }
    if (value instanceof ScenarioProcess) {
        return { named: () => processVars(host, value, `${value.name}.`) };
    }
    if (value instanceof RecordValue) {
        return recordFields(host, value, type, more);
    }
    const list = elements(host, value, type, more);
    const named = (): Item[] => objectFields(host, value, more.evaluateName);
    const hasFields =
        value instanceof ArrayView || (host.natives.typeOf(value)?.fields.size ?? 0) > 0 || value instanceof OpenFile;
    if (list) {
        return list;
    }
    return hasFields ? { named } : undefined;
}

function numberChildren(host: Host, value: number, type: Type, { process, evaluateName }: More): Children | undefined {
    if (isDescriptor(type)) {
        const file = process?.fds.get(value);
        return file && { named: () => objectFields(host, file, undefined) };
    }
    if (type.k !== 'phys' || value === 0) {
        return undefined;
    }
    const layout = type.to === undefined ? undefined : host.declarations.struct(type.to, host.library);
    if (layout && host.machine.isRam(value, layout.size)) {
        const view = new View(layout, host.machine.memory, value);
        return {
            named: () => [
                ...viewFields(host, view, evaluateName && `at(${layout.name}, ${evaluateName})`),
                bytesAt(memoryOf(host.machine), value, layout.size),
            ],
        };
    }
    return host.machine.isRam(value) ? { named: () => [restOfPage(memoryOf(host.machine), value)] } : undefined;
}

/** The fields of a struct in memory, each of which can be assigned. */
export function viewFields(host: Host, view: View, expression: string | undefined): Item[] {
    return view.layout.fields.map((f) =>
        attempt(f.name, () => {
            const type = typeOfField(f.type);
            const plain = f.type.k !== 'struct' && f.type.k !== 'array';
            return itemOf(
                host,
                f.name,
                { value: view.get(f), type },
                {
                    evaluateName: expression === undefined ? undefined : `${expression}.${f.name}`,
                    assign: plain ? (v: Value) => view.set(f, v) : undefined,
                    stored: fieldStored(view, f),
                },
            );
        }),
    );
}

/** Where a field of a struct is stored; undefined: in two pieces. */
export function fieldStored(view: View, { offset, size, type }: LayoutField): Stored | undefined {
    return storedIn(view, offset, size, type);
}

/** Where an element of an array is stored; undefined: in two pieces. */
export function elementStored(array: ArrayView, index: number): Stored | undefined {
    return storedIn(array, index * array.stride, array.stride, array.of);
}

function storedIn(within: View | ArrayView, offset: number, size: number, type: FieldType): Stored | undefined {
    const address = wholeAt(within, offset, size);
    return address < 0 || size === 0 ? undefined : { address, size, shown: shownAs(type) };
}

function recordFields(host: Host, value: RecordValue, type: Type, { evaluateName, process }: More): Children {
    const types = type.k === 'record' ? type.fields : undefined;
    return {
        named: () =>
            [...value].map(([name, field]) =>
                itemOf(
                    host,
                    name,
                    { value: field, type: types?.get(name) ?? ANY },
                    {
                        evaluateName: evaluateName === undefined ? undefined : `${evaluateName}.${name}`,
                        process,
                        assign: (v) => void value.set(name, v),
                    },
                ),
            ),
    };
}

/** The elements of a list, an array or a collection of the kernel's. */
function elements(host: Host, value: object, type: Type, { evaluateName }: More): Children | undefined {
    const of = type.k === 'list' ? type.of : ANY;
    const item =
        (
            get: (i: number) => Evaluated,
            set?: (i: number, v: Value) => void,
            stored?: (i: number) => Stored | undefined,
        ) =>
        (i: number): Item =>
            attempt(`[${i}]`, () =>
                itemOf(host, `[${i}]`, get(i), {
                    evaluateName: evaluateName === undefined ? undefined : `${evaluateName}[${i}]`,
                    assign: set && ((v: Value) => set(i, v)),
                    stored: stored?.(i),
                }),
            );
    if (value instanceof ArrayView) {
        const elementType = typeOfField(value.of);
        const plain = value.of.k !== 'struct' && value.of.k !== 'array';
        const indexed = {
            count: value.length,
            item: item(
                (i) => ({ value: value.get(i), type: elementType }),
                plain ? (i, v) => value.set(i, v) : undefined,
                (i) => elementStored(value, i),
            ),
        };
        const size = value.length * value.stride;
        return value.area ? { indexed } : { indexed, named: () => [bytesAt(memoryOf(host.machine), value.pa, size)] };
    }
    if (value instanceof JournaledList) {
        return value.length === 0
            ? undefined
            : {
                  indexed: {
                      count: value.length,
                      item: item(
                          (i) => ({ value: value.items[i] as Value, type: of }),
                          (i, v) => value.set(i, v),
                      ),
                  },
              };
    }
    if (isIndexed(value)) {
        return value.length === 0
            ? undefined
            : { indexed: { count: value.length, item: item((i) => ({ value: value.elementAt(i), type: of })) } };
    }
    return undefined;
}

/** The fields of an object: those of its declared kind, then those of its native type. */
export function objectFields(host: Host, object: object, expression: string | undefined): Item[] {
    const items: Item[] = [];
    const more = (name: string, assign?: (v: Value) => void) => ({
        evaluateName: expression === undefined ? undefined : `${expression}.${name}`,
        assign,
    });
    const file = object instanceof OpenFile ? object : undefined;
    const own = file ? (host.declarations.fileKind(file.kind)?.decl.fields ?? []) : [];
    own.forEach((f, i) => {
        const value = file?.fields[i] as Value;
        items.push(
            itemOf(
                host,
                f.name.name,
                { value, type: f.type?.name.name === 'phys' ? PHYS : ANY },
                more(f.name.name, file && ((v: Value) => setKindField(host, file, i, v))),
            ),
        );
    });
    const type = host.natives.typeOf(object);
    for (const field of type?.fields.values() ?? []) {
        if (items.some((i) => i.name === field.name)) {
            continue;
        }
        const { set } = field;
        items.push(
            attempt(field.name, () =>
                itemOf(
                    host,
                    field.name,
                    {
                        value: readNative(host, field, object),
                        type: handleType(host, object, field.name) ?? field.type,
                    },
                    more(field.name, set && ((v: Value) => set(host, object, v))),
                ),
            ),
        );
    }
    if (object instanceof FolioRef) {
        items.push(
            historyItem(host, object.pfn),
            bytesAt(
                memoryOf(host.machine),
                object.pa,
                host.machine.page.size * 2 ** (host.kernel?.memmap.orderOf(object.pfn) ?? 0),
            ),
        );
    } else {
        const at = items.find((i) => ADDRESS_FIELDS.some((n) => n === i.name))?.address;
        if (at !== undefined && !items.some((i) => i.name === 'bytes')) {
            items.push(restOfPage(memoryOf(host.machine), at));
        }
    }
    return items;
}

/** The owners of a page, oldest first, across all kernels of the machine. */
function historyItem(host: Host, pfn: number): Item {
    const { history, owners } = host.machine;
    return {
        name: 'history',
        value: 'the owners of its first page',
        kind: 'virtual',
        children: {
            named: () =>
                history
                    .of(pfn)
                    .map((e, i) =>
                        leaf(
                            String(i),
                            `${e.kind}: ${owners.name(e.owner)}${e.kernel > 1 ? ` (kernel ${e.kernel})` : ''}`,
                        ),
                    ),
        },
    };
}

/** The variables of a process. */
export function processVars(host: Host, user: ScenarioProcess, prefix: string): Item[] {
    return [...user.vars.entries()].map(([name, value]) =>
        attempt(name, () =>
            itemOf(
                host,
                name,
                { value, type: processVarType(host.declarations.program, user.group, name) },
                {
                    evaluateName: `${prefix}${name}`,
                    process: user.process,
                    assign: (v) => user.vars.set(name, v),
                },
            ),
        ),
    );
}

/** An item, or the reason why it cannot be computed. */
export function attempt(name: string, make: () => Item): Item {
    try {
        return make();
    } catch (e) {
        if (e instanceof ProgramError || e instanceof RangeError) {
            return leaf(name, `<${e.message}>`);
        }
        throw e;
    }
}
