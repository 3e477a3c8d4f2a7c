/** The data of a diagnosis: a mistake, made or imminent, that no kernel reports. */
import type { DiagnosisCode, Severity } from './catalogue';
import type { Place } from './place';

/** A line of the history of a page, session, file or FLB. */
export interface HistoryLine {
    /** Number of the boot of the machine, 0 for the first. */
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
    /** The statement of the user's program at which it was noticed; undefined if there is none. */
    readonly place: Place | undefined;
    /** Nanoseconds of virtual time, and the number of the boot of the machine, 0 for the first. */
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

/** The part of a diagnosis that its rule supplies. */
export interface RuleFinding {
    readonly message: string;
    /** The object of the finding. A code is reported once per object and boot. */
    readonly about: string;
    /** Default: where the program stands. */
    readonly place?: Place | undefined;
    readonly history?: readonly HistoryLine[];
    /** Default: the advice of the catalogue. */
    readonly advice?: string;
    readonly data?: Readonly<Record<string, Datum>>;
}

/** Makes a diagnosis with one of these codes. */
export type Say<C extends DiagnosisCode = DiagnosisCode> = (code: C, finding: RuleFinding) => void;
