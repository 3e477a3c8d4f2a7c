/**
 * A recording as a program: the test handlers of the recorded kernel, and one scenario whose statements are the lines.
 */
import { percentDecoded } from '../text/text';
import type { ScenarioDecl, SourceFile } from '../language/syntax/ast';
import { check } from '../language/check/check';
import type { SourceHost } from '../language/load';
import { NATIVES } from '../diagnosis/natives';
import type { CheckFinding } from '../language/check-finding';
import type { CodeInfo, Program } from '../language/program';
import type { RunnableProgram } from '../runtime/link/linked-program';
import { standardLibrary } from '../runtime/standard-library';
import { LUOTEST_URI, SHIPPED_SOURCES } from '../std/texts';
import { recordingCode, SLOTS } from './code';
import { parseRecording, RecordingError, type Recording } from './recording';

/** Whether a file is a recording, by its name. */
export function isRecording(uri: string): boolean {
    return uri.endsWith('.jsonl');
}

/** Reads a recording. An unreadable line is reported in the diagnostics. */
export function loadRecording(host: SourceHost, uri: string): Program {
    const text = host.read(uri);
    if (text === undefined) {
        return withError(handlers(), uri, {
            code: 'LU0215',
            severity: 'error',
            uri,
            span: { start: 0, end: 0 },
            message: `There is no file ${uri}.`,
        });
    }
    try {
        return recordingProgram(uri, text, parseRecording(text));
    } catch (e) {
        if (e instanceof RecordingError) {
            const found: CheckFinding = { code: 'LU0501', severity: 'error', uri, span: e.span, message: e.message };
            return withError(
                withFile(handlers(), { uri, text, items: [], comments: [], start: 0, end: text.length }),
                uri,
                found,
            );
        }
        throw e;
    }
}

let checked: Program | undefined;

/** The checked test handlers; the same for every recording. */
function handlers(): Program {
    checked ??= checkHandlers(standardLibrary());
    return checked;
}

function checkHandlers(standard: Program): Program {
    const host: SourceHost = { read: (uri) => SHIPPED_SOURCES.get(uri) };
    return check(host, LUOTEST_URI, NATIVES, standard);
}

function withFile(program: Program, file: SourceFile): Program {
    return { ...program, main: file.uri, files: new Map([[file.uri, file], ...program.files]) };
}

function withError(program: Program, uri: string, found: CheckFinding): Program {
    return { ...program, main: uri, scenarios: [], diagnostics: [found] };
}

/**
 * The program of a recording.
 * @param standard the kernel code to run on, instead of the emulator's own
 */
export function recordingProgram(
    uri: string,
    text: string,
    recording: Recording,
    standard?: typeof standardLibrary,
): RunnableProgram {
    const base = standard ? checkHandlers(standard()) : handlers();
    const name = percentDecoded(uri.slice(uri.lastIndexOf('/') + 1)).replace(/\.jsonl$/, '');
    const { span } = recording.start;
    const whole = { start: 0, end: text.length };
    const decl: ScenarioDecl = {
        kind: 'scenario',
        name: { kind: 'string', value: name, ...span },
        body: { kind: 'block', statements: [], ...whole },
        ...whole,
    };
    const info: CodeInfo = { decl, uri, slots: SLOTS, locals: [] };
    const program = withFile(base, { uri, text, items: [decl], comments: [], ...whole });
    return {
        ...program,
        scenarios: [decl],
        uriOf: new Map<object, string>([...base.uriOf, [decl, uri]]),
        code: new Map<object, CodeInfo>([...base.code, [decl, info]]),
        made: new Map([[decl, (host) => recordingCode(host, uri, text, name, recording)]]),
    };
}
