/** The user's statement at which a run stands, even while it executes kernel code. */
import { type Frame, placeOf } from '../runtime/code';
import type { Place } from '../findings/place';
import { framesAtWork } from '../runtime/at-work';
import type { Host } from '../runtime/host/host';
import { STD_SCHEME } from '../std/texts';

/**
 * Which way the topmost frame goes at this moment: it stands at a statement; a call of it has just returned, so it
 * stands behind that; or it is a callback that is being entered and has not done anything yet.
 */
export type Moment = 'statement' | 'call returned' | 'callback entered';

/**
 * The statement of the user's own program that is to blame: the innermost one that is not the kernel's.
 * @param ended the frame that has just come to its end, where that is why something is said
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
