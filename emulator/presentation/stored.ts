/** Values that are stored in physical memory: where, and their text from the bytes there. */
import type { FieldType } from '../language/layout';
import type { Machine } from '../machine/machine';
import { hex } from '../text/text';
import { decodeName } from '../text/utf8';

/** How bytes are shown: as an integer, little-endian; as some bits of it; as an address; as text; as bytes. */
export type Shown =
    | { readonly as: 'unsigned' | 'signed' | 'address' | 'text' | 'bytes' }
    | { readonly as: 'bits'; readonly shift: number; readonly bits: number };

/** Address and size in bytes. */
export interface Stored {
    readonly address: number;
    readonly size: number;
    readonly shown: Shown;
}

const BYTES: Shown = { as: 'bytes' };
/** The most bytes that are one number. */
const NUMBER = 8;

export function bytesStored(address: number, size: number): Stored {
    return { address, size, shown: BYTES };
}

/** How a field of a struct is shown. */
export function shownAs(type: FieldType): Shown {
    switch (type.k) {
        case 'int':
            return { as: type.signed ? 'signed' : 'unsigned' };
        case 'bits':
            return { as: 'bits', shift: type.shift, bits: type.bits };
        case 'phys':
            return { as: 'address' };
        case 'string':
            return { as: 'text' };
        default:
            return BYTES;
    }
}

/** The text of a stored value; undefined where its bytes are the text. */
export function storedText({ memory }: Machine, { address, size, shown }: Stored): string | undefined {
    if (shown.as === 'bytes' || (shown.as !== 'text' && size > NUMBER)) {
        return undefined;
    }
    const bytes = memory.read(address, size);
    if (shown.as === 'text') {
        return JSON.stringify(decodeName(bytes));
    }
    const word = bytes.reduceRight((sum, b) => sum * 256n + BigInt(b), 0n);
    switch (shown.as) {
        case 'unsigned':
            return String(word);
        case 'signed':
            return String(BigInt.asIntN(size * 8, word));
        case 'address':
            return hex(word);
        case 'bits':
            return String(BigInt.asUintN(shown.bits, word >> BigInt(shown.shift)));
    }
}
