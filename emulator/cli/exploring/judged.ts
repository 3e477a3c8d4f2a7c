/** What comes after a search: its violations made small, the report, and the files with counterexamples. */
import { pathToFileURL } from 'node:url';
import type { Exploration, ExploreOptions } from '../../explore/explore';
import { judge, type Violation, violationsOf } from '../../explore/judge';
import type { Program } from '../../language/program';
import { errorsOf, loadProgram } from '../../run/load-program';
import { format } from '../../services/format/format';
import type { Files } from '../files';
import { jsonDocument } from '../json';
import { writeAll, writeOutput } from '../output-file';
import { complain, print } from '../print';
import { explorationReport, prettyExploration } from '../report/exploration';
import { numbered } from '../save-handover';
import { styleFor } from '../style';

const EXIT_VIOLATED = 1;
const EXIT_INCOMPLETE = 3;

export interface Explored {
    readonly exploration: Exploration;
    readonly violations: readonly Violation[];
    readonly options: ExploreOptions;
}

/**
 * @param writes whether its counterexamples are written as scenarios
 * @param late whether there is no time left
 */
export function judgedIn(
    files: Files,
    program: Program,
    explored: Explored,
    writes: boolean,
    late: () => boolean,
): Explored {
    const { exploration, options } = explored;
    const text = writes ? (files.read(program.main) ?? '') : undefined;
    const judging = { program, options, text, check: checkIn(files, program), late };
    return { ...explored, violations: violationsOf(exploration).map((of) => finished(judge(judging, of))) };
}

/** Checks another text in place of the main file. */
function checkIn(files: Files, program: Program): (changed: string) => Program | undefined {
    return (changed) => {
        const p = loadProgram(
            {
                read: (uri) => (uri === program.main ? changed : files.read(uri)),
                readBytes: (uri) => files.readBytes(uri),
                exists: (uri) => files.exists(uri),
            },
            program.main,
        );
        return errorsOf(p).length > 0 ? undefined : p;
    };
}

function finished<T>(work: Generator<void, T>): T {
    for (;;) {
        const step = work.next();
        if (step.done === true) {
            return step.value;
        }
    }
}

export interface Printing {
    readonly output: 'pretty' | 'json';
    /** The file of the first counterexample. */
    readonly writes: string | undefined;
    /** The file of the state. */
    readonly state: string | undefined;
}

/** Prints what was found. @returns the exit code */
export function report(
    files: Files,
    program: Program,
    results: readonly Explored[],
    { output, writes, state }: Printing,
): number {
    const written = writes === undefined ? [] : writeCounterexamples(writes, results);
    const reports = results.map((r) => explorationReport(files, r.exploration, r.violations));
    print(
        output === 'json'
            ? jsonDocument(1, { file: files.display(program.main), scenarios: reports })
            : reports.map((r) => prettyExploration(r, styleFor(process.stdout, process.env))).join('\n'),
    );
    for (const name of written) {
        complain(`Wrote ${name}: lus run ${name} fails in the same way.\n`);
    }
    const complete = results.every((r) => r.exploration.complete);
    if (!complete) {
        complain(
            state === undefined
                ? 'With --state FILE, the same command goes on from where it has stopped.\n'
                : `The same command goes on from ${state}.\n`,
        );
    }
    return results.some((r) => r.violations.length > 0) ? EXIT_VIOLATED : complete ? 0 : EXIT_INCOMPLETE;
}

/** @returns the names of the files */
function writeCounterexamples(name: string, results: readonly Explored[]): string[] {
    const texts = results.flatMap((r) => r.violations).flatMap((v) => v.text ?? []);
    return texts.map((text, i) => {
        const file = numbered(name, i + 1);
        const formatted = format(pathToFileURL(file).href, text);
        writeOutput(file, (fd) => writeAll(fd, 'refused' in formatted ? text : formatted.text));
        return file;
    });
}
