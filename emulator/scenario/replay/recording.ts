/** Recordings of a real kernel: one JSON object a line, a step and what came of it. */
import * as z from 'zod/mini';

/** What a step gave, as the recorder wrote it or as the emulator answers. */
const result = {
    ret: z.optional(z.union([z.number(), z.literal('fd')])),
    errno: z.optional(z.string()),
    name: z.optional(z.string()),
    size: z.optional(z.number()),
    blocks: z.optional(z.number()),
    nlink: z.optional(z.number()),
    mode: z.optional(z.string()),
    text: z.optional(z.string()),
    link: z.optional(z.string()),
    fnv: z.optional(z.string()),
};

const klog = z.optional(z.array(z.string()));
const step = z.strictObject({ op: z.string(), ...result, klog });
const boot = z.strictObject({ boot: z.number(), release: z.optional(z.string()), klog });
const panic = z.strictObject({ panic: z.string(), klog });

export type StepLine = z.infer<typeof step>;
export type BootLine = z.infer<typeof boot>;
export type PanicLine = z.infer<typeof panic>;
export type RecordedLine =
    | { readonly kind: 'step'; readonly line: number; readonly step: StepLine }
    | { readonly kind: 'boot'; readonly line: number; readonly boot: BootLine }
    | { readonly kind: 'panic'; readonly line: number; readonly panic: PanicLine };

/** A line that is no part of a recording. `message` begins with the number of the line. */
export class RecordingError extends Error {
    constructor(readonly line: number, what: string) {
        super(`line ${line}: ${what}`);
    }
}

/** @throws RecordingError for the first line that cannot be read. */
export function parseRecording(text: string): RecordedLine[] {
    const out: RecordedLine[] = [];
    text.split('\n').forEach((source, i) => {
        if (source.trim() !== '') {
            out.push(parseLine(source, i + 1));
        }
    });
    if (out[0]?.kind !== 'boot') {
        throw new RecordingError(1, 'a recording begins with a line like {"boot": 0}');
    }
    return out;
}

function parseLine(source: string, line: number): RecordedLine {
    let json: unknown;
    try {
        json = JSON.parse(source);
    } catch (e) {
        throw new RecordingError(line, `this is not JSON: ${e instanceof Error ? e.message : String(e)}`);
    }
    const s = step.safeParse(json);
    if (s.success) {
        return { kind: 'step', line, step: s.data };
    }
    const b = boot.safeParse(json);
    if (b.success) {
        return { kind: 'boot', line, boot: b.data };
    }
    const p = panic.safeParse(json);
    if (p.success) {
        return { kind: 'panic', line, panic: p.data };
    }
    throw new RecordingError(line, `this is no step, boot or panic of a recording: ${z.prettifyError(s.error).replace(/\s+/g, ' ')}`);
}

/** The words of a step; what is in double quotes is one word, without them. */
export function wordsOf(op: string): string[] {
    return [...op.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((m) => (m[1] === undefined ? m[2] ?? '' : m[1].replace(/\\(.)/g, '$1')));
}
