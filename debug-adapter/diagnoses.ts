/** What the emulator thinks of the run, in the debug console. */
import type { Diagnosis } from '../emulator/scenario/diagnosis/diagnosis';
import type { Listener, Place } from '../emulator/scenario/listener';
import type { Output } from './output';
import type { Sources } from './source';

/** Says each diagnosis as it is made: the sentence at its place, then its history and what to do. */
export function diagnosisListener(output: Output, sources: Sources): Listener {
    const spot = (place: Place | undefined): string => (place ? `  ${sources.placeText(place.uri, place.start)}` : '');
    return {
        diagnosed(d: Diagnosis) {
            const lines = [
                `${d.severity} ${d.code}: ${d.message}`,
                ...(d.cause ? [`    follows from ${d.cause.code}: ${d.cause.message}${spot(d.cause.place)}`] : []),
                ...d.history.map((h) => `    kernel ${h.boot}: ${h.text}${spot(h.place)}`),
                `    What to do: ${d.advice}`,
            ];
            output.at(d.severity === 'hint' ? 'console' : 'stderr', lines.join('\n'), d.place);
        },
    };
}
