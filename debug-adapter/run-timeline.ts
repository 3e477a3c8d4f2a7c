/** The request `lus/timeline`: the run so far as lanes of bars. */
import type { Run } from '../emulator/run/run';
import { lanesOf, type Lanes } from '../emulator/trace/lanes';
import { packed, type PackedLanes } from '../emulator/trace/packed-lanes';
import { timelineAddress } from '../emulator/trace/timeline-address';
import type { Timeline } from '../emulator/timeline/timeline';
import { isOver } from '../emulator/runtime/stop';
import { Tracer } from '../emulator/trace/trace';
import type { LaunchConfiguration } from './launch';
import type { Marks } from './marks';
import type { RunControl } from './run-control';

/** The most operations that are run for it: about a second. */
const MOST = 20_000_000;

/**
 * The run so far, with the time of the stop.
 * @param again makes a new run of the same scenario @param small as in {@link timelineOf}
 */
export function runTimeline(
    { control, timeline }: { control: RunControl; timeline: Timeline },
    again: () => Run,
    marks: Marks,
    small: boolean,
): object {
    return {
        title: control.run.scenario.name.value,
        ...timelineOf(again(), timeline.end, small),
        now: control.run.host.machine.clock.now,
        changed: timeline.lastChange !== undefined,
        marks: marks.all.map(({ name, time }) => ({ name, at: time })),
    };
}

/**
 * Runs from the beginning once more, with a tracer, so that a session without this view pays nothing for it. What was
 * changed in the session is not part of it.
 * @param run a new run of the same scenario @param end the position up to which the session has come
 * @param small whether the lanes are packed, as the view of our extension reads them
 */
function timelineOf(
    run: Run,
    end: number,
    small: boolean,
): { readonly lanes: Lanes | PackedLanes; readonly whole: boolean } {
    const { host } = run;
    const { interpreter } = host;
    const tracer = new Tracer(host);
    host.listeners.report(tracer);
    interpreter.heedsFilters = false;
    const last = Math.min(end, MOST);
    for (;;) {
        const left = last - interpreter.ticks;
        const stop = left > 0 ? interpreter.run(left) : null;
        if (left <= 0 || isOver(stop)) {
            const lanes = lanesOf(tracer.events());
            return { lanes: small ? packed(lanes) : lanes, whole: end <= MOST };
        }
    }
}

/** The address of the timeline of a run, for a client that shows timelines. */
export function timelineLink(config: LaunchConfiguration, { scenario }: Run): string | undefined {
    const { views, program: file, kernel, seed } = config;
    return views.includes('timeline')
        ? timelineAddress({ file, scenario: scenario.name.value, kernel, seed })
        : undefined;
}
