/** `lus view`: runs a scenario and writes its timeline as a page that stands alone. */
import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { lanesOf } from '../trace/lanes';
import { timelinePage } from '../trace/timeline-page';
import type { TraceEvent } from '../trace/trace';
import { Tracer } from '../trace/trace';
import { execute } from './execute';
import { openOne, scenariosOf } from './one-file';
import { BadArguments, parse, type Command } from './options';
import { writeAll, writeOutput } from './output-file';
import { complain } from './print';

const EXIT_UNUSABLE = 2;

export const command: Command = (args) => {
    const parsed = parse(args, {
        output: { type: 'string', short: 'o' },
        scenario: { type: 'string' },
        kernel: { type: 'string' },
        seed: { type: 'string' },
    });
    const opened = openOne(parsed.positionals);
    if (!opened) {
        return EXIT_UNUSABLE;
    }
    const { files, program } = opened;
    const [scenario, another] = scenariosOf(program, parsed.text('scenario'));
    if (!scenario || another) {
        throw new BadArguments('This file has several scenarios. Choose one with --scenario NAME.');
    }
    const output = parsed.text('output') ?? 'timeline.html';
    const events: TraceEvent[] = [];
    const { passed, failure } = execute(files, program, scenario, {
        kernel: parsed.text('kernel'),
        seed: parsed.integer('seed', 0, Number.MAX_SAFE_INTEGER) ?? 0,
        log: false,
        trace: {
            tracer: (host) => new Tracer(host),
            add: (more) => {
                for (const e of more) {
                    events.push(e);
                }
            },
        },
    });
    if (failure?.kind === 'setup') {
        throw new BadArguments(failure.message);
    }
    const data = { title: `${files.display(program.main)}: ${scenario.name.value}`, lanes: lanesOf(events) };
    const page = timelinePage({ text: scriptText(), data });
    writeOutput(output, (fd) => writeAll(fd, page));
    complain(`Wrote the timeline: ${output}\n`);
    if (failure) {
        complain(`The scenario failed: ${failure.message}\n`);
    }
    return passed ? 0 : 1;
};

/** The script that draws, which is beside this program. @throws BadArguments if it is missing */
function scriptText(): string {
    const file = path.join(__dirname, 'timeline-view.js');
    if (!existsSync(file)) {
        throw new BadArguments(`This installation has no ${file}.`);
    }
    return readFileSync(file, 'utf8');
}
