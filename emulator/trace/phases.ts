/** The phases of an update as slices of time, for a trace. */
import type { Update } from '../diagnosis/updates';

/** Times in nanoseconds; `to`: null while it lasts. */
export interface PhaseSlice {
    readonly name: string;
    readonly from: number;
    readonly to: number | null;
    readonly args: Readonly<Record<string, string | number>>;
}

/**
 * @param begin of its Pre-LU phase; null: the time before belongs to the previous update
 * @param end of its Post-LU phase
 */
export function phasesOf(u: Update, begin: number | null, end: number): PhaseSlice[] {
    const slices: PhaseSlice[] = [];
    const add = (name: string, from: number | null, to: number | null, args: PhaseSlice['args'] = {}): void => {
        if (from !== null) {
            slices.push({ name, from, to, args });
        }
    };
    const { prepared, shutdownBegan, jumped, up, finished, began: black, ended: resumed } = u;
    const frozen = shutdownBegan === null ? null : u.blackoutBegan;
    add('Pre-LU', u.number === 1 ? begin : null, prepared ?? black);
    add('Pre-Blackout', prepared, black);
    add('Blackout', black, resumed, { from: u.from, to: u.to, files: u.files, sessions: u.sessions });
    add('pausing', u.slowest && black !== null && (frozen === null || black < frozen) ? black : null, frozen);
    add('kernel shutdown', frozen, jumped);
    add('kernel startup', jumped, up);
    add('user space', up, resumed);
    add('Post-Blackout', resumed, finished);
    add('Post-LU', finished, Math.max(end, finished ?? 0));
    return slices;
}
