/**
 * Pieces of generated JavaScript, and what is known about their values. Generated code computes with numbers and
 * booleans; it leaves every other case to the closures before it has changed anything.
 */

/** What is known about a value: `none` is a variable that is not set. */
export type Kind = 'none' | 'number' | 'boolean' | 'any';

/** An expression that has no effects: an identifier, a literal, or something in parentheses. */
export interface Piece {
    readonly text: string;
    readonly kind: Kind;
    /** The bounds of a number. */
    readonly min: number;
    readonly max: number;
    /** The slot that it reads, if it is nothing but that. */
    readonly local?: number;
}

/** The largest number; larger integers are bigints. */
export const LARGEST = Number.MAX_SAFE_INTEGER;

export function numberPiece(text: string, min = -LARGEST, max = LARGEST): Piece {
    return { text, kind: 'number', min, max };
}

export function booleanPiece(text: string): Piece {
    return { text, kind: 'boolean', min: 0, max: 0 };
}

/** A value of which nothing is known. */
export function unknownPiece(text: string): Piece {
    return { text, kind: 'any', min: -LARGEST, max: LARGEST };
}

/** What is known where two ways meet. */
export function either(a: Kind, b: Kind): Kind {
    return a === b ? a : 'any';
}
