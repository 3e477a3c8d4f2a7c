/**
 * The marks that a run with listed choices gets by itself: one before each of them, and one at the last moment at which
 * another course could have avoided what `lus explore` has found.
 */
import { choiceText, keyOf } from '../emulator/language/choice';
import type { Run } from '../emulator/run/run';
import type { Timeline } from '../emulator/timeline/timeline';
import type { Marks } from './marks';

/** The name of the mark at the last moment. */
const AVOIDABLE = 'could be avoided until here';

/**
 * @param run stands at its beginning
 * @param avoidableUntil the name of a choice with its number: `schedule #7`
 */
export function markCourse(
    { decider, host }: Run,
    timeline: Timeline,
    marks: Marks,
    avoidableUntil: string | undefined,
): void {
    if (!decider) {
        return;
    }
    decider.heard = (choice) => {
        const { picked, usual, alternatives, at } = choice;
        const mark = {
            mark: { at, future: timeline.future },
            time: host.machine.clock.now,
            place: timeline.place,
        };
        if (picked !== usual) {
            marks.add({ ...mark, name: choiceText({ ...choice, pick: alternatives[picked] ?? '' }) });
        }
        if (keyOf(choice) === avoidableUntil) {
            marks.add({ ...mark, name: AVOIDABLE });
        }
    };
}
