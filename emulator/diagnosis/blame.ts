/** The user's statement at which a run stands, even while it executes kernel code. */
import { type Frame, placeOf } from '../runtime/code';
import type { Place } from '../findings/place';
import { framesAtWork } from '../runtime/at-work';
import type { Host } from '../runtime/host/host';
import { STD_SCHEME } from '../std/texts';

/**
 * Where the topmost frame stands: at a statement; after a call that has just returned; or before the first statement of
 * a callback that is being entered.
 */
export type Moment = 'statement' | 'call returned' | 'callback entered';

/**
 * The statement of the user's own program that a finding is placed at: the innermost one outside of kernel code.
 * @param ended the frame that has just ended, if its end is the reason for the finding
 */
export function blame(host: Host, moment: Moment = 'statement', ended: Frame | null = null): Place | undefined {
    const top = host.frame;
    for (const frame of framesAtWork(host, ended)) {
        if (moment === 'callback entered' && frame === top) {
            continue;
        }
        const place = frame.code.uri.startsWith(STD_SCHEME)
            ? undefined
            : placeOf(frame, moment === 'call returned' || frame !== top);
        if (place) {
            return place;
        }
    }
    return undefined;
}
