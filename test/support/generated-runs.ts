/** Runs that the second model makes up, on the emulator. */
import { compareRecording } from '../../emulator/run/compare-recording';
import { parseRecording, type Recording } from '../../emulator/recording/recording';
import type { standardLibrary } from '../../emulator/runtime/standard-library';
import { generate } from '../conformance/model/generate';

/** What the model says of the steps of a seed. */
export interface Generated {
    readonly seed: number;
    readonly text: string;
    readonly recording: Recording;
}

export function generated(seed: number): Generated {
    const text = generate(seed);
    return { seed, text, recording: parseRecording(text) };
}

/** What differs, or undefined. @param standard the kernel code that it runs on, where that is not what ships */
export function differenceIn(
    { seed, text, recording }: Generated,
    standard?: typeof standardLibrary,
): string | undefined {
    const { first } = compareRecording(`test:/seed-${seed}.jsonl`, text, recording, standard);
    return (
        first &&
        `seed ${seed}, line ${first.line}, ${first.op}: the model says ${first.expected}; the emulator ${first.got}; before it ${first.before.join('; ')}`
    );
}
