/** `lus.config.json` in the current folder: what is the same for every `lus run`. */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { near } from '../../language/nearest';
import { BadArguments } from '../options';

export const CONFIG_FILE = 'lus.config.json';

/** The most threads. */
export const MOST_JOBS = 256;

/** Each setting is an option of `lus run`, which takes precedence. */
export const CONFIG = z.strictObject({
    $schema: z.optional(z.string()),
    files: z.optional(z.array(z.string())),
    kernel: z.optional(z.string()),
    seeds: z.optional(z.string().check(z.regex(/^\d+(\.\.\d+)?$/))),
    jobs: z.optional(z.int().check(z.minimum(1), z.maximum(MOST_JOBS))),
    strict: z.optional(z.boolean()),
    bail: z.optional(z.boolean()),
    timeout: z.optional(z.string()),
    virtualTimeout: z.optional(z.string()),
    reports: z.optional(z.array(z.string())),
    coverage: z.optional(z.string()),
    baseline: z.optional(z.string()),
    tolerance: z.optional(z.number().check(z.minimum(0))),
});

/** What editors and the documentation say of the settings. */
export const CONFIG_DOCS: Readonly<Record<Exclude<keyof Config, '$schema'>, string>> = {
    files: 'The files, folders and patterns that `lus run` without arguments runs.',
    kernel: 'The default kernel of scenarios.',
    seeds: 'The seeds with which each scenario runs: `"0..500"`.',
    jobs: 'The number of threads.',
    strict: 'Whether an unexpected diagnosis fails a scenario.',
    bail: 'Whether the run ends at the first failure.',
    timeout: 'The longest time of a scenario: `"30s"`.',
    virtualTimeout: 'The longest virtual time of a scenario: `"10s"`.',
    reports: 'Reports to write: `"junit=out.xml"`, `"html=report/"`, `"sarif=lus.sarif"`, `"github"`.',
    coverage: 'The file for the coverage of handlers, in the format of lcov.',
    baseline: 'A report in JSON whose blackouts must not be exceeded.',
    tolerance: 'The percentage by which a blackout may exceed that of the baseline.',
};

export type Config = z.infer<typeof CONFIG>;

/** @throws BadArguments if the file is there and cannot be read, or is not valid */
export function readConfig(): Config {
    let text: string;
    try {
        text = readFileSync(CONFIG_FILE, 'utf8');
    } catch (e) {
        if (e instanceof Error && 'code' in e && e.code === 'ENOENT') {
            return {};
        }
        throw new BadArguments(`${CONFIG_FILE} cannot be read: ${e instanceof Error ? e.message : String(e)}.`);
    }
    let json: unknown;
    try {
        json = JSON.parse(text);
    } catch (e) {
        throw new BadArguments(`${CONFIG_FILE} is not JSON: ${e instanceof Error ? e.message : String(e)}.`);
    }
    const result = CONFIG.safeParse(json);
    if (!result.success) {
        throw new BadArguments(`${CONFIG_FILE}: ${problem(result.error.issues[0])}`);
    }
    return result.data;
}

function problem(issue: z.core.$ZodIssue | undefined): string {
    if (issue?.code === 'unrecognized_keys') {
        const [key = ''] = issue.keys;
        const nearest = near(key, Object.keys(CONFIG.shape));
        return `There is no setting "${key}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`;
    }
    return `"${issue?.path.join('.') ?? ''}" is not valid: ${issue?.message ?? ''}.`;
}
