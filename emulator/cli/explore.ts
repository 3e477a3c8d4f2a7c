/** `lus explore`: everything that could happen in a scenario, within bounds. */
import { pathToFileURL } from 'node:url';
import { Explorer, type Exploration, type ExploreOptions } from '../explore/explore';
import { judge, type Violation, violationsOf } from '../explore/judge';
import { askedBy } from '../explore/settings';
import { PROFILES, isNothing, isProfile, together } from '../explore/profiles';
import { isErrnoName } from '../kernel/release/errno';
import type { Program } from '../language/program';
import type { ScenarioDecl } from '../language/syntax/ast';
import { errorsOf, loadProgram } from '../run/load-program';
import type { Tried } from '../run/tried';
import { UsageError } from '../run/usage-error';
import { format } from '../services/format/format';
import { capital, listed } from '../text/text';
import type { Files } from './files';
import { jsonDocument } from './json';
import { openOne, scenariosOf } from './one-file';
import { BadArguments, parse, type Command, type Parsed } from './options';
import { writeAll, writeOutput } from './output-file';
import { complain, print } from './print';
import { explorationReport, prettyExploration } from './report/exploration';
import { numbered } from './save-handover';
import { styleFor } from './style';

const EXIT_VIOLATED = 1;
const EXIT_UNUSABLE = 2;
const EXIT_INCOMPLETE = 3;

/** Operations after which a run counts as one that hangs. */
const LIMIT = 50_000_000;
/** Memory for the states that a search has been in. Bytes. */
const MEMORY = 512 * 2 ** 20;
/** Steps of a search between two looks at the clock. */
const STEPS = 16;

export const command: Command = (args) => {
    const parsed = parse(args, {
        scenario: { type: 'string' },
        kernel: { type: 'string' },
        crash: { type: 'string' },
        fail: { type: 'string' },
        errors: { type: 'string' },
        orders: { type: 'boolean' },
        timers: { type: 'boolean' },
        panic: { type: 'boolean' },
        'power-cut': { type: 'boolean' },
        profile: { type: 'string' },
        faults: { type: 'string' },
        switches: { type: 'string' },
        budget: { type: 'string' },
        format: { type: 'string' },
        output: { type: 'string', short: 'o' },
    });
    const output = parsed.oneOf('format', ['pretty', 'json']);
    const asked = triedOf(parsed);
    const budget = budgetOf(parsed.text('budget'));
    const opened = openOne(parsed.positionals);
    if (!opened) {
        return EXIT_UNUSABLE;
    }
    const { files, program } = opened;
    const [faults, switches] = [parsed.integer('faults', 0, 100), parsed.integer('switches', 0, 1_000_000)];
    const scenarios = scenariosOf(program, parsed.texts('scenario')).map((scenario) => ({
        scenario,
        options: optionsFor(scenario, asked, faults, switches, parsed.text('kernel')),
    }));
    const end = performance.now() + budget;
    const results = scenarios.flatMap(({ scenario, options }) =>
        options ? [exploreOne(files, program, scenario, options, end)] : [],
    );
    if (results.length === 0) {
        throw new BadArguments(
            'Say what is tried: --orders, --crash PROCESS, --fail CALLBACK, --profile NAME, or explore { } in the scenario.',
        );
    }
    const written = writeCounterexamples(parsed.text('output'), results);
    const reports = results.map((r) => explorationReport(files, r.exploration, r.violations));
    print(
        output === 'json'
            ? jsonDocument(1, { file: files.display(program.main), scenarios: reports })
            : reports.map((r) => prettyExploration(r, styleFor(process.stdout, process.env))).join('\n'),
    );
    for (const name of written) {
        complain(`Wrote ${name}: lus run ${name} fails in the same way.\n`);
    }
    if (results.some((r) => r.violations.length > 0)) {
        return EXIT_VIOLATED;
    }
    return results.every((r) => r.exploration.complete) ? 0 : EXIT_INCOMPLETE;
};

/** What is tried with a scenario: what is asked for, else what its `explore` block says; undefined if neither does. */
function optionsFor(
    scenario: ScenarioDecl,
    asked: Tried,
    faults: number | undefined,
    switches: number | undefined,
    kernel: string | undefined,
): ExploreOptions | undefined {
    const own = askedBy(scenario);
    const tried = isNothing(asked) ? together(own.tried) : asked;
    return isNothing(tried)
        ? undefined
        : {
              scenario: scenario.name.value,
              kernel,
              tried,
              faults: faults ?? own.faults ?? 1,
              switches: switches ?? own.switches ?? Infinity,
              limit: LIMIT,
              memory: MEMORY,
          };
}

interface Explored {
    readonly exploration: Exploration;
    readonly violations: readonly Violation[];
}

function exploreOne(
    files: Files,
    program: Program,
    scenario: ScenarioDecl,
    options: ExploreOptions,
    end: number,
): Explored {
    const text = files.read(program.main) ?? '';
    const check = (changed: string): Program | undefined => {
        const p = loadProgram(
            {
                read: (uri) => (uri === program.main ? changed : files.read(uri)),
                readBytes: (uri) => files.readBytes(uri),
                exists: (uri) => files.exists(uri),
            },
            program.main,
        );
        return errorsOf(p).length > 0 ? undefined : p;
    };
    try {
        const explorer = new Explorer(program, { ...options, scenario: scenario.name.value });
        let steps = 0;
        for (const _ of explorer.run()) {
            if (++steps % STEPS === 0 && performance.now() > end) {
                break;
            }
        }
        const exploration = explorer.result;
        const judging = { program, options, text, check };
        const violations = violationsOf(exploration).map((of) => finished(judge(judging, of)));
        return { exploration, violations };
    } catch (e) {
        throw e instanceof UsageError ? new BadArguments(capital(e.message)) : e;
    }
}

function finished<T>(work: Generator<void, T>): T {
    for (;;) {
        const step = work.next();
        if (step.done === true) {
            return step.value;
        }
    }
}

/** @returns the names of the files */
function writeCounterexamples(name: string | undefined, results: readonly Explored[]): string[] {
    if (name === undefined) {
        return [];
    }
    const texts = results.flatMap((r) => r.violations).flatMap((v) => v.text ?? []);
    return texts.map((text, i) => {
        const file = numbered(name, i + 1);
        const formatted = format(pathToFileURL(file).href, text);
        writeOutput(file, (fd) => writeAll(fd, 'refused' in formatted ? text : formatted.text));
        return file;
    });
}

/** @throws BadArguments if an option has a value that it cannot have */
function triedOf(parsed: Parsed): Tried {
    const names = parsed.texts('profile');
    for (const name of names) {
        if (!isProfile(name)) {
            throw new BadArguments(`There is no profile "${name}". The profiles are ${listed(Object.keys(PROFILES))}.`);
        }
    }
    const errors = items(parsed.texts('errors'));
    const bad = errors.find((e) => !isErrnoName(e));
    if (bad !== undefined) {
        throw new BadArguments(`There is no error "${bad}".`);
    }
    return together([
        ...names.filter(isProfile).map((name) => PROFILES[name]),
        {
            crash: items(parsed.texts('crash')),
            fail: items(parsed.texts('fail')),
            orders: parsed.flag('orders'),
            timers: parsed.flag('timers'),
            panic: parsed.flag('panic'),
            power: parsed.flag('power-cut'),
            ...(errors.length > 0 ? { errors: errors.filter(isErrnoName) } : {}),
        },
    ]);
}

function items(texts: readonly string[]): string[] {
    return texts
        .flatMap((t) => t.split(','))
        .map((t) => t.trim())
        .filter((t) => t !== '');
}

/** Milliseconds. @throws BadArguments */
function budgetOf(text: string | undefined): number {
    if (text === undefined) {
        return Infinity;
    }
    const [, digits, unit] = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text) ?? [];
    if (digits === undefined) {
        throw new BadArguments(`--budget must be a time like 60s, 5m or 1h, not "${text}".`);
    }
    return Number(digits) * (unit === 'h' ? 3_600_000 : unit === 'm' ? 60_000 : 1000);
}
