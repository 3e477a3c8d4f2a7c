/** `lus explore`: everything that could happen in a scenario, within bounds. */
import { existsSync } from 'node:fs';
import type { ExploreOptions } from '../explore/explore';
import { PROFILES, isNothing, isProfile, together } from '../explore/profiles';
import { askedBy, profilesOf } from '../explore/settings';
import { descriptionOf } from '../kernel/release/descriptions';
import { isErrnoName } from '../kernel/release/errno';
import { PROFILE_NAMES } from '../language/syntax/explore';
import type { ScenarioDecl } from '../language/syntax/ast';
import type { Tried } from '../run/tried';
import { listed } from '../text/text';
import { connectionTo } from './exploring/bullmq';
import { type Explored, judgedIn, report } from './exploring/judged';
import { progressOf } from './exploring/progress';
import { MEMORY, search } from './exploring/search';
import {
    readSearches,
    type SavedSearch,
    sourcesOf,
    type Wanted,
    wantTheSame,
    writeSearches,
} from './exploring/state-file';
import { threadsHere } from './exploring/threads';
import { openOne, scenariosOf } from './one-file';
import { BadArguments, parse, type Command, type Parsed } from './options';
import { shardOf } from './suite/plan';

const EXIT_UNUSABLE = 2;

/** Operations after which a run counts as one that hangs. */
const LIMIT = 50_000_000;

const OPTIONS = {
    scenario: { type: 'string' },
    kernel: { type: 'string' },
    crash: { type: 'string' },
    fail: { type: 'string' },
    errors: { type: 'string' },
    kernels: { type: 'string' },
    orders: { type: 'boolean' },
    timers: { type: 'boolean' },
    delays: { type: 'boolean' },
    panic: { type: 'boolean' },
    'power-cut': { type: 'boolean' },
    flips: { type: 'string' },
    profile: { type: 'string' },
    faults: { type: 'string' },
    switches: { type: 'string' },
    budget: { type: 'string' },
    memory: { type: 'string' },
    jobs: { type: 'string' },
    queue: { type: 'string' },
    shard: { type: 'string' },
    state: { type: 'string' },
    progress: { type: 'boolean' },
    format: { type: 'string' },
    output: { type: 'string', short: 'o' },
} as const;

export const command: Command = async (args) => {
    const parsed = parse(args, OPTIONS);
    const output = parsed.oneOf('format', ['pretty', 'json']);
    const flags = askedIn(parsed);
    const stop = stopper(budgetOf(parsed.text('budget')));
    const opened = openOne(parsed.positionals);
    if (!opened) {
        return EXIT_UNUSABLE;
    }
    const { files, program } = opened;
    const unknown = flags
        .flatMap((f) => f.kernels ?? [])
        .find((k) => descriptionOf(k) === undefined && !program.kernels.has(k));
    if (unknown !== undefined) {
        throw new BadArguments(`There is no kernel "${unknown}".`);
    }
    const scenarios = scenariosOf(program, parsed.texts('scenario'));
    const declared = scenarios.flatMap(profilesOf);
    const strange = parsed.texts('profile').find((name) => !isProfile(name) && !declared.includes(name));
    if (strange !== undefined) {
        const known = new Set([...PROFILE_NAMES, ...declared]);
        throw new BadArguments(`There is no profile "${strange}". The profiles are ${listed([...known])}.`);
    }
    const wanted = scenarios.flatMap((scenario) => {
        const options = optionsFor(scenario, flags, parsed);
        return options ? [options] : [];
    });
    if (wanted.length === 0) {
        throw new BadArguments(
            'Say what is tried: --orders, --crash PROCESS, --fail CALLBACK, --kernels NAME, --flips FIELD, --profile NAME, or explore { } in the scenario.',
        );
    }
    const shardText = parsed.text('shard');
    const state = parsed.text('state');
    const queue = parsed.text('queue');
    if (shardText !== undefined && state === undefined) {
        throw new BadArguments('A part of a search is written to a file: --state FILE.');
    }
    const sources = sourcesOf(files, program);
    const saved = state === undefined ? [] : savedSearches(state, sources, wanted);
    const told = progressOf(parsed.flag('progress'));
    const results: Explored[] = [];
    const searches: SavedSearch[] = [];
    for (const options of wanted) {
        const { exploration, frontier } = await search(__filename, {
            files,
            program,
            options,
            queue: queue === undefined ? undefined : connectionTo(queue),
            jobs: parsed.integer('jobs', 1, 1000) ?? threadsHere(),
            saved: saved.find((s) => wantTheSame(s.wanted, options))?.frontier,
            shard: shardText === undefined ? undefined : shardOf(shardText),
            stopped: stop.stopped,
            progress: (f, left) => told.searching(options.scenario ?? '', f, left),
        });
        results.push({ exploration, violations: [], options });
        searches.push({ wanted: options, frontier: frontier.saved() });
    }
    if (state !== undefined) {
        writeSearches(state, parsed.positionals[0] ?? '', sources, searches);
    }
    const writes = parsed.text('output');
    const judged = results.map((r) => judgedIn(files, program, r, writes !== undefined, stop.stopped));
    told.done();
    stop.close();
    return report(files, program, judged, { output, writes, state });
};

/** Ends a search at the end of its time, or at a signal. */
function stopper(budget: number): { readonly stopped: () => boolean; readonly close: () => void } {
    const end = performance.now() + budget;
    let cancelled = false;
    const cancel = (): void => {
        cancelled = true;
    };
    // a second signal ends the process
    process.once('SIGINT', cancel);
    process.once('SIGTERM', cancel);
    return {
        stopped: () => cancelled || performance.now() > end,
        close: () => {
            process.off('SIGINT', cancel);
            process.off('SIGTERM', cancel);
        },
    };
}

/** The searches in a file that exists. @throws BadArguments if they are of another program, or try something else */
function savedSearches(name: string, sources: string, wanted: readonly Wanted[]): readonly SavedSearch[] {
    if (!existsSync(name)) {
        return [];
    }
    const file = readSearches(name);
    if (file.sources !== sources) {
        throw new BadArguments(`${name} is the state of a search in another text. Remove it, or name another file.`);
    }
    if (!wanted.every((w) => file.searches.some((s) => wantTheSame(s.wanted, w)))) {
        throw new BadArguments(`${name} is the state of a search with other options. Remove it, or name another file.`);
    }
    return file.searches;
}

/** What is tried with a scenario: what is asked for, else what its `explore` block says; undefined if neither does. */
function optionsFor(
    scenario: ScenarioDecl,
    flags: readonly Partial<Tried>[],
    parsed: Parsed,
): ExploreOptions | undefined {
    const named = parsed.texts('profile');
    const declared = profilesOf(scenario).filter((name) => named.includes(name));
    const own = askedBy(scenario, declared);
    const asked = together(declared.length > 0 ? [...flags, ...own.tried] : flags);
    const tried = isNothing(asked) && named.length === 0 ? together(own.tried) : asked;
    return isNothing(tried)
        ? undefined
        : {
              scenario: scenario.name.value,
              kernel: parsed.text('kernel'),
              tried,
              faults: parsed.integer('faults', 0, 100) ?? own.faults ?? 1,
              switches: parsed.integer('switches', 0, 1_000_000) ?? own.switches ?? Infinity,
              limit: LIMIT,
              memory: sizeOf(parsed.text('memory')),
          };
}

/** @throws BadArguments if an option has a value that it cannot have */
function askedIn(parsed: Parsed): Partial<Tried>[] {
    const errors = items(parsed.texts('errors'));
    const bad = errors.find((e) => !isErrnoName(e));
    if (bad !== undefined) {
        throw new BadArguments(`There is no error "${bad}".`);
    }
    return [
        ...parsed
            .texts('profile')
            .filter(isProfile)
            .map((name) => PROFILES[name]),
        {
            crash: items(parsed.texts('crash')),
            fail: items(parsed.texts('fail')),
            orders: parsed.flag('orders'),
            timers: parsed.flag('timers'),
            delays: parsed.flag('delays'),
            kernels: items(parsed.texts('kernels')),
            panic: parsed.flag('panic'),
            power: parsed.flag('power-cut'),
            flips: items(parsed.texts('flips')),
            ...(errors.length > 0 ? { errors: errors.filter(isErrnoName) } : {}),
        },
    ];
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

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Bytes. @throws BadArguments */
function sizeOf(text: string | undefined): number {
    if (text === undefined) {
        return MEMORY;
    }
    const [, digits, unit = ''] = /^(\d{1,12})([KMG]?)(?:iB)?$/.exec(text) ?? [];
    if (digits === undefined) {
        throw new BadArguments(`--memory must be a size like 512M or 4G, not "${text}".`);
    }
    return Number(digits) * (UNITS[unit] ?? 1);
}
