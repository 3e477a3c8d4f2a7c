/** Reads recordings for the commands. */
import { parseRecording, RecordingError, type Recording } from '../recording/recording';
import type { Files } from './files';
import { BadArguments } from './options';

/** @throws BadArguments with file and line if it is not a valid recording */
export function recordingIn(files: Files, uri: string): { readonly text: string; readonly recording: Recording } {
    const text = files.read(uri) ?? '';
    return readAs(files, uri, () => ({ text, recording: parseRecording(text) }));
}

/** What is made of a recording. @throws BadArguments that names file and line where it cannot be */
export function readAs<T>(files: Files, uri: string, make: () => T): T {
    try {
        return make();
    } catch (e) {
        throw e instanceof RecordingError ? new BadArguments(`${files.display(uri)}:${e.line}: ${e.message}`) : e;
    }
}
