/** How two layouts of what should be the same struct differ, as far as one is read where the other was written. */
import type { FieldType, LayoutField, StructLayout } from '../language/layout';

/** A field that is read where something else was written. */
export interface Misread {
    /** In bytes from the start of the struct. */
    readonly offset: number;
    /** `len u64` */
    readonly read: string;
    /** The same of what was written there: the fields that it touches; undefined: nothing was. */
    readonly written: string | undefined;
}

const compared = new WeakMap<StructLayout, WeakMap<StructLayout, readonly Misread[]>>();

/**
 * The fields of `read` that do not find what was written. What has another name and is the same otherwise was renamed,
 * what is not read does no harm.
 */
export function misreadFields(written: StructLayout, read: StructLayout): readonly Misread[] {
    const known = compared.get(written)?.get(read);
    if (known) {
        return known;
    }
    const misread = read.fields.filter((f) => !isThere(written, f)).map((f) => describe(written, f));
    const row = compared.get(written) ?? new WeakMap<StructLayout, readonly Misread[]>();
    row.set(read, misread);
    compared.set(written, row);
    return misread;
}

/** All fields of a struct: `0 ring phys, 8 len u64`. */
export function fieldsText({ fields }: StructLayout): string {
    return fields.map((f) => `${f.offset} ${fieldText(f)}`).join(', ');
}

function isThere(written: StructLayout, f: LayoutField): boolean {
    const there = written.fields.find((w) => w.offset === f.offset && isSameField(w.type, f.type));
    if (there) {
        // of two fields that have changed places neither is where it is looked for
        return there.name === f.name || !written.byName.has(f.name);
    }
    // the same field may be an address to one side and a number to the other
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
