/** A breakpoint: the client's request and its binding. */
import type { Access, Subject } from '../../emulator/timeline/watch';
import type { Statement } from './places';

/** The condition, as the client writes it. Absent or blank: it always stops. */
export interface Conditions {
    readonly condition?: string | undefined;
    readonly hitCondition?: string | undefined;
    /** The log message, which it prints instead of stopping. */
    readonly logMessage?: string | undefined;
}

/** A place in a file. Lines and columns from 0. */
export interface LineWish extends Conditions {
    readonly kind: 'line';
    readonly uri: string;
    readonly line: number;
    readonly column: number | undefined;
}

/** The beginning of a function or of callbacks: `luo_freeze`, `memfd.freeze`, `*.freeze`. */
export interface FunctionWish extends Conditions {
    readonly kind: 'function';
    readonly name: string;
}

/** Data that is watched. */
export interface DataWish extends Conditions {
    readonly kind: 'data';
    /** The id by which the client refers to it. */
    readonly dataId: string;
    /** What people call it. */
    readonly name: string;
    readonly access: Access;
    /** A text says why it cannot be watched. */
    readonly subject: Subject | string;
}

export type Wish = LineWish | FunctionWish | DataWish;

export interface Breakpoint {
    readonly id: number;
    readonly wish: Wish;
    /** Why it is not bound; undefined if it is bound. */
    problem: string | undefined;
    /** Its actual places, the first of them as shown; empty if it is not bound. */
    places: readonly Statement[];
}

/** True if two requests are equal, so that one breakpoint serves both. */
export function sameWish(a: Wish, b: Wish): boolean {
    return (
        samePlace(a, b) &&
        a.condition === b.condition &&
        a.hitCondition === b.hitCondition &&
        a.logMessage === b.logMessage
    );
}

function samePlace(a: Wish, b: Wish): boolean {
    switch (a.kind) {
        case 'line':
            return b.kind === 'line' && a.uri === b.uri && a.line === b.line && a.column === b.column;
        case 'function':
            return b.kind === 'function' && a.name === b.name;
        case 'data':
            return b.kind === 'data' && a.dataId === b.dataId && a.access === b.access;
    }
}
