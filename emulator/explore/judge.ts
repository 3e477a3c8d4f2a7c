/** Makes the violations of an exploration small, and says when each became inevitable. */
import type { Program } from '../language/program';
import type { Deviation } from '../language/choice';
import { counterexample, type Check } from './counterexample';
import type { Exploration, ExploreOptions } from './explore';
import { inevitableFrom, type Moment } from './inevitable';
import { minimized, outcomeWith, sameViolation } from './minimize';
import type { OutcomeClass } from './results';

export interface Violation {
    readonly of: OutcomeClass;
    /** None of them can be left out. */
    readonly choices: readonly Deviation[];
    /** Null where no other course avoids it; undefined if the time was too short to find out. */
    readonly inevitable: Moment | null | undefined;
    /** A file whose scenario fails by itself; undefined if it cannot be written so. */
    readonly text: string | undefined;
}

export interface Judging {
    readonly program: Program;
    readonly options: ExploreOptions;
    /** The text of the main file, if a counterexample is written. */
    readonly text: string | undefined;
    readonly check: Check;
    /** Whether there is no time left to find out when it became inevitable. */
    readonly late: () => boolean;
}

/** The violations of an exploration, each once: of those with the same message the smallest. */
export function violationsOf({ classes }: Exploration): OutcomeClass[] {
    const found: OutcomeClass[] = [];
    // the smallest come first
    for (const c of classes.filter((c) => c.outcome.verdict === 'violated')) {
        if (!found.some((f) => sameViolation(f.outcome, c.outcome))) {
            found.push(c);
        }
    }
    return found;
}

/** Yields between two runs. */
export function* judge(judging: Judging, of: OutcomeClass): Generator<void, Violation> {
    const { program, options, text, check, late } = judging;
    const { scenario: name, limit, tried } = options;
    const violates = (p: Program, choices: readonly Deviation[], scenario = name): boolean =>
        sameViolation(of.outcome, outcomeWith(p, { ...options, scenario }, choices, limit));
    const choices = yield* minimized(of.example, (fewer) => violates(program, fewer));
    const inevitable = yield* unless(late, inevitableFrom(program, options, tried, choices, of.outcome));
    const scenario = program.scenarios.find((s) => name === undefined || s.name.value === name);
    // without its choices it passes as before: else it would show something else
    const fails = (p: Program): boolean => {
        const { value } = scenario?.name ?? { value: name };
        return violates(p, choices, value) && (choices.length === 0 || !violates(p, [], value));
    };
    const avoidable = function* (p: Program): Generator<void, string | undefined> {
        const bounds = { ...options, scenario: scenario?.name.value };
        const moment = inevitable && (yield* unless(late, inevitableFrom(p, bounds, tried, choices, of.outcome)));
        return moment?.before === '' ? undefined : moment?.before;
    };
    // a scenario with a parameter would have to name its value
    const smaller =
        scenario && !scenario.of && text !== undefined
            ? yield* counterexample(text, scenario, choices, of.outcome.finding, check, fails, avoidable)
            : undefined;
    return { of, choices, inevitable, text: smaller };
}

/** @returns undefined if it was given up */
function* unless<T>(late: () => boolean, work: Generator<void, T>): Generator<void, T | undefined> {
    while (!late()) {
        const step = work.next();
        if (step.done === true) {
            return step.value;
        }
        yield;
    }
    return undefined;
}
