/** The seed in the title of a scenario. */
import type { ScenarioResult } from '../results';

/** ` (seed 7)`, appended to the name of a scenario whose run depends on the seed. */
export function seedOf({ seed }: ScenarioResult): string {
    return seed === null ? '' : ` (seed ${seed})`;
}
