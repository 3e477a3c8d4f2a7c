/** When a violation became inevitable: the last moment of its course from which another one could still avoid it. */
import type { Program } from '../language/program';
import type { Place } from '../findings/place';
import { type Deviation, keyOf } from '../language/choice';
import type { Choice } from '../run/choices';
import type { Tried } from '../run/tried';
import type { Checkpoint } from '../runtime/stop';
import { placeOf } from '../runtime/code';
import { Course, type CourseOptions } from './course';
import { Frontier } from './frontier';
import { sameViolation } from './minimize';
import type { Outcome } from './outcome';
import { classesOf } from './results';
import { Visited } from './visited';
import { Walk } from './walk';

/** The switches that a course may have that avoids the violation, more than it needs. */
const MORE_SWITCHES = 2;
/** The most states that the search for such a course goes through. */
const STATES = 2000;

/** It is before the last choice that could avoid the violation. */
export interface Moment {
    /** The number of operations executed up to there. */
    readonly at: number;
    /** The process that runs there. */
    readonly by: string;
    /** The statement of the scenario or of a process. */
    readonly place: Place | undefined;
    /** The name of this choice with its number: `schedule #7`. */
    readonly before: string;
    /** What the course chooses there. */
    readonly choice: string;
    /** What could have been chosen instead. */
    readonly instead: string;
}

interface Stage {
    readonly base: Checkpoint;
    readonly at: number;
}

/**
 * @param tried which choices another course could make differently
 * @returns null if no other course avoids it within the bounds
 */
export function* inevitableFrom(
    program: Program,
    options: CourseOptions & { readonly limit: number },
    tried: Tried,
    choices: readonly Deviation[],
    violation: Outcome,
): Generator<void, Moment | null> {
    const course = new Course(program, options, tried, choices);
    const { decider, host } = course;
    const { interpreter } = host;
    const stages: Stage[] = [];
    decider.stops = true;
    decider.follow([], 0);
    const keep = (): void => {
        stages.push({ base: interpreter.checkpoint(), at: interpreter.ticks });
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
    for (const stage of stages.reverse()) {
        interpreter.restore(stage.base);
        const instead = yield* avoiding(course, options.limit, violation);
        if (instead !== undefined) {
            const next = lastAvoiding(made, stage.at);
            // nothing is chosen from the stage up to there
            interpreter.run((next?.at ?? stage.at) - interpreter.ticks);
            const frame = interpreter.current.frames.findLast((f) => f.mode !== 'kernel');
            return {
                at: interpreter.ticks,
                by: interpreter.current.name,
                place: frame && placeOf(frame, frame !== interpreter.current.top),
                before: next ? keyOf(next) : '',
                choice: next ? `${next.what}: ${next.alternatives[next.picked] ?? ''}` : '',
                instead,
            };
        }
    }
    return null;
}

/** The choice after a position that made the difference: of several of one operation the one that is not usual. */
function lastAvoiding(made: readonly Choice[], position: number): Choice | undefined {
    const next = made.find((c) => c.at >= position);
    return made.find((c) => c.at === next?.at && c.picked !== c.usual) ?? next;
}

/** What another course from here on does first that avoids the violation; undefined if none does within the bounds. */
function* avoiding(course: Course, limit: number, violation: Outcome): Generator<void, string | undefined> {
    const frontier = new Frontier();
    const visited = new Visited(STATES);
    let avoided = false;
    const walk = new Walk(course, visited, { faults: 0, switches: MORE_SWITCHES }, limit, (outcome) => {
        avoided ||= !sameViolation(violation, outcome);
    });
    while (!avoided && !frontier.complete && !visited.full) {
        for (const _ of walk.walk(frontier.take(Infinity), null)) {
            if (avoided || visited.full) {
                break;
            }
            yield;
        }
        frontier.give(walk.take());
    }
    walk.close();
    const found = classesOf(frontier.graph, { faults: 0, switches: MORE_SWITCHES }, false).find(
        (c) => !sameViolation(violation, c.outcome),
    );
    const [first] = found?.example ?? [];
    return found && (first ? `${first.what}: ${first.pick}` : 'the usual choice');
}
