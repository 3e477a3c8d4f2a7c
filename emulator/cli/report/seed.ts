/** The seed in the title of a scenario. */
import type { ScenarioResult } from '../results';

/** The most seeds that are named. */
const NAMED = 5;

/**
 * ` (seed 7)`, appended to the name of a scenario whose run depends on the seed; with several seeds ` (seeds 0..500)`
 * or ` (seed 7; 3 of 501 seeds fail: 7, 12, 80)`.
 */
export function seedOf({ seed, seeds }: ScenarioResult): string {
    if (seeds === null) {
        return seed === null ? '' : ` (seed ${seed})`;
    }
    const { first, last, failed } = seeds;
    if (failed.length === 0) {
        return ` (seeds ${first}..${last})`;
    }
    const all = last - first + 1;
    const more = failed.length > NAMED ? ', …' : '';
    return ` (seed ${seed}; ${failed.length} of ${all} seeds fail: ${failed.slice(0, NAMED).join(', ')}${more})`;
}
