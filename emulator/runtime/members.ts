/** `.name` and `[i]` on values whose type is known only at run time. */
import { counted } from '../text/text';
import { Bytes } from '../machine/bytes';
import { RecordValue } from '../language/collections';
import { JournaledList } from '../machine/journal';
import { OpenFile } from '../kernel/fs/file';
import { Err } from '../kernel/release/errno';
import { setKindField } from './host/callbacks';
import type { Value } from '../language/types';
import type { Host } from './host/host';
import type { ObjectType, NativeField, NativeFunction } from './natives/native';
import { ArrayView, View } from './view';
import { asNumber, format, ProgramError } from '../language/values';

/** A collection of the kernel that is indexed like a list. */
export interface Indexed {
    readonly length: number;
    elementAt(index: number): Value;
}

export function isIndexed(v: object): v is Indexed {
    return 'elementAt' in v;
}

export type Member =
    | { readonly kind: 'field'; readonly field: NativeField }
    | { readonly kind: 'method'; readonly method: NativeFunction };

/** The object type of a value, if it has one. */
export function objectTypeOf(host: Host, v: Value): ObjectType | undefined {
    if (typeof v === 'number') {
        return host.natives.fd;
    }
    return typeof v === 'object' && v !== null ? host.natives.typeOf(v) : undefined;
}

/** What decides which members a value has: its class. Undefined for values without members. */
export function classOf(v: Value): unknown {
    if (typeof v === 'number') {
        return Number;
    }
    return typeof v === 'object' && v !== null ? v.constructor : undefined;
}

export function memberOf(host: Host, v: Value, name: string): Member | undefined {
    const type = objectTypeOf(host, v);
    const field = type?.fields.get(name);
    if (field) {
        return { kind: 'field', field };
    }
    const method = type?.methods.get(name);
    return method && { kind: 'method', method };
}

/** Reads a field of an object. @throws ProgramError if the read fails, with the reason. */
export function readNative(host: Host, field: NativeField, v: Value): Value {
    if (v === null || v === undefined) {
        throw new ProgramError(`cannot read ${field.name}: the object is none`);
    }
    // a descriptor is a number, which has its fields like an object
    const result = field.get(host, typeof v === 'object' ? v : (Object(v) as object));
    if (result instanceof Err) {
        throw new ProgramError(`reading ${field.name} fails with ${result.name}`);
    }
    return result;
}

/**
 * Reads `.name` at one place of the code. It remembers the field of the class that it met last: a loop meets the same
 * class again and again.
 */
export function memberReader(host: Host, name: string): (v: Value) => Value {
    let cls: unknown;
    let field: NativeField | undefined;
    return (v) => {
        if (field && classOf(v) === cls) {
            return readNative(host, field, v);
        }
        const found = hasMembersOfItsOwn(v) ? undefined : memberOf(host, v, name);
        if (found?.kind !== 'field') {
            return readMember(host, v, name);
        }
        [cls, field] = [classOf(v), found.field];
        return readNative(host, field, v);
    };
}

/** Whether a value can have members that other values of its class do not have. */
function hasMembersOfItsOwn(v: Value): boolean {
    return (
        v instanceof View ||
        v instanceof RecordValue ||
        v instanceof OpenFile ||
        v instanceof JournaledList ||
        v instanceof ArrayView ||
        v instanceof Bytes
    );
}

/** `.name` of any value. */
export function readMember(host: Host, v: Value, name: string): Value {
    if (v instanceof View) {
        return v.read(v.field(name));
    }
    if (v instanceof RecordValue && v.has(name)) {
        return v.get(name);
    }
    const kind = host.declarations.kindFieldOf(v, name);
    if (kind) {
        return kind.file.fields[kind.index] as Value;
    }
    if (
        (v instanceof JournaledList || v instanceof ArrayView || v instanceof Bytes) &&
        (name === 'length' || name === 'size')
    ) {
        return v.length;
    }
    const m = memberOf(host, v, name);
    if (m?.kind === 'field') {
        return readNative(host, m.field, v);
    }
    if (v === null || v === undefined) {
        throw new ProgramError(`cannot read ${name}: the object is none`);
    }
    throw new ProgramError(`${format(v)} has no field ${name}`);
}

export function writeMember(host: Host, v: Value, name: string, value: Value): void {
    if (v instanceof View) {
        v.set(v.field(name), value);
        return;
    }
    if (v instanceof RecordValue && v.has(name)) {
        v.set(name, value);
        return;
    }
    const kind = host.declarations.kindFieldOf(v, name);
    if (kind) {
        setKindField(host, kind.file, kind.index, value);
        return;
    }
    const m = memberOf(host, v, name);
    if (m?.kind === 'field' && m.field.set && typeof v === 'object' && v !== null) {
        m.field.set(host, v, value);
        return;
    }
    throw new ProgramError(m ? `${name} cannot be assigned` : `${format(v)} has no field ${name}`);
}

export function readIndex(v: Value, index: Value): Value {
    const i = asNumber(index, 'an index');
    if (v instanceof ArrayView) {
        return v.read(i);
    }
    if (v instanceof JournaledList) {
        checkIndex(i, v.length);
        return v.items[i] as Value;
    }
    if (v instanceof Bytes) {
        checkIndex(i, v.length);
        return v.slice(i, i + 1).toUint8Array()[0];
    }
    if (typeof v === 'object' && v !== null && isIndexed(v)) {
        checkIndex(i, v.length);
        return v.elementAt(i);
    }
    throw new ProgramError(`${format(v)} is not a list`);
}

export function writeIndex(v: Value, index: Value, value: Value): void {
    const i = asNumber(index, 'an index');
    if (v instanceof ArrayView) {
        v.set(i, value);
        return;
    }
    if (v instanceof JournaledList) {
        checkIndex(i, v.length);
        v.set(i, value);
        return;
    }
    throw new ProgramError(`the elements of ${format(v)} cannot be assigned`);
}

/** The number of iterations of a `for` over this value. */
export function lengthOf(v: Value): number {
    if (v instanceof JournaledList || v instanceof ArrayView || v instanceof Bytes) {
        return v.length;
    }
    if (typeof v === 'object' && v !== null && isIndexed(v)) {
        return v.length;
    }
    throw new ProgramError(`cannot iterate over ${format(v)}: it is not a list`);
}

function checkIndex(i: number, length: number): void {
    if (!Number.isInteger(i) || i < 0 || i >= length) {
        throw new ProgramError(`index ${i} is outside this list of ${counted(length, 'element')}`);
    }
}
