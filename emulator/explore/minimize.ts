/** Takes choices and statements away from a violation for as long as it stays one. */
import type { Program } from '../language/program';
import type { Deviation } from '../language/choice';
import { NOTHING } from '../run/tried';
import { Course, type CourseOptions } from './course';
import type { Outcome } from './outcome';

/** Whether two violations are the same one. */
export function sameViolation(a: Outcome, b: Outcome): boolean {
    return b.verdict === 'violated' && withoutNumbers(a.message) === withoutNumbers(b.message);
}

/** Addresses, times and numbers of pages differ from course to course. */
function withoutNumbers(message: string): string {
    return message.replace(/\b(0x[0-9a-f]+|\d+)\b/g, '#');
}

/** The outcome of the course in which these choices are made and all others are usual. */
export function outcomeWith(
    program: Program,
    options: CourseOptions,
    choices: readonly Deviation[],
    limit: number,
): Outcome {
    return new Course(program, options, NOTHING, choices).toTheEnd(limit);
}

/**
 * The choices without those that a violation does not need: none of the rest can be left out.
 * @param violates whether the violation is there with these choices
 */
export function* minimized(
    choices: readonly Deviation[],
    violates: (choices: readonly Deviation[]) => boolean,
): Generator<void, readonly Deviation[]> {
    let rest = choices;
    for (let changed = true; changed; ) {
        changed = false;
        // the last ones first: what comes after a choice depends on it
        for (let i = rest.length - 1; i >= 0; i--) {
            const fewer = rest.toSpliced(i, 1);
            yield;
            if (violates(fewer)) {
                rest = fewer;
                changed = true;
            }
        }
    }
    return rest;
}
