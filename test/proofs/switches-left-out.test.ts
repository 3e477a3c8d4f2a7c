/**
 * An exploration that leaves out switches finds the same outcomes, with the same numbers of faults and switches, as one
 * that tries all switches: in random programs of several processes that share some of their sessions and files.
 */
import assert from 'node:assert/strict';
import type { Exploration } from '../../emulator/explore/explore';
import { Frontier } from '../../emulator/explore/frontier';
import type { Bounds } from '../../emulator/explore/item';
import { keyOfOutcome } from '../../emulator/explore/outcome';
import { together } from '../../emulator/explore/profiles';
import type { Program } from '../../emulator/language/program';
import type { Tried } from '../../emulator/run/tried';
import { explored } from '../support/explorations';
import { agents, AGENTS_HEAD } from '../support/agents';
import { correctProgram } from '../support/programs';
import { Random } from '../support/random';

/** The number of random programs; the environment variable LUS_PROGRAMS overrides it. */
const PROGRAMS = Number(process.env['LUS_PROGRAMS'] ?? 200);
const MEMORY = 64 * 2 ** 20;
const LIMIT = 5e6;

interface Variant {
    readonly name: string;
    readonly tried: Partial<Tried>;
    readonly processes: number;
    readonly calls: number;
    readonly bounds: Bounds;
}

const VARIANTS: readonly Variant[] = [
    {
        name: 'two processes, any number of switches',
        tried: { orders: true },
        processes: 2,
        calls: 1,
        bounds: { faults: 0, switches: Infinity },
    },
    {
        name: 'three processes, two switches',
        tried: { orders: true },
        processes: 3,
        calls: 1,
        bounds: { faults: 0, switches: 2 },
    },
    {
        name: 'two processes with more calls, two switches',
        tried: { orders: true },
        processes: 2,
        calls: 3,
        bounds: { faults: 0, switches: 2 },
    },
    {
        name: 'a crash, one switch',
        tried: { orders: true, crash: ['a'] },
        processes: 3,
        calls: 2,
        bounds: { faults: 1, switches: 1 },
    },
    {
        name: 'a failure, one switch',
        tried: { orders: true, fail: ['*'] },
        processes: 2,
        calls: 2,
        bounds: { faults: 1, switches: 1 },
    },
];

function exploredFrom(program: Program, scenario: string, { tried, bounds }: Variant, all: boolean): Exploration {
    const options = { scenario, tried: together([tried]), limit: LIMIT, memory: MEMORY, ...bounds };
    return explored(program, options, all ? new Frontier() : undefined);
}

function outcomes({ classes }: Exploration): string[] {
    return classes.map((c) => `${c.faults + c.switches} ${keyOfOutcome(c.outcome)}`).sort();
}

suite('switches that are left out', function () {
    this.timeout(3_600_000);

    VARIANTS.forEach((variant, v) => {
        test(variant.name, () => {
            const { processes, calls } = variant;
            const seeds = Array.from({ length: PROGRAMS }, (_, seed) => seed).filter((s) => s % VARIANTS.length === v);
            const texts = new Map(
                seeds.map((seed) => [
                    String(seed),
                    agents(String(seed), new Random(seed), {
                        processes,
                        calls,
                        plain: seed % 3 === 0,
                        reboots: seed % 4 === 0,
                    }),
                ]),
            );
            const program = correctProgram(AGENTS_HEAD + [...texts.values()].join('\n'));
            let some = 0;
            let most = 0;
            for (const [scenario, text] of texts) {
                const all = exploredFrom(program, scenario, variant, true);
                const reduced = exploredFrom(program, scenario, variant, false);
                assert.deepEqual(outcomes(reduced), outcomes(all), text);
                some += reduced.branches;
                most += all.branches;
            }
            assert.ok(some < most, `${some} of ${most} branches`);
            console.log(`      ${some} of ${most} branches`);
        });
    });
});
