/** When a violation became inevitable: the last moment of its course from which another one could still avoid it. */
import type { Program } from '../language/program';
import type { Place } from '../findings/place';
import type { Deviation } from '../language/choice';
import type { Tried } from '../run/tried';
import type { Checkpoint } from '../runtime/stop';
import { placeOf } from '../runtime/code';
import { Course, type CourseOptions } from './course';
import { sameViolation } from './minimize';
import type { Outcome } from './outcome';
import { Search } from './search';
import { Visited } from './visited';

/** The switches that a course may have that avoids the violation, more than it needs. */
const MORE_SWITCHES = 2;

export interface Moment {
    /** The number of operations executed up to there. */
    readonly at: number;
    /** The process that runs there. */
    readonly by: string;
    /** The statement of the scenario or of a process. */
    readonly place: Place | undefined;
    /** The choice of the course there, which was the last that could avoid it. */
    readonly choice: string;
    /** What could have been chosen instead. */
    readonly instead: string;
}

interface Stage {
    readonly base: Checkpoint;
    readonly at: number;
    readonly by: string;
    readonly place: Place | undefined;
}

/**
 * @param tried which choices another course could make differently
 * @returns null if no other course avoids it within the bounds
 */
export function* inevitableFrom(
    program: Program,
    options: CourseOptions & { readonly limit: number; readonly memory: number },
    tried: Tried,
    choices: readonly Deviation[],
    violation: Outcome,
): Generator<void, Moment | null> {
    const course = new Course(program, options, tried, choices);
    const { decider, host } = course;
    const { interpreter } = host;
    const stages: Stage[] = [];
    decider.stops = true;
    decider.follow([]);
    const keep = (): void => {
        const frame = interpreter.current.frames.findLast((f) => f.mode !== 'kernel');
        const place = frame && placeOf(frame, frame !== interpreter.current.top);
        stages.push({ base: interpreter.checkpoint(), at: interpreter.ticks, by: interpreter.current.name, place });
    };
    keep();
    let chosen = 0;
    while (!interpreter.outcome && interpreter.ticks < options.limit) {
        interpreter.run(options.limit - interpreter.ticks);
        if (decider.made.length > chosen && !interpreter.outcome) {
            chosen = decider.made.length;
            keep();
        }
        yield;
    }
    const made = [...decider.made];
    decider.replay(null);
    const visited = new Visited(options.memory);
    for (const stage of stages.reverse()) {
        interpreter.restore(stage.base);
        visited.clear();
        let avoided: string | undefined;
        const bounds = { faults: 0, switches: MORE_SWITCHES };
        const search = new Search(course, visited, bounds, options.limit, {
            chosen: () => undefined,
            ended: ({ outcome, choices: others }) => {
                if (!sameViolation(violation, outcome)) {
                    const first = others.find((c) => c.picked !== c.usual);
                    avoided ??= first ? `${first.what}: ${first.alternatives[first.picked] ?? ''}` : 'the usual choice';
                }
            },
        });
        for (const _ of search.run()) {
            if (avoided !== undefined) {
                break;
            }
            yield;
        }
        if (avoided !== undefined) {
            const next = made.find((c) => c.at >= stage.at);
            return {
                at: stage.at,
                by: stage.by,
                place: stage.place,
                choice: next ? `${next.what}: ${next.alternatives[next.picked] ?? ''}` : '',
                instead: avoided,
            };
        }
    }
    return null;
}
