/** `lus view`: writes the timelines and the memory of one or two runs as a page that stands alone. */
import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { ScenarioDecl } from '../language/syntax/ast';
import { MemoryArchive } from '../presentation/memory/archive';
import { viewsPage } from '../presentation/memory/memory-page';
import type { PackedMemory } from '../presentation/memory/packed';
import { lanesOf } from '../trace/lanes';
import { packed, type PackedLanes } from '../trace/packed-lanes';
import { timelinePage } from '../trace/timeline-page';
import type { TraceEvent } from '../trace/trace';
import { Tracer } from '../trace/trace';
import { execute } from './execute';
import { jsonDocument } from './json';
import { openOne, scenariosOf } from './one-file';
import { BadArguments, parse, type Command, type Parsed } from './options';
import { writeAll, writeOutput } from './output-file';
import { complain, print } from './print';
import { readTrace } from './read-trace';

const EXIT_UNUSABLE = 2;
/** Runs of one page. */
const MOST = 2;

export const command: Command = (args) => {
    const parsed = parse(args, {
        output: { type: 'string', short: 'o' },
        format: { type: 'string' },
        scenario: { type: 'string' },
        kernel: { type: 'string' },
        seed: { type: 'string' },
    });
    const asJson = parsed.oneOf('format', ['html', 'json']) === 'json';
    const all: Ran[] = [];
    for (const choice of choicesOf(parsed)) {
        const ran = runOf(choice, !asJson);
        if (!ran) {
            return EXIT_UNUSABLE;
        }
        all.push(ran);
    }
    const data = { runs: all.map(({ title, lanes }) => ({ title, lanes })) };
    const passed = all.every((r) => r.passed);
    if (asJson) {
        print(jsonDocument(1, data));
        return passed ? 0 : 1;
    }
    const output = parsed.text('output') ?? 'timeline.html';
    const memory = all.flatMap((r) => r.memory ?? []);
    const timeline = { text: scriptText('timeline-view.js'), data };
    const page =
        memory.length > 0
            ? viewsPage(timeline, { text: scriptText('memory-view.js'), data: memory })
            : timelinePage(timeline);
    writeOutput(output, (fd) => writeAll(fd, page));
    complain(`Wrote ${memory.length > 0 ? 'timeline and memory' : 'the timeline'}: ${output}\n`);
    return passed ? 0 : 1;
};

/** What one of the runs is to be. */
interface Choice {
    readonly file: string | undefined;
    readonly scenario: string | undefined;
    readonly kernel: string | undefined;
    readonly seed: number;
}

/** One run, or two that differ in the file, the scenario, the kernel or the seed. @throws BadArguments for more */
function choicesOf(parsed: Parsed): Choice[] {
    const files = parsed.positionals;
    const named = { scenario: parsed.texts('scenario'), kernel: parsed.texts('kernel'), seed: parsed.texts('seed') };
    const count = Math.max(1, files.length, ...Object.values(named).map((texts) => texts.length));
    if (count > MOST) {
        throw new BadArguments('This command shows one run, or compares two.');
    }
    return Array.from({ length: count }, (_, i) => {
        const of = (texts: readonly string[]): string | undefined => texts[i] ?? texts.at(-1);
        return {
            file: of(files),
            scenario: of(named.scenario),
            kernel: of(named.kernel),
            seed: seedOf(of(named.seed)),
        };
    });
}

/** @throws BadArguments if it is not one */
function seedOf(text = '0'): number {
    const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(seed <= Number.MAX_SAFE_INTEGER)) {
        throw new BadArguments(`--seed must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, not "${text}".`);
    }
    return seed;
}

interface Ran {
    readonly title: string;
    readonly lanes: PackedLanes;
    readonly memory: PackedMemory | undefined;
    readonly passed: boolean;
}

/** @returns undefined if the file has errors, which are printed */
function runOf(choice: Choice, withMemory: boolean): Ran | undefined {
    const { file, scenario: name, kernel, seed } = choice;
    if (file?.endsWith('.json')) {
        return tracedRun(file, choice);
    }
    const opened = openOne(file === undefined ? [] : [file]);
    if (!opened) {
        return undefined;
    }
    const { files, program } = opened;
    const [scenario, another] = scenariosOf(program, name === undefined ? [] : [name]);
    if (!scenario || another) {
        throw new BadArguments('This file has several scenarios. Choose one with --scenario NAME.');
    }
    const title = titleOf(files.display(program.main), scenario, kernel, seed);
    const events: TraceEvent[] = [];
    let archive: MemoryArchive | undefined;
    let memory: PackedMemory | undefined;
    const { passed, failure } = execute(files, program, scenario, {
        kernel,
        seed,
        log: false,
        trace: {
            tracer: (host) => {
                archive = withMemory ? new MemoryArchive(host) : undefined;
                return new Tracer(host);
            },
            add: (more) => {
                for (const e of more) {
                    events.push(e);
                }
                memory = archive?.packed(title);
            },
        },
    });
    if (failure?.kind === 'setup') {
        throw new BadArguments(failure.message);
    }
    if (failure) {
        complain(`The scenario failed: ${failure.message}\n`);
    }
    return { title, lanes: packed(lanesOf(events)), memory, passed };
}

/** @throws BadArguments if it cannot be read, or options are about running it */
function tracedRun(file: string, { scenario, kernel, seed }: Choice): Ran {
    if (kernel !== undefined || seed !== 0) {
        throw new BadArguments(`${file} is a trace: --kernel and --seed are for scenarios.`);
    }
    const { events, memory } = readTrace(file, scenario);
    const of = scenario ?? memory?.title;
    const title = of === undefined ? file : `${file}: ${of}`;
    return {
        title,
        lanes: packed(lanesOf(events)),
        memory: memory && { ...memory, title },
        passed: true,
    };
}

function titleOf(file: string, scenario: ScenarioDecl, kernel: string | undefined, seed: number): string {
    return [
        `${file}: ${scenario.name.value}`,
        ...(kernel === undefined ? [] : [`kernel ${kernel}`]),
        ...(seed === 0 ? [] : [`seed ${seed}`]),
    ].join(', ');
}

/** A script that draws, which is beside this program. @throws BadArguments if it is missing */
function scriptText(name: string): string {
    const file = path.join(__dirname, name);
    if (!existsSync(file)) {
        throw new BadArguments(`This installation has no ${file}.`);
    }
    return readFileSync(file, 'utf8');
}
