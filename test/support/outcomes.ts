/** What became of scenarios for which several tests ask. */
import type { Diagnosis } from '../../emulator/findings/diagnosis';
import type { ScenarioDecl } from '../../emulator/language/syntax/ast';
import type { Program } from '../../emulator/language/program';
import { Run } from '../../emulator/run/run';
import { runToEnd } from './runs';
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';

export interface Outcome {
    /** Why it failed; undefined: it passed. */
    readonly failure: string | undefined;
    readonly found: readonly Diagnosis[];
}

/** Runs each scenario once. */
export class Outcomes {
    private readonly known = new Map<ScenarioDecl, Outcome>();

    of(program: Program, scenario: ScenarioDecl): Outcome {
        const known = this.known.get(scenario);
        if (known) {
            return known;
        }
        const { host } = Run.start(program, { scenario: scenario.name.value });
        runToEnd(host);
        const outcome = {
            failure:
                host.interpreter.outcome?.passed === true
                    ? undefined
                    : (host.interpreter.outcome?.failure?.message ?? 'no reason given'),
            found: [...(Diagnoses.of(host)?.found.items ?? [])],
        };
        this.known.set(scenario, outcome);
        return outcome;
    }

    /** The failures of all scenarios of a program, as `scenario: reason`. */
    failuresOf(program: Program): string[] {
        return program.scenarios.flatMap((s) => {
            const { failure } = this.of(program, s);
            return failure === undefined ? [] : [`${s.name.value}: ${failure}`];
        });
    }

    /** The codes of what was found in a scenario, which must pass. */
    codesOf(program: Program, scenario: ScenarioDecl): string[] {
        const { failure, found } = this.of(program, scenario);
        if (failure !== undefined) {
            throw new Error(failure);
        }
        return found.map((d) => d.code);
    }
}
