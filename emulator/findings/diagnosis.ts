/** What a diagnosis is: something that is wrong, or is about to be, and that no kernel tells. */
import type { DiagnosisCode, Severity } from './catalogue';
import type { Place } from './place';

/** A line of the history of a page, session, file or FLB. */
export interface HistoryLine {
    /** Which boot of the machine it was, 0 for the first. */
    readonly boot: number;
    readonly text: string;
    readonly place: Place | undefined;
}

/** A value in {@link Diagnosis.data}. Addresses are strings in hexadecimal, as they may exceed 2^53. */
export type Datum = string | number | boolean | null | readonly Datum[];

export interface Diagnosis {
    readonly code: DiagnosisCode;
    readonly severity: Severity;
    /** One sentence. */
    readonly message: string;
    /** The statement of the user's program at which it was noticed; undefined where there is none. */
    readonly place: Place | undefined;
    /** Nanoseconds of virtual time, and which boot of the machine it was. */
    readonly time: number;
    readonly boot: number;
    /** Oldest first. */
    readonly history: readonly HistoryLine[];
    /** What to do. */
    readonly advice: string;
    /** The same for programs: names, addresses, numbers. */
    readonly data: Readonly<Record<string, Datum>>;
    /** The earlier finding that this one follows from; null: this is a root. */
    readonly cause: Diagnosis | null;
}

/** What a rule says; the rest of the diagnosis is known without it. */
export interface RuleFinding {
    readonly message: string;
    /** What it is about. The same thing is said once a boot. */
    readonly about: string;
    /** Where the program stands, where this is left out. */
    readonly place?: Place | undefined;
    readonly history?: readonly HistoryLine[];
    /** The advice of the catalogue, where this is left out. */
    readonly advice?: string;
    readonly data?: Readonly<Record<string, Datum>>;
}

/** Makes a diagnosis with one of these codes. */
export type Say<C extends DiagnosisCode = DiagnosisCode> = (code: C, finding: RuleFinding) => void;
