/** The layout of a `struct` in memory: packed, little-endian, fields in the order they are written. */

export type FieldType =
    | { readonly k: 'int'; readonly bytes: 1 | 2 | 4 | 8; readonly signed: boolean }
    /** `bits` bits from bit `shift` of the little-endian word of `bytes` bytes at the field's offset. */
    | { readonly k: 'bits'; readonly bytes: 1 | 2 | 4 | 8; readonly shift: number; readonly bits: number }
    | { readonly k: 'phys'; readonly to?: string }
    /** `bytes[n]` */
    | { readonly k: 'bytes'; readonly length: number }
    /** `string[n]`: up to the first NUL byte when read, NUL-padded when written. */
    | { readonly k: 'string'; readonly length: number }
    | { readonly k: 'struct'; readonly layout: StructLayout }
    | { readonly k: 'array'; readonly of: FieldType; readonly length: number; readonly stride: number };

export interface LayoutField {
    readonly name: string;
    /** In bytes from the start of the struct. */
    readonly offset: number;
    readonly size: number;
    readonly type: FieldType;
}

export interface StructLayout {
    readonly name: string;
    /** In bytes. */
    readonly size: number;
    readonly fields: readonly LayoutField[];
    readonly byName: ReadonlyMap<string, LayoutField>;
}
