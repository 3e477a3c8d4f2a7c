/** Schemas that check the arguments of every request. */
import * as z from 'zod/mini';
import { RequestError } from './errors';

const optional = {
    string: z.optional(z.string()),
    number: z.optional(z.number()),
    boolean: z.optional(z.boolean()),
};

const source = z.looseObject({ path: optional.string, name: optional.string, sourceReference: optional.number });
const thread = z.looseObject({ threadId: z.number() });
const step = z.looseObject({ threadId: z.number(), granularity: optional.string });
const format = z.optional(z.looseObject({ hex: optional.boolean }));
/** A physical address, or the end of memory. */
const address = z.number().check(z.int(), z.nonnegative(), z.lte(2 ** 52));
const nothing = z.optional(z.unknown());
const data = z.looseObject({
    variablesReference: optional.number,
    name: z.string(),
    frameId: optional.number,
    bytes: optional.number,
    asAddress: optional.boolean,
});

export const REQUESTS = {
    initialize: z.looseObject({
        linesStartAt1: optional.boolean,
        columnsStartAt1: optional.boolean,
        pathFormat: optional.string,
        supportsVariablePaging: optional.boolean,
        supportsInvalidatedEvent: optional.boolean,
        supportsProgressReporting: optional.boolean,
    }),
    launch: z.unknown(),
    attach: z.unknown(),
    restart: z.optional(z.looseObject({ arguments: z.optional(z.unknown()) })),
    configurationDone: nothing,
    disconnect: nothing,
    terminate: nothing,
    setBreakpoints: z.looseObject({
        source,
        breakpoints: z.optional(
            z.array(
                z.looseObject({
                    line: z.number(),
                    column: optional.number,
                    condition: optional.string,
                    hitCondition: optional.string,
                    logMessage: optional.string,
                }),
            ),
        ),
    }),
    setFunctionBreakpoints: z.looseObject({
        breakpoints: z.array(
            z.looseObject({ name: z.string(), condition: optional.string, hitCondition: optional.string }),
        ),
    }),
    setExceptionBreakpoints: z.looseObject({
        filters: z.array(z.string()),
        filterOptions: z.optional(z.array(z.looseObject({ filterId: z.string(), condition: optional.string }))),
    }),
    dataBreakpointInfo: data,
    setDataBreakpoints: z.looseObject({
        breakpoints: z.array(
            z.looseObject({
                dataId: z.string(),
                accessType: z.optional(z.enum(['read', 'write', 'readWrite'])),
                condition: optional.string,
                hitCondition: optional.string,
            }),
        ),
    }),
    breakpointLocations: z.looseObject({
        source,
        line: z.number(),
        column: optional.number,
        endLine: optional.number,
        endColumn: optional.number,
    }),
    continue: thread,
    next: step,
    stepIn: z.looseObject({ threadId: z.number(), granularity: optional.string, targetId: optional.number }),
    stepOut: step,
    stepInTargets: z.looseObject({ frameId: z.number() }),
    'lus/stepIntoCallback': thread,
    cancel: z._default(z.looseObject({ progressId: optional.string }), {}),
    pause: z.optional(z.looseObject({ threadId: optional.number })),
    threads: nothing,
    stackTrace: z.looseObject({ threadId: z.number(), startFrame: optional.number, levels: optional.number }),
    scopes: z.looseObject({ frameId: z.number() }),
    variables: z.looseObject({
        variablesReference: z.number(),
        filter: z.optional(z.enum(['indexed', 'named'])),
        start: optional.number,
        count: optional.number,
        format,
    }),
    setVariable: z.looseObject({ variablesReference: z.number(), name: z.string(), value: z.string(), format }),
    setExpression: z.looseObject({ expression: z.string(), value: z.string(), frameId: optional.number, format }),
    evaluate: z.looseObject({ expression: z.string(), frameId: optional.number, context: optional.string, format }),
    completions: z.looseObject({
        text: z.string(),
        column: z.number(),
        line: optional.number,
        frameId: optional.number,
    }),
    source: z.looseObject({ source: z.optional(source), sourceReference: optional.number }),
    loadedSources: nothing,
    exceptionInfo: thread,
    readMemory: z.looseObject({ memoryReference: z.string(), offset: optional.number, count: z.number() }),
    writeMemory: z.looseObject({
        memoryReference: z.string(),
        offset: optional.number,
        data: z.string(),
        allowPartial: optional.boolean,
    }),
    'lus/status': nothing,
    'lus/liveUpdate': nothing,
    // going back
    stepBack: step,
    reverseContinue: thread,
    restartFrame: z.looseObject({ frameId: z.number() }),
    'lus/stepBackInto': step,
    'lus/stepBackOut': step,
    'lus/goToBeginning': nothing,
    'lus/goToEnd': nothing,
    'lus/runBackTo': z.looseObject({ source, line: z.number(), column: optional.number }),
    'lus/undoChange': nothing,
    'lus/mark': z._default(z.looseObject({ name: optional.string }), {}),
    'lus/marks': nothing,
    'lus/goToMark': z.looseObject({ name: z.string() }),
    'lus/events': z._default(
        z.looseObject({
            /** Words that the event must contain. */
            filter: optional.string,
            kinds: z.optional(z.array(z.string())),
            start: optional.number,
            count: optional.number,
        }),
        {},
    ),
    'lus/goToEvent': z.looseObject({ id: z.number() }),
    'lus/goToLastChange': data,
    'lus/goToNextChange': data,
    'lus/goToCause': z._default(z.looseObject({ code: optional.string }), {}),
    /** Nanoseconds of the machine's clock. */
    'lus/goToTime': z.looseObject({ time: z.number() }),
    'lus/timeline': z._default(z.looseObject({ packed: z.optional(z.boolean()) }), {}),
    'lus/memory': z._default(
        z.looseObject({
            /** Parts of memory, in bytes; default: each node as a whole. */
            windows: z.optional(z.array(z.looseObject({ from: address, to: address }))),
            /** The most pieces of a part. */
            buckets: z.optional(z.number().check(z.int(), z.positive())),
            /** The moment that it is compared with; default: the last kexec. */
            compare: z.optional(z.looseObject({ mark: optional.string, event: optional.number })),
        }),
        {},
    ),
    'lus/page': z.looseObject({ address }),
} as const;

export type Command = keyof typeof REQUESTS;

/** The requests that let a run continue. */
export const RUNNING_COMMANDS = [
    'continue',
    'next',
    'stepIn',
    'stepOut',
    'stepInTargets',
    'lus/stepIntoCallback',
    'pause',
] as const satisfies readonly Command[];

/** The requests for going back and for the history. */
export const PAST_COMMANDS = [
    'stepBack',
    'reverseContinue',
    'restartFrame',
    'lus/stepBackInto',
    'lus/stepBackOut',
    'lus/goToBeginning',
    'lus/goToEnd',
    'lus/runBackTo',
    'lus/undoChange',
    'lus/mark',
    'lus/marks',
    'lus/goToMark',
    'lus/events',
    'lus/goToEvent',
    'lus/goToLastChange',
    'lus/goToNextChange',
    'lus/goToCause',
    'lus/goToTime',
    'lus/timeline',
] as const satisfies readonly Command[];
export type Arguments<C extends Command> = z.infer<(typeof REQUESTS)[C]>;

/** @throws RequestError that names the first invalid argument. */
export function parsed<T>(
    schema: z.ZodMiniType<T>,
    data: unknown,
    what: string,
    kind: 'badArguments' | 'badConfiguration' = 'badArguments',
): T {
    const result = schema.safeParse(data);
    if (result.success) {
        return result.data;
    }
    throw new RequestError(kind, `${what}: ${whatIsWrong(result.error.issues[0], data)}`);
}

const TYPES: Readonly<Record<string, string>> = {
    string: 'a string',
    number: 'a number',
    boolean: 'true or false',
    int: 'a whole number',
    array: 'a list',
    object: 'an object',
};

function whatIsWrong(issue: z.core.$ZodIssue | undefined, data: unknown): string {
    if (!issue) {
        return 'the arguments are wrong.';
    }
    const given = issue.path.reduce<unknown>(
        (o, key) => (typeof o === 'object' && o !== null ? Reflect.get(o, key) : undefined),
        data,
    );
    const name = issue.path.length === 0 ? 'the arguments' : `"${issue.path.map(String).join('.')}"`;
    switch (issue.code) {
        case 'invalid_type': {
            const expected = TYPES[issue.expected] ?? issue.expected;
            return given === undefined
                ? `${name} is missing: it must be ${expected}.`
                : `${name} must be ${expected}, not ${kindOf(given)}.`;
        }
        case 'too_small':
            return `${name} must be at least ${issue.minimum}, not ${kindOf(given)}.`;
        case 'too_big':
            return `${name} must be at most ${issue.maximum}, not ${kindOf(given)}.`;
        case 'invalid_value':
            return `${name} must be ${issue.values.map((v) => JSON.stringify(v)).join(' or ')}, not ${kindOf(given)}.`;
        default:
            return `${name} is wrong.`;
    }
}

/** The description of a given value in a message. */
function kindOf(v: unknown): string {
    if (Array.isArray(v)) {
        return 'a list';
    }
    switch (typeof v) {
        case 'object':
            return v === null ? 'null' : 'an object';
        case 'string':
            return v.length <= 40 ? JSON.stringify(v) : 'a string';
        default:
            return String(v);
    }
}
