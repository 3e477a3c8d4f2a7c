/** A run whose choices are made by a decider: for an exploration, and to replay one of its courses. */
import type { Program } from '../language/program';
import { Diagnoses } from '../diagnosis/diagnoses';
import { Hasher } from '../machine/hash';
import { Run } from '../run/run';
import type { Host } from '../runtime/host/host';
import { hashFuture } from '../timeline/fingerprint';
import { type Deviation, countOf } from './choices';
import { Decider, type Offers } from './decider';
import { type FaultOffers, Faults } from './faults';
import { Observations } from './observations';
import { type Outcome, outcomeOf } from './outcome';

/** What an exploration tries. */
export interface Tried extends Offers, FaultOffers {}

export interface CourseOptions {
    readonly scenario?: string | undefined;
    readonly kernel?: string | undefined;
}

export class Course {
    readonly host: Host;
    readonly decider: Decider;
    /** A kernel has just ended: different courses often lead to the same state here. */
    atJunction = false;
    private readonly run: Run;
    private readonly observations: Observations;

    /** @throws UsageError if the scenario cannot be run */
    constructor(program: Program, options: CourseOptions, tried: Tried) {
        let decider: Decider | undefined;
        this.run = Run.start(program, {
            ...options,
            findingsOptional: true,
            chooser: (journal) => {
                decider = new Decider(journal, tried);
                return decider;
            },
        });
        if (!decider) {
            throw new RangeError('a run asks for its chooser');
        }
        this.decider = decider;
        this.host = this.run.host;
        decider.attach(this.host.interpreter);
        this.observations = new Observations(this.host);
        const faults = new Faults(this.host, decider, tried);
        this.host.injections.trials = faults;
        this.host.listeners.report({
            jumped: () => {
                this.atJunction = true;
                if (decider?.stops) {
                    this.host.interpreter.giveWay();
                }
            },
        });
        this.host.listeners.report(this.observations.listener);
        this.host.listeners.report(faults.listener);
    }

    get scenario(): Run['scenario'] {
        return this.run.scenario;
    }

    /** The outcome of a run that has ended. @param faults how many it has had */
    outcome(faults: number): Outcome {
        return outcomeOf(this.host, this.run.scenario, this.observations, faults);
    }

    /** What the outcome depends on from here on, and what it has shown up to here. */
    state(): number {
        const hasher = new Hasher();
        hashFuture(this.host, hasher);
        this.observations.hash(hasher);
        for (const { code, message } of Diagnoses.of(this.host)?.found ?? []) {
            hasher.str(code).str(message);
        }
        return hasher.value();
    }
}

/** How a course ends in which these choices are made and all others are usual. */
export interface Replayed {
    readonly outcome: Outcome;
    /** Those of the choices that came up. */
    readonly deviations: readonly Deviation[];
    readonly faults: number;
    readonly switches: number;
    readonly course: Course;
}

const NOTHING: Tried = {
    orders: false,
    timers: false,
    crash: [],
    fail: [],
    errors: [],
    panic: false,
    power: false,
};

/** @param errors those that the failing callbacks of the choices can have */
export function replay(
    program: Program,
    options: CourseOptions,
    deviations: readonly Deviation[],
    errors: FaultOffers['errors'],
    limit: number,
): Replayed {
    const course = new Course(program, options, { ...NOTHING, errors });
    course.decider.replay(deviations);
    runToEnd(course.host, limit);
    const { made } = course.decider;
    const faults = countOf(made, 'fault');
    return {
        outcome: course.outcome(faults),
        deviations: made.map((c) => ({ what: c.what, number: c.number, pick: c.alternatives[c.picked] ?? '' })),
        faults,
        switches: countOf(made, 'switch'),
        course,
    };
}

/** Runs to the end of the scenario, or up to a number of operations. */
export function runToEnd({ interpreter }: Host, limit: number): void {
    while (!interpreter.outcome && interpreter.ticks < limit) {
        interpreter.run(limit - interpreter.ticks);
    }
}
