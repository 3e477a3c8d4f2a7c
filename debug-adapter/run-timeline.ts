/** The request `lus/timeline`: the run so far as lanes of bars. */
import type { Run } from '../emulator/run/run';
import { lanesOf, type Lanes } from '../emulator/trace/lanes';
import type { Timeline } from '../emulator/timeline/timeline';
import { Tracer } from '../emulator/trace/trace';
import type { RunControl } from './run-control';

/** The most operations that are run for it: about a second. */
const MOST = 20_000_000;

/** The run so far, with the time of the stop. @param again makes a new run of the same scenario */
export function runTimeline(
    { control, timeline }: { control: RunControl; timeline: Timeline },
    again: () => Run,
): object {
    return {
        title: control.run.scenario.name.value,
        ...timelineOf(again(), timeline.end),
        now: control.run.host.machine.clock.now,
        changed: timeline.lastChange !== undefined,
    };
}

/**
 * Runs from the beginning once more, with a tracer, so that a session without this view pays nothing for it. What was
 * changed in the session is not part of it.
 * @param run a new run of the same scenario @param end the position up to which the session has come
 */
function timelineOf(run: Run, end: number): { readonly lanes: Lanes; readonly whole: boolean } {
    const { host } = run;
    const { interpreter } = host;
    const tracer = new Tracer(host);
    host.listeners.report(tracer);
    interpreter.heedsFilters = false;
    const last = Math.min(end, MOST);
    for (;;) {
        const left = last - interpreter.ticks;
        const stop = left > 0 ? interpreter.run(left) : null;
        if (left <= 0 || stop?.reason === 'end' || (stop?.reason === 'exception' && stop.exception.fatal)) {
            return { lanes: lanesOf(tracer.events()), whole: end <= MOST };
        }
    }
}
