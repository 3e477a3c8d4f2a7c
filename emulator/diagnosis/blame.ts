/** Where a run stands: the user's statement, whatever kernel code it is in. */
import { placeOf } from '../runtime/code';
import type { Place } from '../findings/place';
import { framesAtWork } from '../runtime/at-work';
import type { Host } from '../runtime/host/host';
import { STD_SCHEME } from '../std/texts';

/**
 * The statement of the user's own program that is to blame: the innermost one that is not the kernel's.
 * @param callReturned its call has just returned, so the topmost frame stands behind it
 */
export function blame(host: Host, callReturned = false): Place | undefined {
    const top = host.frame;
    for (const frame of framesAtWork(host)) {
        if (!frame.code.uri.startsWith(STD_SCHEME)) {
            return placeOf(frame, callReturned || frame !== top);
        }
    }
    return undefined;
}
