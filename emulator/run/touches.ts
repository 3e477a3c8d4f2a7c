/** Makes the record of what the threads of a run read and write. */
import type { Journal } from '../machine/journal';
import type { Host } from '../runtime/host/host';
import { Touches } from '../runtime/touching/touches';

/** @param host returns the host of the run, which exists when the run has started */
export function touchesOf(journal: Journal, host: () => Host): Touches {
    return new Touches(journal, () => {
        const { interpreter, machine, hooks, kernel } = host();
        const { current, scheduler } = interpreter;
        const entangled =
            machine.clock.expects ||
            hooks.always.length > 0 ||
            (kernel?.vms.length ?? 0) > 0 ||
            scheduler.threads.some((t) => t.waiting?.kind === 'sleep');
        return { current, scheduler, entangled };
    });
}
