/** `lus replay`: replays recordings of a real kernel in the emulator and compares the results. */
import { compareRecording, type Comparison, type FirstDifference } from '../run/compare-recording';
import { openAll } from './check';
import { Files } from './files';
import { jsonDocument } from './json';
import { BadArguments, parse, type Command } from './options';
import { recordingIn } from './recordings';
import { styleFor, type Style } from './style';
import { counted } from '../text/text';
import { print } from './print';

/** The result of a replay. `--format json` prints these objects; their format is documented and stable. */
export interface ReplayResult {
    readonly file: string;
    readonly matched: number;
    readonly total: number;
    readonly difference: FirstDifference | null;
}

export const command: Command = (args) => {
    const parsed = parse(args, { format: { type: 'string' } });
    const format = parsed.oneOf('format', ['pretty', 'json']);
    if (parsed.positionals.length === 0) {
        throw new BadArguments('Name at least one recording.');
    }
    const files = new Files();
    // All are read before any is replayed, so that an invalid file does not count as a difference.
    const recordings = openAll(files, parsed.positionals).map((uri) => ({ uri, ...recordingIn(files, uri) }));
    const style = styleFor(process.stdout, process.env);
    const results = recordings.map(({ uri, text, recording }) => {
        const result = resultOf(files.display(uri), compareRecording(uri, text, recording));
        if (format === 'pretty') {
            print(pretty(result, style));
        }
        return result;
    });
    const equal = results.filter((r) => r.difference === null).length;
    const matched = results.reduce((n, r) => n + r.matched, 0);
    const total = results.reduce((n, r) => n + r.total, 0);
    print(
        format === 'json'
            ? jsonDocument(1, { matched, total, equal, different: results.length - equal, files: results })
            : `\n${counted(results.length, 'recording')}: ${style.good(`${equal} equal`)}, ${results.length - equal > 0 ? style.bad(`${results.length - equal} different`) : '0 different'}; ${matched}/${total} lines matched\n`,
    );
    return equal === results.length ? 0 : 1;
};

function resultOf(file: string, { matched, total, first }: Comparison): ReplayResult {
    return { file, matched, total, difference: first ?? null };
}

function pretty({ file, matched, total, difference }: ReplayResult, style: Style): string {
    const head = `${difference ? style.bad('✗') : style.good('✓')} ${file}  ${matched}/${total}\n`;
    if (!difference) {
        return head;
    }
    const { line, op, expected, got, before } = difference;
    return [
        head.trimEnd(),
        `    ${style.strong(`${file}:${line}`)}: ${op}`,
        `    expected  ${style.good(expected)}`,
        `    got       ${style.bad(got)}`,
        ...(before.length > 0 ? [`    ${style.dim('before it')}`, ...before.map((s) => `      ${style.dim(s)}`)] : []),
        '',
    ].join('\n');
}
