/** The outcome of a run: how it has ended, what it has shown and found. */
import { Diagnoses } from '../diagnosis/diagnoses';
import type { Diagnosis } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import type { ScenarioDecl } from '../language/syntax/ast';
import type { Host } from '../runtime/host/host';
import type { RunException } from '../runtime/stop';
import type { Observation, Observations } from './observations';

/**
 * `passed`; `stopped`: after a fault the scenario could not go on, which breaks no rule; `violated`: an assertion, a
 * panic, a deadlock, a finding that the scenario does not declare.
 */
export type Verdict = 'passed' | 'stopped' | 'violated';

export interface Outcome {
    readonly verdict: Verdict;
    /** Why it has not passed; empty if it has. */
    readonly message: string;
    readonly place: Place | undefined;
    readonly observations: readonly Observation[];
    /** The code of the finding that it is violated by, if it is one. */
    readonly finding: string | undefined;
    /** Codes of findings, without hints. */
    readonly findings: readonly string[];
}

/** The message for a run that has taken too many operations, or that comes back to a state for ever. */
const HANGS = 'the run does not end';
const ENDLESS: RunException = { kind: 'failed-call', message: HANGS, place: undefined, fatal: true };

/** The outcome of a run that does not end. */
export const HANGING: Outcome = {
    verdict: 'violated',
    message: HANGS,
    place: undefined,
    observations: [],
    finding: undefined,
    findings: [],
};

/** The outcome of a run that has ended. @param faults how many faults it has had */
export function outcomeOf(host: Host, scenario: ScenarioDecl, observations: Observations, faults: number): Outcome {
    const { outcome } = host.interpreter;
    const found = (Diagnoses.of(host)?.found.items ?? []).filter((d) => d.severity !== 'hint');
    const undeclared = rootCodes(found).filter((code) => !declares(scenario, code));
    const failure = outcome ? outcome.failure : ENDLESS;
    const stopped = failure?.kind === 'failed-call' && faults > 0 && !isDeadlock(failure) && outcome !== null;
    const verdict =
        failure && !stopped ? 'violated' : undeclared.length > 0 ? 'violated' : failure ? 'stopped' : 'passed';
    const finding = found.find((d) => undeclared.includes(d.code));
    const told = failure && (!stopped || !finding) ? failure : undefined;
    return {
        verdict,
        message: told?.message ?? (finding ? `${finding.code}: ${finding.message}` : ''),
        place: told?.place ?? finding?.place,
        observations: observations.all,
        finding: told ? undefined : finding?.code,
        findings: [...new Set(found.map((d) => d.code))].sort(),
    };
}

function isDeadlock({ message }: RunException): boolean {
    return message.startsWith('deadlock:');
}

/** Errors and warnings that follow from no other. */
function rootCodes(found: readonly Diagnosis[]): string[] {
    return found.filter((d) => d.cause === null).map((d) => d.code);
}

function declares({ finds }: ScenarioDecl, code: string): boolean {
    return finds?.some((f) => f.name === code) ?? false;
}

/** Two runs have the same outcome if this is equal. */
export function keyOfOutcome({ verdict, message, place, observations, findings }: Outcome): string {
    return JSON.stringify([
        verdict,
        message,
        place?.start ?? null,
        observations.map((o) => [o.by, o.what, o.place?.start ?? null, o.result]),
        findings,
    ]);
}
