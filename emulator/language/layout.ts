/** The layout of a `struct` in memory: packed, little-endian, fields in the order they are written. */

export type FieldType =
    | { readonly k: 'int'; readonly bytes: 1 | 2 | 4 | 8; readonly signed: boolean }
    | BitsType
    | { readonly k: 'phys'; readonly to?: string }
    /** `bytes[n]` */
    | { readonly k: 'bytes'; readonly length: number }
    /** `string[n]`: up to the first NUL byte when read, NUL-padded when written. */
    | { readonly k: 'string'; readonly length: number }
    | { readonly k: 'struct'; readonly layout: StructLayout }
    | { readonly k: 'array'; readonly of: FieldType; readonly length: number; readonly stride: number };

export interface BitsType {
    readonly k: 'bits';
    readonly bytes: 1 | 2 | 4 | 8;
    readonly shift: number;
    readonly bits: number;
    /** The bits of the field in the lower and in the upper 32 bits of an 8-byte word, as int32 masks. */
    readonly low: number;
    readonly high: number;
    /** The value of its lowest bit in the word, and one more than the largest value of the field. */
    readonly unit: number;
    readonly beyond: number;
}

/** The bits [shift, shift + width) of a 32-bit half as a mask; both may lie outside of it. */
function halfMask(shift: number, width: number): number {
    const from = Math.max(shift, 0);
    const to = Math.min(shift + width, 32);
    if (from >= to) {
        return 0;
    }
    return (to === 32 ? -1 : (1 << to) - 1) & ~((1 << from) - 1);
}

/** `bits` bits from bit `shift` of the little-endian word of `bytes` bytes at the field's offset. */
export function bitsType(bytes: 1 | 2 | 4 | 8, shift: number, bits: number): BitsType {
    return {
        k: 'bits',
        bytes,
        shift,
        bits,
        low: halfMask(shift, bits),
        high: halfMask(shift - 32, bits),
        unit: 2 ** shift,
        beyond: 2 ** bits,
    };
}

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
