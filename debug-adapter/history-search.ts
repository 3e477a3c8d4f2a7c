/** Answers to requests that execute the run again, and leave it where it stands. */
import type { Travel } from '../emulator/timeline/travel';
import { RequestError } from './errors';
import type { Inspection } from './inspection';

/**
 * Answers with what a search in the history has found, when it has ended.
 * @param give sends the answer: the body, or an error that it throws
 */
export function* answered<T>(
    search: Travel<T>,
    inspection: Inspection,
    give: (body: () => object) => void,
    bodyOf: (found: T) => object,
): Travel<'stays'> {
    let found: { readonly value: T } | undefined;
    try {
        found = { value: yield* search };
        inspection.renewed();
        return 'stays';
    } finally {
        give(() => {
            if (!found) {
                throw new RequestError('noValue', 'The search in the history was ended before it was complete.');
            }
            return bodyOf(found.value);
        });
    }
}
