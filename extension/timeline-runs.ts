/** What runs a scenario for its timeline. */
import type { CancellationToken } from 'vscode';
import * as z from 'zod/mini';
import type { RunChoice } from '../emulator/trace/timeline-address';
import type { LusOutput } from './lus-output';

/** Runs a scenario to its end. @returns the lanes of the run @throws Error with a message for the user */
export type TimelineRuns = (choice: RunChoice, cancelled: CancellationToken) => Promise<object>;

/** Packed lanes, which only the page reads. */
export const lanesSchema = z.custom<object>((x) => typeof x === 'object' && x !== null);

/** What `lus view --format json` prints. */
const viewSchema = z.object({ runs: z.tuple([z.object({ lanes: lanesSchema })]) });

/** Runs in processes of the command `lus`. */
export function timelineRunsOf(lus: LusOutput): TimelineRuns {
    return async ({ file, scenario, kernel, seed }, cancelled) => {
        const args = [
            'view',
            '--format=json',
            `--scenario=${scenario}`,
            ...(kernel === undefined ? [] : [`--kernel=${kernel}`]),
            ...(seed === undefined ? [] : [`--seed=${seed}`]),
        ];
        const [run] = viewSchema.parse(JSON.parse(await lus.output(file, args, cancelled))).runs;
        return run.lanes;
    };
}
