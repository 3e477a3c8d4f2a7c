/**
 * Choices of a run as data. A course of a run is given by the choices that differ from the usual ones; all others are
 * usual: no fault, and the running process continues.
 */
/** What a choice costs: an exploration has a bound for each. `free`: one of the alternatives must be taken. */
export type Price = 'fault' | 'switch' | 'free';

/** A choice that was made. */
export interface Choice {
    /** What is chosen: `schedule`, `kill luod`, `memfd.freeze in kernel 1`. */
    readonly what: string;
    /** How many choices of the same name were made before. */
    readonly number: number;
    readonly alternatives: readonly string[];
    /** The alternative that is taken if nothing else is asked for, as an index. */
    readonly usual: number;
    readonly picked: number;
    /** The price of every alternative but the usual one. */
    readonly price: Price;
    /** The number of operations executed before. */
    readonly at: number;
    /** The statement of the process, or of the scenario: file and offset. */
    readonly place: string;
}

/** An alternative as a number: 0 for the usual one, so that the usual course comes first in every order. */
export function codeOf({ picked, usual }: { readonly picked: number; readonly usual: number }): number {
    return picked === usual ? 0 : picked + 1;
}

/** The index of an alternative. */
export function pickOf(code: number, usual: number): number {
    return code === 0 ? usual : code - 1;
}
