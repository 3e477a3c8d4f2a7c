/**
 * A choice of a run that differs from the usual one, as scenarios and files list it: a fault, or the process that
 * continues at a place where several could.
 */

/** A choice that differs from the usual one, as it is written to files. */
export interface Deviation {
    readonly what: string;
    readonly number: number;
    readonly pick: string;
}

/** The name of a choice in a list of choices. */
export function keyOf({ what, number }: { readonly what: string; readonly number: number }): string {
    return `${what} #${number}`;
}

/** Whether a text has the form of {@link keyOf}. */
export function isKey(text: string): boolean {
    return /^.+ #\d{1,9}$/.test(text);
}

/** `schedule #7: luod`: how a list of choices writes one. */
export function choiceText({ what, number, pick }: Deviation): string {
    return `${what} #${number}: ${pick}`;
}

/** Reads what {@link choiceText} writes; undefined if it has another form. */
export function choiceFrom(text: string): Deviation | undefined {
    const [, what, number, pick] = /^(.+) #(\d{1,9}): (.+)$/.exec(text) ?? [];
    return what === undefined || pick === undefined ? undefined : { what, number: Number(number), pick };
}
