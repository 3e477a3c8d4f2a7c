/**
 * Recordings of a real kernel: one JSON object per line, with a step and its result. extension/docs/recordings.md
 * describes the format.
 */
import * as z from 'zod/mini';
import type { Span } from '../language/syntax/ast';
import { parseJson } from '../text/json';
import { stepOf, UnknownStep, type Step } from './step';

/** The kinds of lines. */
function makeSchemas() {
    /** A result of a system call. {@link parseJson} makes a bigint of a JSON number that a double cannot hold. */
    const number = z
        .union([z.number(), z.bigint()])
        .check(z.refine(fitsIn64Bits, 'a result is a whole number of at most 64 bits'));
    /** What a step gave, as the recorder wrote it or as the emulator answers. */
    const result = {
        ret: z.optional(z.union([number, z.literal('fd')])),
        errno: z.optional(z.string()),
        name: z.optional(z.string()),
        size: z.optional(number),
        blocks: z.optional(number),
        nlink: z.optional(number),
        mode: z.optional(z.string()),
        text: z.optional(z.string()),
        link: z.optional(z.string()),
        fnv: z.optional(z.string()),
    };
    const klog = z.optional(z.array(z.string()));
    return {
        step: z
            .strictObject({ op: z.string(), ...result, klog })
            .check(
                z.refine(
                    (s) => (s.ret === undefined) !== (s.errno === undefined),
                    'a step needs either "ret" or "errno"',
                ),
            ),
        boot: z.strictObject({ boot: z.int().check(z.gte(0)), release: z.optional(z.string()), klog }),
        panic: z.strictObject({ panic: z.string(), klog }),
    };
}

function fitsIn64Bits(value: number | bigint): boolean {
    return (typeof value === 'bigint' || Number.isInteger(value)) && value >= -(2n ** 63n) && value < 2n ** 64n;
}

type Schemas = ReturnType<typeof makeSchemas>;
let made: Schemas | undefined;

/** Made when the first line is read: most runs read none, and start sooner without them. */
function schemas(): Schemas {
    made ??= makeSchemas();
    return made;
}

export type StepLine = z.infer<Schemas['step']>;
export type BootLine = z.infer<Schemas['boot']>;
export type PanicLine = z.infer<Schemas['panic']>;

/** The result of a step: the fields after `op`. */
export type Answer = Omit<StepLine, 'op' | 'klog'>;

interface Placed {
    /** Counted from 1. */
    readonly line: number;
    /** The line in the text of the recording. */
    readonly span: Span;
}

export type RecordedLine = Placed &
    (
        | { readonly kind: 'step'; readonly recorded: StepLine; readonly step: Step }
        | { readonly kind: 'boot'; readonly recorded: BootLine }
        | { readonly kind: 'panic'; readonly recorded: PanicLine }
    );

/** A recording that can be replayed: its first line is a boot. */
export interface Recording {
    /** `7.2.13`; undefined if the first line does not name it. */
    readonly release: string | undefined;
    /** The lines after the first boot. */
    readonly lines: readonly RecordedLine[];
    /** The line of the first boot. */
    readonly start: RecordedLine;
}

/** An invalid line. */
export class RecordingError extends Error {
    constructor(
        readonly line: number,
        readonly span: Span,
        what: string,
    ) {
        super(what);
    }
}

/** @throws RecordingError for the first line that cannot be read. */
export function parseRecording(text: string): Recording {
    const out: RecordedLine[] = [];
    let at = 0;
    text.split('\n').forEach((source, i) => {
        const span = { start: at, end: at + source.trimEnd().length };
        if (source.trim() !== '') {
            out.push(parseLine(source, { line: i + 1, span }));
        }
        at += source.length + 1;
    });
    const [start, ...lines] = out;
    if (start?.kind !== 'boot') {
        throw new RecordingError(
            start?.line ?? 1,
            start?.span ?? { start: 0, end: 0 },
            'A recording must begin with a line like {"boot": 0}.',
        );
    }
    return { release: start.recorded.release, lines, start };
}

function parseLine(source: string, place: Placed): RecordedLine {
    const wrong = (what: string): RecordingError => new RecordingError(place.line, place.span, what);
    let json: unknown;
    try {
        json = parseJson(source);
    } catch (e) {
        throw wrong(`This line is not JSON: ${e instanceof Error ? e.message : String(e)}.`);
    }
    if (typeof json !== 'object' || json === null) {
        throw wrong('A line of a recording must be a JSON object.');
    }
    const read = <T>(schema: z.ZodMiniType<T>): T => {
        const parsed = schema.safeParse(json);
        if (parsed.success) {
            return parsed.data;
        }
        const [issue] = parsed.error.issues;
        const where = issue && issue.path.length > 0 ? `"${issue.path.join('.')}": ` : '';
        throw wrong(`This line is not valid in a recording: ${where}${issue?.message ?? 'it has the wrong form'}.`);
    };
    if ('boot' in json) {
        return { kind: 'boot', ...place, recorded: read(schemas().boot) };
    }
    if ('panic' in json) {
        return { kind: 'panic', ...place, recorded: read(schemas().panic) };
    }
    if (!('op' in json)) {
        throw wrong('A line of a recording needs "op", "boot" or "panic".');
    }
    const recorded = read(schemas().step);
    try {
        return { kind: 'step', ...place, recorded, step: stepOf(recorded.op) };
    } catch (e) {
        throw e instanceof UnknownStep ? wrong(e.message) : e;
    }
}
