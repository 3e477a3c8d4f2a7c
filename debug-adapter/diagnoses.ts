/** Diagnoses in the debug console, and in the exception info of a stopped run. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { CATALOGUE } from '../emulator/findings/catalogue';
import type { Diagnosis } from '../emulator/findings/diagnosis';
import type { Place } from '../emulator/findings/place';
import type { Listener } from '../emulator/runtime/listener';
import type { RunException } from '../emulator/runtime/stop';
import type { ErrorOrigin } from '../emulator/runtime/error-origins';
import { originTitle, shownStack, stackText } from './error-origin';
import type { Output } from './output';
import type { Sources } from './source';

/**
 * Prints each diagnosis when it is made: its message and place, then its history and advice.
 * @param hasPast whether one can go back to its cause
 */
export function diagnosisListener(output: Output, sources: Sources, hasPast: boolean): Listener {
    const spot = (place: Place | undefined): string => (place ? `  ${sources.placeText(place.uri, place.start)}` : '');
    return {
        diagnosed(d: Diagnosis) {
            const lines = [
                `${d.severity} ${d.code}: ${d.message}`,
                ...(d.cause ? [`    follows from ${d.cause.code}: ${d.cause.message}${spot(d.cause.place)}`] : []),
                ...(d.cause && hasPast ? ['    "Go to Cause" goes to that finding.'] : []),
                ...d.history.map((h) => `    kernel ${h.boot + 1}: ${h.text}${spot(h.place)}`),
                `    What to do: ${d.advice}`,
            ];
            output.at(d.severity === 'hint' ? 'console' : 'stderr', lines.join('\n'), d.place);
        },
    };
}

/**
 * The exception info of a stopped run: for a diagnosis also its cause and advice, for a failed call the origin of its
 * error.
 */
export function exceptionInfoOf(
    { kind, message, fatal, diagnosis }: RunException,
    origin: ErrorOrigin | null,
    sources: Sources,
): DebugProtocol.ExceptionInfoResponse['body'] {
    const breakMode = fatal ? 'unhandled' : 'always';
    if (diagnosis) {
        const { cause, advice } = diagnosis;
        const lines = [
            message,
            ...(cause ? [`Follows from ${cause.code}: ${cause.message}`] : []),
            `What to do: ${advice}`,
        ];
        return { exceptionId: kind, description: lines.join('\n'), breakMode, details: detailsOf(diagnosis) };
    }
    if (origin) {
        const stack = shownStack(origin).map((e) => `    ${stackText(sources, e)}`);
        const stackTrace = [originTitle(origin), ...stack].join('\n');
        return { exceptionId: kind, description: message, breakMode, details: { message, stackTrace } };
    }
    return { exceptionId: kind, description: message, breakMode };
}

function detailsOf({ code, message, cause }: Diagnosis): DebugProtocol.ExceptionDetails {
    return {
        typeName: code,
        fullTypeName: CATALOGUE[code].title,
        message,
        ...(cause ? { innerException: [detailsOf(cause)] } : {}),
    };
}
