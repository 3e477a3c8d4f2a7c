/** Targets of the fuzzer: a kind of input, and what must hold for each input. */
import * as fc from 'fast-check';

/** Something that must not happen. The message names the kind of fault, and no part of the input before a colon. */
export class Fault extends Error {}

/** An input that fails, after shrinking. */
export interface Failure {
    readonly error: unknown;
    /** The input as text. */
    readonly input: string;
}

export interface Trial {
    /** The inputs that were tried, also those of shrinking. */
    readonly tried: number;
    readonly failure: Failure | undefined;
}

export interface TrialOptions {
    readonly seed: number;
    readonly runs: number;
    /** Milliseconds after which shrinking ends with what it has. Default: never. */
    readonly limit?: number;
    /** Called before each input. */
    readonly begin?: () => void;
}

export interface Target {
    readonly name: string;
    /** The kind of input, in words. */
    readonly what: string;
    /** The inputs of a trial in a short run. */
    readonly few: number;
    /** Tries the inputs that follow from the seed, up to the first one that fails. */
    trial(options: TrialOptions): Promise<Trial>;
    /** Ends what the target has started. */
    close(): void;
}

interface Parts<T> {
    readonly name: string;
    readonly what: string;
    readonly few: number;
    readonly inputs: fc.Arbitrary<T>;
    /** @throws Fault, or the error that came out */
    readonly attempt: (input: T) => void | Promise<void>;
    readonly shown: (input: T) => string;
    readonly close?: () => void;
}

export function target<T>({ name, what, few, inputs, attempt, shown, close = () => undefined }: Parts<T>): Target {
    return {
        name,
        what,
        few,
        close,
        async trial({ seed, runs, limit, begin }) {
            const property = fc.asyncProperty(inputs, async (input) => {
                begin?.();
                await attempt(input);
            });
            const details = await fc.check(property, {
                seed,
                numRuns: runs,
                ...(limit === undefined ? {} : { interruptAfterTimeLimit: limit, markInterruptAsFailure: false }),
            });
            const tried = details.numRuns + details.numShrinks;
            const [input] = details.counterexample ?? [];
            return details.failed && input !== undefined
                ? { tried, failure: { error: details.errorInstance, input: shown(input) } }
                : { tried, failure: undefined };
        },
    };
}

/** A fault is the same as another one if this is: its message up to a colon, or the place where it was thrown. */
export function kindOf(error: unknown): string {
    if (error instanceof Fault) {
        return error.message.split(':')[0] ?? '';
    }
    if (!(error instanceof Error)) {
        return String(error);
    }
    const place = /\n\s+at .*/.exec(error.stack ?? '')?.[0].trim() ?? '';
    return `${error.name}: ${error.message.slice(0, 80)} ${place}`;
}
