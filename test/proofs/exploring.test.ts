/**
 * An exploration that does not go on from a state it has been in finds every outcome of small random programs: as many
 * courses to each, and the same cost of the shortest, as when every course within the bounds runs from the start.
 */
import assert from 'node:assert/strict';
import { Course } from '../../emulator/explore/course';
import { Explorer, type Exploration } from '../../emulator/explore/explore';
import { keyOfOutcome } from '../../emulator/explore/outcome';
import { together } from '../../emulator/explore/profiles';
import type { Program } from '../../emulator/language/program';
import { codeOf } from '../../emulator/run/choices';
import type { Tried } from '../../emulator/run/tried';
import { correctProgram } from '../support/programs';
import { Random } from '../support/random';

/** LUS_PROGRAMS says another number. */
const PROGRAMS = Number(process.env['LUS_PROGRAMS'] ?? 20);
const MEMORY = 64 * 2 ** 20;

const HEAD = `
file gpu at "/dev/gpu0" { }
handler gpu_handler "gpu-v1" for gpu {
    can_preserve(file) { return file.kind == gpu }
    preserve(args)     { args.serialized_data = 1 }
    unpreserve(args)   { }
    freeze(args)       { return -should_fail("freeze") }
    retrieve(args)     { args.file = new gpu() }
    finish(args)       { }
}
kernel "gpu" from "7.2" { handlers + gpu_handler }
`;

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

/** Two processes that share two sessions, a device and a memfd; now and then one of them reboots. */
function small(random: Random): string {
    const block = (): string => {
        const calls = Array.from({ length: 1 + random.below(2) }, () => call(random));
        const exit = calls.indexOf('exit');
        return (exit < 0 ? calls : calls.slice(0, exit + 1)).join('; ');
    };
    const reboot = random.below(6) === 0;
    return `${HEAD}
        scenario "random" {
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

const SWITCHES = 2;
const LIMIT = 5e6;

function explored(program: Program, tried: Partial<Tried>, faults: number): Exploration {
    const bounds = { faults, switches: SWITCHES, limit: LIMIT, memory: MEMORY };
    const explorer = new Explorer(program, { tried: together([tried]), ...bounds });
    for (const _ of explorer.run()) {
        // to the end
    }
    assert.ok(explorer.result.complete);
    return explorer.result;
}

/** Every course runs from the start, one after the other. @returns by outcome: how many, and the cost of the least */
function allCourses(
    program: Program,
    tried: Partial<Tried>,
    faults: number,
): Map<string, { count: number; least: number }> {
    const found = new Map<string, { count: number; least: number }>();
    const paths: (readonly number[])[] = [[]];
    for (let path = paths.pop(); path; path = paths.pop()) {
        const course = new Course(program, {}, together([tried]));
        course.decider.follow(path, 0);
        const outcome = course.toTheEnd(LIMIT);
        const { made } = course.decider;
        const price = { fault: 0, switch: 0, free: 0 };
        made.forEach((choice, i) => {
            if (i > (path.at(-2) ?? -1)) {
                for (let pick = 0; pick < choice.alternatives.length; pick++) {
                    const costs = { ...price };
                    costs[choice.price]++;
                    if (pick !== choice.usual && costs.fault <= faults && costs.switch <= SWITCHES) {
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

    const compare = (name: string, tried: Partial<Tried>, faults: number): void => {
        test(name, () => {
            let branches = 0;
            let all = 0;
            let several = 0;
            for (let seed = 0; seed < PROGRAMS; seed++) {
                const text = small(new Random(seed));
                const program = correctProgram(text);
                const { classes, branches: tries } = explored(program, tried, faults);
                const everything = allCourses(program, tried, faults);
                const told = classes.map((c) => [keyOfOutcome(c.outcome), c.count, c.faults + c.switches] as const);
                assert.deepEqual(
                    told.sort(([a], [b]) => (a < b ? -1 : 1)),
                    [...everything]
                        .map(([k, v]) => [k, v.count, v.least] as const)
                        .sort(([a], [b]) => (a < b ? -1 : 1)),
                    `program ${seed}: ${text}`,
                );
                branches += tries;
                all += [...everything.values()].reduce((n, { count }) => n + count, 0);
                several += classes.length > 1 ? 1 : 0;
            }
            assert.ok(several > 0, 'some programs have several outcomes');
            assert.ok(branches < all, `${branches} branches instead of ${all} courses`);
            console.log(`      ${branches} branches instead of ${all} courses`);
        });
    };

    compare('orders', { orders: true }, 0);
    compare('orders, and a crash of one of them', { orders: true, crash: ['a'] }, 1);
    compare('orders, and a callback that fails', { orders: true, fail: ['*.preserve', '*.freeze'] }, 1);
});
