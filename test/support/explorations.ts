/** Searches that run to their end, and what they have found in short. */
import assert from 'node:assert/strict';
import { type Exploration, Explorer, type ExploreOptions } from '../../emulator/explore/explore';
import type { Frontier } from '../../emulator/explore/frontier';
import { namesOf } from '../../emulator/explore/names';
import { choiceText } from '../../emulator/language/choice';
import type { Program } from '../../emulator/language/program';

/** @param frontier where the search goes on from */
export function explored(program: Program, options: ExploreOptions, frontier?: Frontier): Exploration {
    const explorer = new Explorer(program, options, frontier);
    for (const _ of explorer.run()) {
        // to the end
    }
    assert.ok(explorer.result.complete);
    return explorer.result;
}

/** The names of the outcomes, sorted. */
export function namesOfOutcomes({ classes }: Exploration): string[] {
    return namesOf(
        classes.map((c) => c.outcome),
        () => 0,
    ).sort();
}

/** Of each class of outcomes: the verdict, faults, switches, the number of courses, and the choices of its example. */
export function toldOf({ classes }: Exploration): (string | number)[][] {
    return classes.map((c) => [c.outcome.verdict, c.faults, c.switches, c.count, ...c.example.map(choiceText)]);
}
