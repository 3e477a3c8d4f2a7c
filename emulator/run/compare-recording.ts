/** Replays a whole recording and counts what matches. */
import { Run } from './run';
import type { standardLibrary } from '../runtime/standard-library';
import type { RunException } from '../runtime/stop';
import type { Host } from '../runtime/host/host';
import { show } from '../recording/answers';
import { stateOf } from '../recording/code';
import { recordingProgram } from '../recording/program';
import type { Recording } from '../recording/recording';
import type { Difference } from '../recording/state';

/** The first line at which the emulator differs from the real kernel. */
export interface FirstDifference extends Difference {
    /** The steps before it, the last one last. */
    readonly before: readonly string[];
}

export interface Comparison {
    readonly matched: number;
    readonly total: number;
    readonly first: FirstDifference | undefined;
}

/** The number of steps shown before a difference. */
const BEFORE = 8;
/** A step with more operations than this is assumed to be endless. */
const LIMIT = 200_000_000;

/**
 * Replays a recording to its end, or to a step that cannot run.
 * @param standard the kernel code to run on, instead of the emulator's own
 */
export function compareRecording(
    uri: string,
    text: string,
    recording: Recording,
    standard?: typeof standardLibrary,
): Comparison {
    const { host } = Run.start(recordingProgram(uri, text, recording, standard), { standard });
    host.interpreter.filters.add('difference');
    const { lines } = recording;
    let matched = lines.length;
    let first: Difference | undefined;
    for (;;) {
        const reached = lineOf(host);
        const stop = host.interpreter.run(LIMIT);
        if (stop?.reason === 'exception' && !stop.exception.fatal) {
            matched--;
            first ??= firstOf(host);
        } else if (stop?.reason === 'end' && host.interpreter.outcome?.failure?.kind !== 'failed-call') {
            break;
        } else if (stop || lineOf(host) === reached) {
            // neither this line nor a later one is known to match
            const at = lines.findIndex((l) => l.line === lineOf(host));
            const line = lines[at];
            const expected =
                line?.kind === 'step'
                    ? show({ answer: line.recorded, klog: line.recorded.klog ?? [] })
                    : (line?.kind ?? '');
            first ??= {
                line: lineOf(host),
                op: line?.kind === 'step' ? line.recorded.op : (line?.kind ?? 'boot'),
                expected,
                got: messageOf(stop && 'exception' in stop ? stop.exception : undefined),
            };
            matched -= lines.length - Math.max(at, 0);
            break;
        }
    }
    return { matched, total: lines.length, first: first && { ...first, before: before(recording, first.line) } };

    function lineOf(of: Host): number {
        const frame = of.interpreter.scenarioThread.frames[0];
        const span = frame?.code.statements[frame.code.statementAt[frame.pc] ?? -1]?.span;
        return lines.find((l) => l.span.start === span?.start)?.line ?? recording.start.line;
    }
}

function firstOf(host: Host): Difference | undefined {
    const frame = host.interpreter.scenarioThread.frames[0];
    return frame && stateOf(frame).first?.difference;
}

function messageOf(exception: RunException | undefined): string {
    return exception?.message ?? 'this step does not end';
}

function before(recording: Recording, line: number): string[] {
    return recording.lines
        .filter((l) => l.line < line)
        .slice(-BEFORE)
        .map((l) => (l.kind === 'step' ? l.recorded.op : l.kind));
}
