/** Relations between types, and the names of types in messages. */
import type { FieldType } from '../layout';
import { listed } from '../../text/text';
import { ANY, BOOL, BYTES, INT, PHYS, RECORD, STRING, listOf, type Type } from '../types';

const INT_NAMES = new Set(['int', 'u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64']);

/** The simple type with this name. */
export function simpleType(name: string): Type | undefined {
    if (INT_NAMES.has(name)) {
        return INT;
    }
    switch (name) {
        case 'bool':
            return BOOL;
        case 'string':
            return STRING;
        case 'bytes':
            return BYTES;
        case 'phys':
            return PHYS;
        case 'fd':
            return { k: 'fd' };
        case 'list':
            return listOf(ANY);
        case 'record':
            return RECORD;
        case 'any':
            return ANY;
        default:
            return undefined;
    }
}

/** The names that {@link simpleType} knows. */
export const SIMPLE_TYPES: readonly string[] = [
    ...INT_NAMES,
    'bool',
    'string',
    'bytes',
    'phys',
    'fd',
    'list',
    'record',
    'any',
];

export function describeType(t: Type): string {
    switch (t.k) {
        case 'any':
            return 'a value';
        case 'none':
            return 'nothing';
        case 'int':
            return 'an integer';
        case 'bool':
            return 'true or false';
        case 'string':
            return 'a string';
        case 'bytes':
            return 'bytes';
        case 'phys':
            return t.to === undefined ? 'a physical address' : `the physical address of a ${t.to}`;
        case 'fd':
            return 'a descriptor';
        case 'list':
            return 'a list';
        case 'record':
            return t.fields ? `a record with ${listed([...t.fields.keys()])}` : 'a record';
        case 'view':
            return `a struct ${t.struct}`;
        case 'object':
            return `${/^[aeiou]/.test(t.name) ? 'an' : 'a'} ${t.name}`;
        case 'kind':
            return `a file of kind ${t.name}`;
        case 'decl':
            return t.of === 'flb' ? 'an FLB' : t.of === 'file' ? 'a file kind' : `a ${t.of}`;
    }
}

export const isIntLike = (t: Type): boolean => t.k === 'int' || t.k === 'phys' || t.k === 'fd' || t.k === 'any';

/**
 * True if a value of type `from` may be stored in, or passed as, a `to`. Integers and physical addresses are
 * interchangeable (the kernel's data handles are plain u64; an address is checked where it is used), addresses of
 * different structs are not.
 */
export function assignable(from: Type, to: Type): boolean {
    if (from.k === 'any' || to.k === 'any') {
        return true;
    }
    switch (to.k) {
        case 'int':
            return isIntLike(from);
        case 'phys':
            return from.k === 'phys'
                ? from.to === undefined || to.to === undefined || from.to === to.to
                : from.k === 'int';
        case 'fd':
            return from.k === 'fd' || from.k === 'int';
        case 'list':
            return from.k === 'list' && assignable(from.of, to.of);
        case 'record':
            return from.k === 'record' && sameFields(from.fields, to.fields);
        case 'view':
            return from.k === 'view' && from.struct === to.struct;
        case 'object':
            return (
                (from.k === 'object' && from.name === to.name) ||
                (from.k === 'kind' && to.name === 'file') ||
                (from.k === 'view' && to.name === 'view') ||
                (from.k === 'decl' && (to.name === from.of || to.name === `luo_${from.of}`))
            );
        case 'kind':
            return (from.k === 'kind' && from.name === to.name) || (from.k === 'object' && from.name === 'file');
        case 'decl':
            return from.k === 'decl' && from.of === to.of;
        default:
            return from.k === to.k;
    }
}

/** True if two records have fields of the same names, and those of one can be stored in the other. */
function sameFields(from: ReadonlyMap<string, Type> | undefined, to: ReadonlyMap<string, Type> | undefined): boolean {
    if (!from || !to) {
        return true;
    }
    return (
        from.size === to.size &&
        [...to].every(([name, type]) => {
            const given = from.get(name);
            return given !== undefined && assignable(given, type);
        })
    );
}

/** True if values of these types can be equal. */
export function comparable(a: Type, b: Type): boolean {
    return assignable(a, b) || assignable(b, a);
}

/** The type of a field of a struct in memory. */
export function typeOfField(t: FieldType): Type {
    switch (t.k) {
        case 'int':
        case 'bits':
            return INT;
        case 'phys':
            return t.to === undefined ? PHYS : { k: 'phys', to: t.to };
        case 'bytes':
            return BYTES;
        case 'string':
            return STRING;
        case 'struct':
            return { k: 'view', struct: t.layout.name };
        case 'array':
            return listOf(typeOfField(t.of));
    }
}
