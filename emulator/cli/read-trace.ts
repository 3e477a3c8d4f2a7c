/** Reads a trace that `lus run --trace` has written. */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import type { PackedMemory } from '../presentation/memory/packed';
import { PROCESSES_OF_RUN, type TraceEvent } from '../trace/trace';
import { BadArguments } from './options';

/** Fields beyond these are as this program has written them. */
const schema = z.object({
    otherData: z.object({
        version: z.literal(1),
        memory: z.optional(
            z.array(
                z.custom<PackedMemory>(
                    (x) => typeof x === 'object' && x !== null && 'title' in x && 'standings' in x && 'events' in x,
                ),
            ),
        ),
    }),
    traceEvents: z.array(
        z.custom<TraceEvent>((x) => typeof x === 'object' && x !== null && 'ph' in x && 'pid' in x && 'args' in x),
    ),
});

export interface TracedRun {
    readonly events: readonly TraceEvent[];
    /** Undefined: the trace was written without memory. */
    readonly memory: PackedMemory | undefined;
}

/**
 * @param scenario of the trace, if it has several
 * @throws BadArguments if the file is missing or not such a trace, or has several runs and none is chosen
 */
export function readTrace(file: string, scenario: string | undefined): TracedRun {
    const { otherData, traceEvents } = parsed(file);
    const { memory = [] } = otherData;
    const runs = [...new Set(traceEvents.map(runOf))].sort((a, b) => a - b);
    const chosen =
        scenario === undefined
            ? runs.filter(() => runs.length === 1)
            : runs.filter((i) => memory[i]?.title === scenario);
    const [index, another] = chosen;
    if (index === undefined || another !== undefined) {
        const names = memory.map((m) => JSON.stringify(m.title)).join(', ');
        throw new BadArguments(
            memory.length > 0
                ? `Choose one of the runs in ${file} with --scenario NAME: ${names}.`
                : `${file} must be a trace of one run, or have been written with --trace-memory.`,
        );
    }
    return { events: traceEvents.filter((e) => runOf(e) === index), memory: memory[index] };
}

/** The index of an event's run. */
function runOf({ pid }: TraceEvent): number {
    return Math.floor(pid / PROCESSES_OF_RUN);
}

function parsed(file: string): z.infer<typeof schema> {
    let text: string;
    try {
        text = readFileSync(file, 'utf8');
    } catch {
        throw new BadArguments(`${file} cannot be read.`);
    }
    try {
        return schema.parse(JSON.parse(text));
    } catch {
        throw new BadArguments(`${file} is not a trace that lus run --trace has written.`);
    }
}
