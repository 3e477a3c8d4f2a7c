/** Random scenarios about what a layer hands over: the parts that they have in common. */
import { Random } from './random';
import { passes } from './runs';

export interface HandingOver {
    /** Of both kernels. */
    readonly layer: string;
    /** A finding that must be made. */
    readonly finds: string | undefined;
    /** What the processes do, from the first `process p {` on, up to before its last `}`. */
    readonly steps: string;
    /** Functions that the steps call. */
    readonly functions?: string;
}

/** A scenario after which nothing may be left of what was handed over. */
export function handingOver({ layer, finds, steps, functions = '' }: HandingOver): string {
    return `kernel "next" from "7.3" { layers ${layer} }
${functions}scenario "s"${finds === undefined ? '' : ` finds ${finds}`} {
    boot "next"
    process p {
${steps}    }
    assert kho.incoming.unclaimed == 0
}
`;
}

/** Runs so many scenarios; a failure shows the text. */
export function allPass(seed: number, runs: number, scenario: (random: Random) => string): void {
    const random = new Random(seed);
    for (let run = 0; run < runs; run++) {
        const text = scenario(random);
        passes(text, text);
    }
}
