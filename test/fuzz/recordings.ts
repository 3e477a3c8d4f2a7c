/** Damaged recordings of real kernels: parsed, converted to scenarios, replayed. */
import * as fc from 'fast-check';
import { importRecording } from '../../emulator/recording/import';
import { parseRecording, RecordingError, type Recording } from '../../emulator/recording/recording';
import { compareRecording } from '../../emulator/run/compare-recording';
import { errorsOf, loadProgram } from '../../emulator/run/load-program';
import { recordings as shipped } from './corpus';
import { edited, edits } from './inputs';
import { Fault, target } from './target';

const FILES = shipped();
const WORDS = [...new Set([...FILES.values()].flatMap((text) => text.match(/\w+|[^\w\s]+/g) ?? []))].sort();
const name = fc.constantFrom(...FILES.keys());

interface Damaged {
    readonly file: string;
    readonly other: string;
    readonly changes: ReturnType<typeof edits> extends fc.Arbitrary<infer E> ? E : never;
}

const textOf = ({ file, other, changes }: Damaged): string =>
    edited(FILES.get(file) ?? '', changes, FILES.get(other) ?? '');

/** @returns undefined for an error that names its line */
function told<T>(make: () => T): T | undefined {
    try {
        return make();
    } catch (e) {
        if (e instanceof RecordingError) {
            return undefined;
        }
        throw e;
    }
}

function attempt(text: string): void {
    const recording = told(() => parseRecording(text));
    if (!recording) {
        return;
    }
    attemptImport(recording);
    const replay = (): string => JSON.stringify(compareRecording('test:/fuzz.jsonl', text, recording));
    const [first, again] = [replay(), replay()];
    if (first !== again) {
        throw new Fault(`two replays differ: ${first} and ${again}`);
    }
}

function attemptImport(recording: Recording): void {
    const text = told(() => importRecording('fuzz', recording));
    if (text === undefined) {
        return;
    }
    const [error] = errorsOf(loadProgram({ read: (uri) => (uri === 'fuzz.lus' ? text : undefined) }, 'fuzz.lus'));
    if (error) {
        const line = text.slice(0, error.span.start).split('\n').length;
        throw new Fault(
            `an imported recording has an error: ${error.code} ${error.message} in ${text.split('\n')[line - 1]}`,
        );
    }
}

export const recordings = target<Damaged>({
    name: 'recordings',
    what: 'damaged recordings',
    few: 40,
    inputs: fc.record({ file: name, other: name, changes: edits(WORDS) }),
    attempt: (input) => attempt(textOf(input)),
    shown: textOf,
});
