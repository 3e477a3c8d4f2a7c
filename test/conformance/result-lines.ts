/**
 * What the `lus` command comes to, in lines that can be compared and read in a diff: exit codes, order, places, codes
 * and numbers. Sentences are left out: a message is named by its code or its kind, so that its words can change.
 */
import * as path from 'node:path';
import { z } from 'zod';
import { command as importCommand } from '../../emulator/cli/import';
import { command as inspectCommand } from '../../emulator/cli/inspect';
import type { Command } from '../../emulator/cli/options';
import { command as replayCommand } from '../../emulator/cli/replay';
import { command as runCommand } from '../../emulator/cli/run';
import { ROOT } from '../support/repository';

interface Called {
    readonly code: number;
    readonly out: string;
}

/** Runs a command in this process. What it prints is kept from the terminal. */
async function called(command: Command, args: readonly string[]): Promise<Called> {
    const { write } = process.stdout;
    let out = '';
    process.stdout.write = (text: string | Uint8Array): boolean => {
        out += String(text);
        return true;
    };
    try {
        return { code: await command(args), out };
    } finally {
        process.stdout.write = write;
    }
}

const whereSchema = z.object({
    file: z.string(),
    line: z.number(),
    column: z.number(),
    endLine: z.number(),
    endColumn: z.number(),
});
type Where = z.infer<typeof whereSchema>;

const stackSchema = z.array(z.object({ label: z.string(), where: whereSchema.nullable() }));

const datumSchema = z.json();

const updateSchema = z.object({
    number: z.number(),
    from: z.string(),
    to: z.string(),
    sessions: z.number(),
    files: z.number(),
    preBlackoutNs: z.number(),
    blackoutNs: z.number().nullable(),
    pausingNs: z.number(),
    kernelShutdownNs: z.number(),
    kernelStartupNs: z.number().nullable(),
    userspaceNs: z.number().nullable(),
    postBlackoutNs: z.number().nullable(),
    madeOf: z.array(z.object({ cost: z.string(), ns: z.number() })),
    guests: z.array(z.object({ name: z.string() }).catchall(datumSchema)),
});

const diagnosisSchema = z.object({
    code: z.string(),
    severity: z.string(),
    where: whereSchema.nullable(),
    boot: z.number(),
    timeNs: z.number(),
    history: z.array(z.object({ boot: z.number(), where: whereSchema.nullable() })),
    expected: z.boolean(),
    cause: z.object({ code: z.string(), where: whereSchema.nullable() }).nullable(),
    data: z.record(z.string(), datumSchema),
});

const failureSchema = z.object({
    kind: z.string(),
    message: z.string(),
    where: whereSchema.nullable(),
    stack: stackSchema,
    cause: z.object({ where: whereSchema.nullable(), stack: stackSchema }).nullable(),
    waiting: z.array(z.object({ process: z.string(), stack: stackSchema })),
});

const fileSchema = z.object({
    errors: z.array(z.object({ code: z.string(), severity: z.string(), where: whereSchema })),
    scenarios: z.array(
        z.object({
            name: z.string(),
            where: whereSchema,
            passed: z.boolean(),
            seed: z.number().nullable(),
            timeNs: z.number(),
            boots: z.number(),
            output: z.array(z.object({ boot: z.number(), timeNs: z.number() })),
            updates: z.array(updateSchema),
            diagnoses: z.array(diagnosisSchema),
            failure: failureSchema.nullable(),
        }),
    ),
});

/** Texts with spaces are words; what has none is a name, a number or an address. */
function datum(value: unknown): string {
    if (typeof value === 'string') {
        return value === '' ? '""' : value.includes(' ') ? '…' : value;
    }
    if (Array.isArray(value)) {
        return `[${value.map(datum).join(' ')}]`;
    }
    if (typeof value === 'object' && value !== null) {
        return `{${data(value)}}`;
    }
    return String(value);
}

const data = (values: object): string =>
    Object.entries(values)
        .map(([k, v]) => `${k} ${datum(v)}`)
        .join(', ');

/** The kernel's own code moves about: of it the file is named, not the line. */
const KERNEL_CODE = 'std/';

/** Lines and columns of a place; the file only where it is another one. */
function place(where: Where | null, file: string): string {
    if (!where) {
        return 'nowhere';
    }
    if (where.file.startsWith(KERNEL_CODE)) {
        return path.basename(where.file);
    }
    const name = where.file === file ? '' : `${path.basename(where.file)}:`;
    const end = where.endLine === where.line ? where.endColumn : `${where.endLine}:${where.endColumn}`;
    return `${name}${where.line}:${where.column}-${end}`;
}

/** The frames of a stack: places, and in kernel code the functions. What stands there again and again is counted. */
function frames(stack: z.infer<typeof stackSchema>, file: string): string {
    const all = stack.map(({ label, where }) =>
        where?.file.startsWith(KERNEL_CODE) === true ? `${place(where, file)}:${datum(label)}` : place(where, file),
    );
    const runs: { readonly text: string; count: number }[] = [];
    for (const text of all) {
        const last = runs.at(-1);
        if (last?.text === text) {
            last.count++;
        } else {
            runs.push({ text, count: 1 });
        }
    }
    return runs.map(({ text, count }) => (count === 1 ? text : `${text} ×${count}`)).join(' ');
}

function updateLines(update: z.infer<typeof updateSchema>): string[] {
    const { number, from, to, sessions, files, madeOf, guests } = update;
    const phases = {
        'pre-blackout': update.preBlackoutNs,
        blackout: update.blackoutNs,
        pausing: update.pausingNs,
        shutdown: update.kernelShutdownNs,
        startup: update.kernelStartupNs,
        userspace: update.userspaceNs,
        'post-blackout': update.postBlackoutNs,
    };
    return [
        `    update ${number} ${from} → ${to}: ${data({ sessions, files, ...phases })}`,
        `      made of ${madeOf.map((m) => `${m.cost} ${m.ns}`).join(', ')}`,
        ...guests.map((g) => `      guest ${data(g)}`),
    ];
}

function diagnosisLine(d: z.infer<typeof diagnosisSchema>, file: string): string {
    const parts = [
        `    ${d.code} ${d.severity}${d.expected ? '' : ', not expected'} at ${place(d.where, file)}, boot ${d.boot}, ${d.timeNs} ns`,
        ...(d.cause ? [`follows from ${d.cause.code} at ${place(d.cause.where, file)}`] : []),
        ...(d.history.length > 0
            ? [`after ${d.history.map((h) => `${h.boot}@${place(h.where, file)}`).join(' ')}`]
            : []),
        data(d.data),
    ];
    return parts.join('; ');
}

function failureLines(failure: z.infer<typeof failureSchema>, file: string): string[] {
    const errors = new Set(failure.message.match(/\bE[A-Z0-9]{2,}\b|\bLU\d{4}\b/g));
    return [
        `    ${[failure.kind, ...errors].join(' ')} at ${place(failure.where, file)}`,
        `      stack ${frames(failure.stack, file)}`,
        ...(failure.cause
            ? [`      cause ${place(failure.cause.where, file)}: ${frames(failure.cause.stack, file)}`]
            : []),
        ...failure.waiting.map((w) => `      ${w.process} waits: ${frames(w.stack, file)}`),
    ];
}

/** What `lus run` comes to. @param file from the repository's root, as all of these */
export async function runLines(file: string): Promise<string[]> {
    const { code, out } = await called(runCommand, [path.join(ROOT, file), '--format', 'json']);
    const [result] = z.object({ files: z.array(fileSchema) }).parse(JSON.parse(out)).files;
    if (!result) {
        throw new Error(`nothing was said of ${file}`);
    }
    const own = (result.scenarios[0]?.where ?? result.errors[0]?.where)?.file ?? '';
    return [
        `${path.basename(file)}: exit code ${code}`,
        ...result.errors.map((e) => `  ${e.code} ${e.severity} at ${place(e.where, own)}`),
        ...result.scenarios.flatMap((s) => [
            `  "${s.name}" ${s.passed ? 'passed' : 'failed'}: ${s.boots} boots, ${s.timeNs} ns${s.seed === null ? '' : `, seed ${s.seed}`}`,
            ...s.output.map((o) => `    log at boot ${o.boot}, ${o.timeNs} ns`),
            ...s.updates.flatMap(updateLines),
            ...s.diagnoses.map((d) => diagnosisLine(d, own)),
            ...(s.failure ? failureLines(s.failure, own) : []),
        ]),
    ];
}

const replaySchema = z.object({
    files: z.array(
        z.object({
            matched: z.number(),
            total: z.number(),
            difference: z.object({ line: z.number(), op: z.string() }).nullable(),
        }),
    ),
});

/** What `lus replay` and `lus import` come to. */
export async function recordingLine(file: string): Promise<string> {
    const whole = path.join(ROOT, file);
    const replayed = await called(replayCommand, [whole, '--format', 'json']);
    const [result] = replaySchema.parse(JSON.parse(replayed.out)).files;
    if (!result) {
        throw new Error(`nothing was said of ${file}`);
    }
    const imported = await called(importCommand, [whole]);
    const statements = imported.out.split('\n').filter((l) => !/^\s*(\/\/.*|\})?$/.test(l));
    const count = (word: RegExp): number => statements.filter((s) => word.test(s)).length;
    const { matched, total, difference } = result;
    return [
        `${path.basename(file)}: exit code ${replayed.code}, ${matched} of ${total} lines match`,
        ...(difference ? [`the first that does not is ${difference.line} (${difference.op})`] : []),
        `import: exit code ${imported.code}, ${statements.length} lines, ${count(/ {2}fails /)} fails, ${count(/^\s*assert /)} asserts`,
    ].join('; ');
}

const imageSchema = z
    .object({
        luo: z
            .object({
                sessions: z.array(
                    z.object({
                        name: z.string(),
                        files: z.array(
                            z.object({ memfd: z.record(z.string(), datumSchema).optional() }).catchall(datumSchema),
                        ),
                    }),
                ),
                flbs: z.array(z.record(z.string(), datumSchema)),
            })
            .catchall(datumSchema)
            .nullable(),
        fdt: z.record(z.string(), datumSchema),
        findings: z.array(z.record(z.string(), datumSchema)),
    })
    .catchall(datumSchema);

/** Long lists by their length and ends: the runs of a memfd's folios. */
function shortened(memfd: Readonly<Record<string, unknown>>): object {
    return Object.fromEntries(
        Object.entries(memfd).map(([k, v]) =>
            Array.isArray(v) && v.length > 4 ? [k, [v.length, v[0], v.at(-1)] as const] : [k, v],
        ),
    );
}

/** What `lus inspect` comes to. @param args options */
export async function imageLines(file: string, ...args: readonly string[]): Promise<string[]> {
    const { code, out } = await called(inspectCommand, [path.join(ROOT, file), '--format', 'json', ...args]);
    const { luo, fdt, findings, ...handover } = imageSchema.parse(JSON.parse(out));
    const { sessions = [], flbs = [], ...head } = luo ?? {};
    return [
        `${[path.basename(file), ...args].join(' ')}: exit code ${code}`,
        `  ${data(handover)}`,
        ...Object.entries(fdt).map(([k, v]) => `  fdt ${k} ${datum(v)}`),
        ...(luo ? [`  luo ${data(head)}`] : []),
        ...sessions.flatMap(({ name, files, ...more }) => [
            `  session ${name}: ${data({ ...more, files: files.length })}`,
            ...files.map(({ memfd, ...f }) => `    file ${data(f)}${memfd ? `; memfd ${data(shortened(memfd))}` : ''}`),
        ]),
        ...flbs.map((f) => `  flb ${data(f)}`),
        ...findings.map((f) => `  finding ${data(f)}`),
    ];
}
