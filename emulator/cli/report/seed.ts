/** How reports name a scenario whose run depends on the seed. */
import type { ScenarioResult } from '../results';

/** ` (seed 7)` behind the name of a scenario whose run depends on the seed. */
export function seedOf({ seed }: ScenarioResult): string {
    return seed === null ? '' : ` (seed ${seed})`;
}
