/** The launch configuration, and starting the scenario that it names. */
import * as z from 'zod/mini';
import type { CheckFinding } from '../emulator/language/check-finding';
import { choiceFrom, type Deviation } from '../emulator/language/choice';
import type { Program } from '../emulator/language/program';
import { errorsOf, loadProgram } from '../emulator/run/load-program';
import { Run } from '../emulator/run/run';
import { UsageError } from '../emulator/run/usage-error';
import type { SourceHost } from '../emulator/language/load';
import { capital, counted, percentDecoded } from '../emulator/text/text';
import { RequestError } from './errors';
import { parsed } from './requests';
import type { StopAtEnd } from './run-control';

/** What a client shows by itself, from the answers of `lus/liveUpdate` and `lus/timeline`. */
export const viewsSchema = z._default(z.array(z.enum(['liveUpdate', 'timeline'])), []);

export type Views = readonly ('liveUpdate' | 'timeline')[];

const schema = z.looseObject({
    program: z.string(),
    scenario: z.optional(z.string()),
    stopOnEntry: z.optional(z.boolean()),
    kernel: z.optional(z.string()),
    seed: z.optional(z.int().check(z.gte(0))),
    choices: z.optional(z.array(z.string())),
    avoidableUntil: z.optional(z.string()),
    noDebug: z.optional(z.boolean()),
    stopAtEnd: z.optional(z.enum(['never', 'failed', 'always'])),
    history: z.optional(z.number().check(z.gte(0))),
    skipKernelCode: z.optional(z.boolean()),
    kernelSources: z.optional(z.string()),
    views: viewsSchema,
});

export interface LaunchConfiguration {
    /** Path or URI of the scenario file. */
    readonly program: string;
    /** Default: the first one of the file. */
    readonly scenario: string | undefined;
    readonly stopOnEntry: boolean;
    readonly kernel: string | undefined;
    readonly seed: number;
    /** These choices are made, as `lus explore` prints them, and all others are usual. */
    readonly choices: readonly Deviation[] | undefined;
    /** The last choice that could prevent this end of the run, as `lus explore` prints it. It gets a mark. */
    readonly avoidableUntil: string | undefined;
    /** Run without debugging: no breakpoints, no steps, no stop at a failure. */
    readonly noDebug: boolean;
    readonly stopAtEnd: StopAtEnd;
    /** Memory for going back, in MiB. */
    readonly history: number;
    /** A step into a call passes over the kernel code that ships with the emulator. */
    readonly skipKernelCode: boolean;
    /** A folder for copies of the kernel code, for clients without `source` requests. */
    readonly kernelSources: string | undefined;
    readonly views: Views;
}

/** MiB. */
const HISTORY = 256;

/** @throws RequestError with one sentence about the error. */
export function launchConfiguration(args: unknown): LaunchConfiguration {
    const {
        program,
        scenario,
        stopOnEntry = false,
        kernel,
        seed = 0,
        choices,
        avoidableUntil,
        noDebug = false,
        stopAtEnd = 'failed',
        history = HISTORY,
        skipKernelCode = false,
        kernelSources,
        views,
    } = parsed(schema, args, 'launch configuration', 'badConfiguration');
    if (program.trim() === '') {
        throw new RequestError(
            'badConfiguration',
            'launch configuration: "program" must be the path of a scenario file, not empty.',
        );
    }
    return {
        program,
        scenario,
        stopOnEntry,
        kernel,
        seed,
        choices: choices?.map(choiceOf),
        avoidableUntil,
        noDebug,
        stopAtEnd,
        history,
        skipKernelCode,
        kernelSources,
        views,
    };
}

function choiceOf(text: string): Deviation {
    const choice = choiceFrom(text);
    if (!choice) {
        throw new RequestError(
            'badConfiguration',
            `launch configuration: "${text}" in "choices" must be a choice such as "schedule #7: luod".`,
        );
    }
    return choice;
}

/** A program with errors: all of them are reported, and nothing runs. */
export class ProgramErrors extends RequestError {
    constructor(
        readonly errors: readonly CheckFinding[],
        program: Program,
    ) {
        const files = new Set(errors.map((e) => e.uri));
        const name = program.main.slice(program.main.lastIndexOf('/') + 1);
        const where =
            files.size === 1 && files.has(program.main)
                ? percentDecoded(name)
                : `${percentDecoded(name)} and its imports`;
        const [first] = errors;
        const message = first?.message ?? '';
        super(
            'programErrors',
            errors.length === 1
                ? `${where} has an error: ${message}`
                : `${where} has ${counted(errors.length, 'error')}; the debug console lists all of them. The first: ${message}`,
        );
    }
}

/** Loads and checks a program. @throws RequestError if there is no such file. */
export function load(host: SourceHost, uri: string, path: string): Program {
    if (host.read(uri) === undefined) {
        throw new RequestError('noSuchFile', `There is no scenario file ${path}.`);
    }
    return loadProgram(host, uri);
}

/**
 * Creates a run before its first statement.
 * @throws ProgramErrors, RequestError for an unknown scenario or kernel.
 */
export function start(program: Program, config: LaunchConfiguration): Run {
    const errors = errorsOf(program);
    if (errors.length > 0) {
        throw new ProgramErrors(errors, program);
    }
    try {
        const { scenario, kernel, seed, choices } = config;
        return Run.start(program, { scenario, kernel, seed, choices });
    } catch (e) {
        if (e instanceof UsageError) {
            throw new RequestError('cannotStart', sentence(e.message));
        }
        throw e;
    }
}

/** With a capital letter and a full stop. */
function sentence(text: string): string {
    return `${capital(text)}${/[.!?}]$/.test(text) ? '' : '.'}`;
}

/** What a run depends on as long as the user does not change it: two runs with the same text are the same. */
export function startOf(config: LaunchConfiguration, { program, scenario }: Run): string {
    const texts = [...program.files.values()].map((f) => f.text);
    return JSON.stringify([scenario.name.value, config.kernel, config.seed, config.choices, texts]);
}
