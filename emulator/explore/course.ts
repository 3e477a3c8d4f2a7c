/** A run that is explored: its choices, its state, and what it has shown. */
import { Diagnoses } from '../diagnosis/diagnoses';
import type { Program } from '../language/program';
import type { ScenarioDecl } from '../language/syntax/ast';
import { Hasher } from '../machine/hash';
import type { Deviation } from '../language/choice';
import type { Decider } from '../run/decider';
import { Run } from '../run/run';
import type { Tried } from '../run/tried';
import type { Host } from '../runtime/host/host';
import { hashFuture } from '../timeline/fingerprint';
import { Observations } from './observations';
import { type Outcome, outcomeOf } from './outcome';

export interface CourseOptions {
    readonly scenario?: string | undefined;
    readonly kernel?: string | undefined;
}

export class Course {
    readonly host: Host;
    readonly scenario: ScenarioDecl;
    readonly decider: Decider;
    /** A kernel has just ended: different courses often lead to the same state here. */
    atJunction = false;
    private readonly observations: Observations;

    /**
     * @param choices those that are made, if it is no exploration
     * @throws UsageError if the scenario cannot be run
     */
    constructor(program: Program, options: CourseOptions, tried: Tried, choices?: readonly Deviation[]) {
        const { host, decider, scenario } = Run.start(program, { ...options, tried, choices, findingsOptional: true });
        if (!decider) {
            throw new RangeError('a run with choices has a decider');
        }
        this.decider = decider;
        this.host = host;
        this.scenario = scenario;
        this.observations = new Observations(host);
        host.listeners.report(this.observations.listener);
        host.listeners.report({
            jumped: () => {
                this.atJunction = true;
                if (decider.stops) {
                    host.interpreter.giveWay();
                }
            },
        });
    }

    /** The outcome of a run that has ended. */
    outcome(): Outcome {
        const faults = this.host.injections.trials?.happened ?? 0;
        return outcomeOf(this.host, this.scenario, this.observations, faults);
    }

    /** What the outcome depends on from here on, and what the run has shown up to here. */
    state(): number {
        const hasher = new Hasher();
        // what does not change from here on is not computed again for the next state
        this.host.machine.journal.newEpoch();
        hashFuture(this.host, hasher);
        this.observations.hash(hasher);
        this.host.injections.trials?.hash(hasher);
        this.decider.hash(hasher);
        this.host.touches?.hash(hasher);
        for (const { code, message } of Diagnoses.of(this.host)?.found ?? []) {
            hasher.str(code).str(message);
        }
        return hasher.value();
    }

    /** Runs to the end of the scenario, or up to a number of operations. @returns the outcome */
    toTheEnd(limit: number): Outcome {
        const { interpreter } = this.host;
        while (!interpreter.outcome && interpreter.ticks < limit) {
            interpreter.run(limit - interpreter.ticks);
        }
        return this.outcome();
    }
}
