/**
 * The blocks `always` and `finally` of a scenario: what must hold whenever something has happened, and what runs at
 * every end.
 */
import { type Journal, JournaledList, JournaledRecord } from '../../machine/journal';
import type { Code } from '../code';
import type { RunException } from '../stop';

/** A block: its code, the position at which it begins, and the one behind it. */
export interface Hook {
    readonly code: Code;
    readonly pc: number;
    readonly end: number;
}

export class ScenarioHooks extends JournaledRecord {
    readonly always: JournaledList<Hook>;
    readonly finally: JournaledList<Hook>;
    /** Why the scenario has not come to its end: after a fault, `finally` runs nevertheless. */
    readonly stoppedBy: RunException | null = null;

    constructor(private readonly journal: Journal) {
        super(journal);
        this.always = new JournaledList(journal);
        this.finally = new JournaledList(journal);
    }

    stopped(by: RunException): void {
        this.journal.edit<ScenarioHooks>(this).stoppedBy = by;
    }
}
