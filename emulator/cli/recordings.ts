/** Reads recordings for the commands. */
import { parseRecording, RecordingError, type Recording } from '../recording/recording';
import type { Files } from './files';
import { BadArguments } from './options';

/** @throws BadArguments with file and line if it is not a valid recording */
export function recordingIn(files: Files, uri: string): { readonly text: string; readonly recording: Recording } {
    const text = files.read(uri) ?? '';
    return readAs(files, uri, () => ({ text, recording: parseRecording(text) }));
}

/** The scenario of a recording. @throws BadArguments with the file and line of an error */
export function readAs<T>(files: Files, uri: string, make: () => T): T {
    try {
        return make();
    } catch (e) {
        throw e instanceof RecordingError ? new BadArguments(`${files.display(uri)}:${e.line}: ${e.message}`) : e;
    }
}
