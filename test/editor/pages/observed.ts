/** Runs programs once with closures and once with generated code, and records all that can be observed of both runs. */
import { errorsOf, loadProgram } from '../../../emulator/run/load-program';
import { isOver } from '../../../emulator/runtime/stop';
import { Hasher } from '../../../emulator/machine/hash';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { Random } from '../../support/random';
import { stateOf, watched } from '../../support/watched-run';

/** The most operations of a run that is observed: a longer run is cut off. */
const MOST = 300_000;
/** The most stops of a run: it continues without stops after them. */
const STOPS = 60;

export interface Files {
    /** Texts by URI. */
    readonly texts: Readonly<Record<string, string>>;
    /** Decompressed memory images by URI. */
    readonly images: Readonly<Record<string, Uint8Array>>;
    /** The URIs of the texts whose scenarios are run. */
    readonly programs: readonly string[];
}

/** What was observed of one scenario. It is equal for two runs that do the same. */
export interface Seen {
    readonly scenario: string;
    readonly stops: number;
    readonly operations: number;
    /** The digest of the states at all stops. */
    readonly states: string;
    readonly fingerprint: string;
}

/** @param hotAfter rounds of a loop before code is generated for it; Infinity: none is */
export function observed({ texts, images, programs }: Files, hotAfter: number): Seen[] {
    const host = { read: (uri: string) => texts[uri], readBytes: (uri: string) => images[uri] };
    return programs.flatMap((uri, number) => {
        const program = loadProgram(host, uri);
        const scenarios = errorsOf(program).length > 0 ? [] : program.scenarios.map((s) => s.name.value);
        return scenarios.map((scenario): Seen => {
            const random = new Random(number);
            const run = watched(program, { scenario, hotAfter, findingsOptional: true });
            const { host: emulated } = run.run;
            const { interpreter } = emulated;
            const states = new Hasher();
            let stops = 0;
            for (let over = false; !over && interpreter.ticks <= MOST; stops++) {
                const stop = interpreter.run(stops < STOPS ? random.pick([1, 2, 3, 7, 50, 400, 3000]) : MOST);
                over = isOver(stop);
                states.str(JSON.stringify(stateOf(run, stop)));
            }
            return {
                scenario: `${uri}: ${scenario}`,
                stops,
                operations: interpreter.ticks,
                states: states.digest(),
                fingerprint: fingerprint(emulated),
            };
        });
    });
}
