/** What a process of a test run came to, as it hands it on: in the file that TEST_RESULTS names, as JSON. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const count = z.number().int().nonnegative();

const resultsSchema = z.object({
    passed: count,
    failed: count,
    skipped: count,
    /** What failed and why, a text for each. */
    failures: z.array(z.string()),
});

export type Results = Readonly<z.infer<typeof resultsSchema>>;

export const NOTHING: Results = { passed: 0, failed: 0, skipped: 0, failures: [] };

/** One failure more. */
export function failure(text: string): Results {
    return { ...NOTHING, failed: 1, failures: [text] };
}

export function add(a: Results, b: Results): Results {
    return {
        passed: a.passed + b.passed,
        failed: a.failed + b.failed,
        skipped: a.skipped + b.skipped,
        failures: [...a.failures, ...b.failures],
    };
}

/** In the process whose results they are: hands them on, where somebody waits for them. */
export function handOn(results: Results): void {
    const file = process.env['TEST_RESULTS'];
    if (file !== undefined) {
        writeFileSync(file, JSON.stringify(results));
    }
}

/** @returns undefined where the process broke off before it had any */
export function handedOn(file: string): Results | undefined {
    return existsSync(file) ? resultsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}
