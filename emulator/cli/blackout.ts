/** `lus blackout`: runs scenarios with changed costs, and prints the blackout of each run. */
import { nanoseconds } from './durations';
import { listed } from '../text/text';
import { SETTABLE_COSTS, settableCost, type CostChanges, type CostName } from '../machine/costs';
import { near } from '../language/nearest';
import { execute } from './execute';
import { jsonDocument } from './json';
import { openOne, scenariosOf } from './one-file';
import { BadArguments, parse, type Command } from './options';
import { prettyBlackouts } from './report/blackouts';
import type { BlackoutRow, BlackoutTable } from './results';
import { styleFor } from './style';
import { print } from './print';

/** The most runs of one command. */
const MAX_RUNS = 1000;
const EXIT_UNUSABLE = 2;
/** A cost and its values in nanoseconds. */
interface Variation {
    readonly cost: CostName;
    readonly figures: readonly number[];
}

export const command: Command = (args) => {
    const parsed = parse(args, {
        vary: { type: 'string' },
        scenario: { type: 'string' },
        kernel: { type: 'string' },
        seed: { type: 'string' },
        format: { type: 'string' },
    });
    const format = parsed.oneOf('format', ['pretty', 'json']);
    const variations = parsed.texts('vary').map(variationOf);
    const opened = openOne(parsed.positionals);
    if (!opened) {
        return EXIT_UNUSABLE;
    }
    const { files, program } = opened;
    const options = {
        kernel: parsed.text('kernel'),
        seed: parsed.integer('seed', 0, Number.MAX_SAFE_INTEGER) ?? 0,
        log: false,
    };
    const all = combinations(variations);
    const tables = scenariosOf(program, parsed.text('scenario')).map(
        (scenario): BlackoutTable => ({
            scenario: scenario.name.value,
            vary: variations.map((v) => v.cost),
            rows: all.map((costs): BlackoutRow => {
                const { updates, passed, failure } = execute(files, program, scenario, { ...options, costs });
                if (failure?.kind === 'setup') {
                    throw new BadArguments(failure.message);
                }
                return { costs, updates, passed, message: failure?.message ?? null };
            }),
        }),
    );
    print(
        format === 'json'
            ? jsonDocument(1, { file: files.display(program.main), tables })
            : tables.map((t) => prettyBlackouts(t, styleFor(process.stdout, process.env))).join('\n'),
    );
    return tables.every((t) => t.rows.every((r) => r.passed)) ? 0 : 1;
};

/** `preserve_folio=80ns,1us`. @throws BadArguments if it does not have this form, or there is no such cost */
function variationOf(text: string): Variation {
    const at = text.indexOf('=');
    const name = at < 0 ? text : text.slice(0, at);
    const cost = settableCost(name);
    if (!cost) {
        const nearest = near(name, SETTABLE_COSTS);
        throw new BadArguments(
            `There is no cost "${name}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} The costs are ${listed(SETTABLE_COSTS)}.`,
        );
    }
    const figures =
        at < 0
            ? []
            : text
                  .slice(at + 1)
                  .split(',')
                  .map(nanoseconds);
    if (figures.length === 0) {
        throw new BadArguments(`--vary ${cost} needs values: --vary ${cost}=100ns,1us.`);
    }
    return { cost, figures };
}

/** Every combination, the last variation fastest. @throws BadArguments if they are too many */
function combinations(variations: readonly Variation[]): CostChanges[] {
    const runs = variations.reduce((n, v) => n * v.figures.length, 1);
    if (runs > MAX_RUNS) {
        throw new BadArguments(`These are ${runs} combinations. The limit is ${MAX_RUNS}.`);
    }
    return variations.reduce<CostChanges[]>(
        (all, { cost, figures }) => all.flatMap((c) => figures.map((ns) => ({ ...c, [cost]: ns }))),
        [{}],
    );
}
