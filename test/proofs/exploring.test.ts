/**
 * An exploration that does not go on from a state it has been in finds every outcome of small random programs: as many
 * courses to each, and the same cost of the shortest, as when every course within the bounds runs from the start.
 */
import assert from 'node:assert/strict';
import { Course } from '../../emulator/explore/course';
import type { Exploration } from '../../emulator/explore/explore';
import { Frontier } from '../../emulator/explore/frontier';
import type { Bounds } from '../../emulator/explore/item';
import { keyOfOutcome } from '../../emulator/explore/outcome';
import { together } from '../../emulator/explore/profiles';
import type { Program } from '../../emulator/language/program';
import { codeOf } from '../../emulator/run/choices';
import type { Tried } from '../../emulator/run/tried';
import { explored } from '../support/explorations';
import { AGENTS_HEAD } from '../support/agents';
import { correctProgram } from '../support/programs';
import { Random } from '../support/random';

/** The number of random programs; the environment variable LUS_PROGRAMS overrides it. */
const PROGRAMS = Number(process.env['LUS_PROGRAMS'] ?? 1000);
const MEMORY = 64 * 2 ** 20;

function call(random: Random): string {
    const session = random.pick(['one', 'two']);
    const file = random.pick(['dev', 'ram']);
    return random.pick([
        `r = try ${session}.preserve_fd(${file}, token: ${random.below(2)})`,
        `r = try ${session}.preserve_fd(${file}, token: ${random.below(2)})`,
        `r = try ${session}.close()`,
        `r = try ram.truncate(${random.pick([4096, 8192])})`,
        'r = try open("/dev/liveupdate")',
        'sleep 2us',
        'exit',
    ]);
}

/**
 * Two processes that share two sessions, a device and a memfd; now and then one of them reboots.
 * @param most the most calls of each
 */
function small(name: string, random: Random, most: number): string {
    const block = (): string => {
        const calls = Array.from({ length: 1 + random.below(most) }, () => call(random));
        const exit = calls.indexOf('exit');
        return (exit < 0 ? calls : calls.slice(0, exit + 1)).join('; ');
    };
    const reboot = random.below(6) === 0;
    return `
        scenario "${name}" {
            boot "gpu"
            process a, b
            a {
                r = 0
                lu = open("/dev/liveupdate")
                one = lu.create_session("one"); two = lu.create_session("two")
                dev = open("/dev/gpu0"); ram = memfd_create("ram"); ram.truncate(4096)
                ${reboot ? 'kexec_file_load("gpu")' : ''}
                send one to b; send two to b; send dev to b; send ram to b
                lu.close()
            }
            b { r = 0 }
            concurrently {
                a { ${block()}; log(r) }
                b { ${reboot ? 'r = try reboot(KEXEC)' : block()}; log(r) }
            }
        }`;
}

/**
 * The most calls of a process, and the most switches of a course: for every eighth program two, so that a thousand
 * programs take about a minute.
 */
function mostOf(seed: number): number {
    return seed % 8 === 0 ? 2 : 1;
}

const LIMIT = 5e6;

/** @param all whether all switches are tried */
function exploredFrom(
    program: Program,
    scenario: string,
    tried: Partial<Tried>,
    bounds: Bounds,
    all: boolean,
): Exploration {
    const options = { scenario, tried: together([tried]), limit: LIMIT, memory: MEMORY, ...bounds };
    return explored(program, options, all ? new Frontier() : undefined);
}

/**
 * Every course runs from the place before the first choice to its end, one after the other; no two are compared.
 * @returns by outcome: how many, and the cost of the least
 */
function allCourses(
    program: Program,
    scenario: string,
    tried: Partial<Tried>,
    bounds: Bounds,
): Map<string, { count: number; least: number }> {
    const course = new Course(program, { scenario }, together([tried]));
    const { interpreter } = course.host;
    const start = interpreter.checkpoint();
    course.toTheEnd(LIMIT);
    const [first] = course.decider.made;
    interpreter.restore(start);
    interpreter.run(first?.at ?? 0);
    const before = interpreter.checkpoint();
    const found = new Map<string, { count: number; least: number }>();
    const paths: (readonly number[])[] = [[]];
    for (let path = paths.pop(); path; path = paths.pop()) {
        interpreter.restore(before);
        course.decider.follow(path, 0);
        const outcome = course.toTheEnd(LIMIT);
        const { made } = course.decider;
        const price = { fault: 0, switch: 0, free: 0 };
        made.forEach((choice, i) => {
            if (i > (path.at(-2) ?? -1)) {
                for (let pick = 0; pick < choice.alternatives.length; pick++) {
                    const costs = { ...price };
                    costs[choice.price]++;
                    if (pick !== choice.usual && costs.fault <= bounds.faults && costs.switch <= bounds.switches) {
                        paths.push([...path, i, codeOf({ picked: pick, usual: choice.usual })]);
                    }
                }
            }
            price[choice.price] += choice.picked === choice.usual ? 0 : 1;
        });
        const key = keyOfOutcome(outcome);
        const { count = 0, least = Infinity } = found.get(key) ?? {};
        found.set(key, { count: count + 1, least: Math.min(least, price.fault + price.switch) });
    }
    return found;
}

suite('exploring misses no outcome', function () {
    this.timeout(3_600_000);

    const VARIANTS: readonly (readonly [name: string, tried: Partial<Tried>, faults: number])[] = [
        ['orders', { orders: true }, 0],
        ['orders, and a crash of one of them', { orders: true, crash: ['a'] }, 1],
        ['orders, and a callback that fails', { orders: true, fail: ['*.preserve', '*.freeze'] }, 1],
    ];

    VARIANTS.forEach(([name, tried, faults], variant) => {
        test(name, () => {
            let branches = 0;
            let reducedBranches = 0;
            let all = 0;
            let several = 0;
            const seeds = Array.from({ length: PROGRAMS }, (_, seed) => seed).filter(
                (seed) => seed % VARIANTS.length === variant,
            );
            const texts = new Map(
                seeds.map((seed) => [String(seed), small(String(seed), new Random(seed), mostOf(seed))]),
            );
            // one file, so that the kernel is checked once
            const program = correctProgram(AGENTS_HEAD + [...texts.values()].join('\n'));
            for (const [scenario, text] of texts) {
                const bounds = { faults, switches: mostOf(Number(scenario)) };
                const { classes, branches: tries } = exploredFrom(program, scenario, tried, bounds, true);
                const reduced = exploredFrom(program, scenario, tried, bounds, false);
                const everything = allCourses(program, scenario, tried, bounds);
                const told = classes.map((c) => [keyOfOutcome(c.outcome), c.count, c.faults + c.switches] as const);
                assert.deepEqual(
                    told.sort(([a], [b]) => (a < b ? -1 : 1)),
                    [...everything]
                        .map(([k, v]) => [k, v.count, v.least] as const)
                        .sort(([a], [b]) => (a < b ? -1 : 1)),
                    `program ${scenario}: ${text}`,
                );
                assert.deepEqual(
                    reduced.classes
                        .map((c) => [keyOfOutcome(c.outcome), c.faults + c.switches] as const)
                        .sort(([a], [b]) => (a < b ? -1 : 1)),
                    [...everything].map(([k, v]) => [k, v.least] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
                    `program ${scenario}, with switches left out: ${text}`,
                );
                reducedBranches += reduced.branches;
                branches += tries;
                all += [...everything.values()].reduce((n, { count }) => n + count, 0);
                several += classes.length > 1 ? 1 : 0;
            }
            assert.ok(several > 0, 'some programs have several outcomes');
            assert.ok(branches <= all, `${branches} branches instead of ${all} courses`);
            const saved = Math.round(100 * (1 - branches / all));
            assert.ok(reducedBranches < branches, 'some switches are left out');
            console.log(`      ${reducedBranches} branches with switches left out`);
            console.log(`      ${branches} branches instead of ${all} courses: ${saved} % saved`);
        });
    });
});
