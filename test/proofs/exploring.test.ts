/**
 * An exploration that does not go on from a state it has been in finds every outcome: those that all courses of small
 * random programs have, one after the other, within the same bounds.
 */
import assert from 'node:assert/strict';
import { Explorer, type Exploration } from '../../emulator/explore/explore';
import { keyOfOutcome } from '../../emulator/explore/outcome';
import { together } from '../../emulator/explore/profiles';
import type { Program } from '../../emulator/language/program';
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

function explored(program: Program, tried: Partial<Tried>, faults: number, memory: number): Exploration {
    const explorer = new Explorer(program, {
        tried: together([tried]),
        faults,
        switches: 2,
        limit: 5e6,
        memory,
    });
    for (const _ of explorer.run()) {
        // to the end
    }
    assert.ok(explorer.result.complete);
    return explorer.result;
}

const keys = ({ classes }: Exploration): string[] => classes.map((c) => keyOfOutcome(c.outcome)).sort();

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
                const once = explored(program, tried, faults, MEMORY);
                const everything = explored(program, tried, faults, 0);
                assert.deepEqual(keys(once), keys(everything), `program ${seed}: ${text}`);
                branches += once.ends;
                all += everything.ends;
                several += once.classes.length > 1 ? 1 : 0;
            }
            assert.ok(several > 0, 'some programs have several outcomes');
            assert.ok(branches < all, `${branches} ends instead of ${all}`);
        });
    };

    compare('orders', { orders: true }, 0);
    compare('orders, and a crash of one of them', { orders: true, crash: ['a'] }, 1);
    compare('orders, and a callback that fails', { orders: true, fail: ['*.preserve', '*.freeze'] }, 1);
});
