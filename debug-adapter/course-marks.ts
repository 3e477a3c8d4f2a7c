/**
 * The marks that a run with listed choices gets by itself: one before each of them, and one at the last moment at which
 * another course could have avoided what `lus explore` has found.
 */
import { choiceText, keyOf } from '../emulator/language/choice';
import type { Run } from '../emulator/run/run';
import type { Timeline } from '../emulator/timeline/timeline';
import type { LaunchConfiguration } from './launch';
import type { Marks } from './marks';

/** The name of the mark at the last moment. */
const AVOIDABLE = 'could be avoided until here';

/**
 * @param run stands at its beginning
 * @param config the choices of the launch, if it has any, replace those of the scenario
 */
export function markCourse(
    { decider, host, scenario }: Run,
    timeline: Timeline,
    marks: Marks,
    config: Pick<LaunchConfiguration, 'choices' | 'avoidableUntil'>,
): void {
    if (!decider) {
        return;
    }
    const avoidableUntil = config.choices ? config.avoidableUntil : scenario.avoidableUntil?.value;
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
