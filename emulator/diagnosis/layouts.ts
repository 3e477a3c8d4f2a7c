/** Compares two layouts of a struct: one kernel wrote the memory with the first, another reads it with the second. */
import type { FieldType, LayoutField, StructLayout } from '../language/layout';

/** A field of the second layout at an offset where the first one has a different field. */
export interface Misread {
    /** In bytes from the start of the struct. */
    readonly offset: number;
    /** The field that is read, such as `len u64`. */
    readonly read: string;
    /** The written fields that overlap it, in the same form; undefined: none does. */
    readonly written: string | undefined;
}

const compared = new WeakMap<StructLayout, WeakMap<StructLayout, readonly Misread[]>>();

/**
 * The fields of `read` that `written` does not have at the same offset and with the same type. A field that only has
 * another name is a renamed one; fields that are not read do no harm.
 */
export function misreadFields(written: StructLayout, read: StructLayout): readonly Misread[] {
    const known = compared.get(written)?.get(read);
    if (known) {
        return known;
    }
    const misread = read.fields.filter((f) => !matches(written, f)).map((f) => describe(written, f));
    const row = compared.get(written) ?? new WeakMap<StructLayout, readonly Misread[]>();
    row.set(read, misread);
    compared.set(written, row);
    return misread;
}

/** All fields of a struct: `0 ring phys, 8 len u64`. */
export function fieldsText({ fields }: StructLayout): string {
    return fields.map((f) => `${f.offset} ${fieldText(f)}`).join(', ');
}

function matches(written: StructLayout, f: LayoutField): boolean {
    const same = written.fields.find((w) => w.offset === f.offset && isSameField(w.type, f.type));
    if (same) {
        // two fields of one type that were swapped do not match
        return same.name === f.name || !written.byName.has(f.name);
    }
    // one layout may declare a field as an address, and the other the same field as a number
    const named = written.byName.get(f.name);
    return named?.offset === f.offset && named.size === f.size && isNumber(named.type) && isNumber(f.type);
}

function describe(written: StructLayout, f: LayoutField): Misread {
    const touched = written.fields.filter((w) => w.offset < f.offset + f.size && f.offset < w.offset + w.size);
    return {
        offset: f.offset,
        read: fieldText(f),
        written: touched.length > 0 ? touched.map((w) => fieldText(w)).join(', ') : undefined,
    };
}

const isNumber = ({ k }: FieldType): boolean => k === 'int' || k === 'phys';

function isSameField(a: FieldType, b: FieldType): boolean {
    switch (a.k) {
        case 'int':
            return b.k === 'int' && a.bytes === b.bytes;
        case 'phys':
            return b.k === 'phys';
        case 'bits':
            return b.k === 'bits' && a.bytes === b.bytes && a.shift === b.shift && a.bits === b.bits;
        case 'bytes':
        case 'string':
            return b.k === a.k && a.length === b.length;
        case 'struct':
            return (
                b.k === 'struct' && a.layout.size === b.layout.size && misreadFields(a.layout, b.layout).length === 0
            );
        case 'array':
            return b.k === 'array' && a.length === b.length && a.stride === b.stride && isSameField(a.of, b.of);
    }
}

function fieldText({ name, type }: LayoutField): string {
    return `${name} ${typeText(type)}`;
}

function typeText(type: FieldType): string {
    switch (type.k) {
        case 'int':
            return `${type.signed ? 'i' : 'u'}${type.bytes * 8}`;
        case 'bits':
            return `${type.bits} bits of u${type.bytes * 8} from ${type.shift} on`;
        case 'phys':
            return type.to === undefined ? 'phys' : `phys ${type.to}`;
        case 'bytes':
        case 'string':
            return `${type.k}[${type.length}]`;
        case 'struct':
            return type.layout.name;
        case 'array':
            return `${typeText(type.of)}[${type.length}]`;
    }
}
