/** Reads and checks a file that the user names: a `.lus` file with its imports, or a recording. */
import { NATIVES } from '../diagnosis/natives';
import { check } from '../language/check/check';
import type { CheckFinding } from '../language/check-finding';
import type { SourceHost } from '../language/load';
import type { Program } from '../language/program';
import { isRecording, loadRecording } from '../recording/program';
import { libraryWith, standardLibrary } from '../runtime/standard-library';

/** Errors in the file are in the diagnostics of its program. */
export function loadProgram(host: SourceHost, uri: string): Program {
    if (isRecording(uri)) {
        return loadRecording(host, uri);
    }
    return check(host, uri, NATIVES, (layers, page) => standardLibrary(libraryWith(layers), page));
}

/** The errors that keep a program from running. */
export function errorsOf(program: Program): CheckFinding[] {
    return program.diagnostics.filter((d) => d.severity === 'error');
}
