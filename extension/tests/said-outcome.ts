/** Reads the outcome of a scenario from the messages of its debug adapter. */

export interface SaidOutcome {
    readonly passed: boolean;
    /** Why it failed; empty if it passed. */
    readonly reason: string;
}

function member(value: unknown, key: string): unknown {
    return typeof value === 'object' && value !== null
        ? Object.entries(value).find(([k]) => k === key)?.[1]
        : undefined;
}

/**
 * The outcome in a message. It comes as output when the run is at its end, also if the session stays there; after going
 * back it can come again, and the last one counts. @returns undefined for any other message
 */
export function saidOutcome(message: unknown): SaidOutcome | undefined {
    const [event, body] = [member(message, 'event'), member(message, 'body')];
    if (event === 'exited' && member(body, 'exitCode') === 0) {
        return { passed: true, reason: '' };
    }
    const output = member(body, 'output');
    if (event !== 'output' || typeof output !== 'string') {
        return undefined;
    }
    const [, verdict, reason = ''] = /^Scenario "(?:\\.|[^"\\])*" (passed\.|failed: )(.*)$/s.exec(output) ?? [];
    return verdict === undefined ? undefined : { passed: verdict === 'passed.', reason: reason.trim() };
}
