/** Programs that nobody has thought of. */
import type { Random } from './random';

const HEAD = `
flb bus "bus-v1" {
    preserve(args)   { args.data = 1; args.obj = 1 }
    unpreserve(args) { }
    retrieve(args)   { args.obj = 1 }
    finish(args)     { }
}
file gpu at "/dev/gpu0" { }
handler gpu_handler "gpu-v1" for gpu uses bus {
    can_preserve(file) { return file.kind == gpu }
    preserve(args)     { sleep 10us; args.serialized_data = 1 }
    unpreserve(args)   { sleep 5us }
    freeze(args)       { sleep 20us; return -should_fail("freeze") }
    retrieve(args)     { args.file = new gpu() }
    finish(args)       { }
}
kernel "gpu" from "7.2" { handlers + gpu_handler; init { if (try bus.get_incoming()) == 0 { bus.put_incoming() } } }
`;

const NAMES = ['a', 'b', 'c'];

/** Calls of a process that has the sessions one and two (descriptors of its own), and two devices. */
function call(random: Random): string {
    const session = random.pick(['one', 'two']);
    const token = random.below(3);
    return random.pick([
        `r = try ${session}.preserve_fd(dev, token: ${token})`,
        `r = try ${session}.preserve_fd(more, token: ${token})`,
        `r = try ${session}.preserve_fd(ram, token: ${token})`,
        `r = try ${session}.close()`,
        `r = try ${session}.get_name()`,
        `r = try ${session}.get_name() with stalled_reply`,
        'r = try ram.truncate(8192)',
        'r = try ram.pwrite("x", at: 0)',
        'r = try kexec_file_load("gpu")',
        'sleep 15us',
        'exit',
    ]);
}

/** Three processes that do something at the same time, each of them something else. */
export function concurrentProgram(random: Random): string {
    const reboots = random.below(4);
    const blocks = NAMES.map((name, i) => {
        const calls = Array.from({ length: 1 + random.below(6) }, () => call(random));
        if (i === reboots) {
            calls.splice(random.below(calls.length), 0, 'r = try reboot(KEXEC)');
        }
        const exit = calls.indexOf('exit');
        return `${name} { r = 0; ${(exit < 0 ? calls : calls.slice(0, exit + 1)).join('; ')}${exit < 0 ? '; log(r)' : ''} }`;
    });
    const kill = random.below(3) === 0 ? `killer { sleep ${random.below(40)}us; kill ${random.pick(NAMES)} }` : '';
    const fails = random.below(2) === 0 ? 'inject EIO into "freeze"' : '';
    return `${HEAD}
        scenario "random" {
            boot "gpu"
            process a, b, c, killer
            a {
                lu = open("/dev/liveupdate")
                one = lu.create_session("one"); two = lu.create_session("two")
                kexec_file_load("gpu")
                send one to b; send two to b; send one to c; send two to c
            }
            ${NAMES.map((n) => `${n} { dev = open("/dev/gpu0"); more = open("/dev/gpu0"); ram = memfd_create("${n}"); ram.truncate(4096) }`).join('\n            ')}
            ${fails}
            concurrently {
                ${blocks.join('\n                ')}
                ${kill}
            }
        }`;
}

/**
 * Statements of functions that call each other, with loops, failures and undo blocks; `depth` says which may be called.
 */
function statements(random: Random, depth: number, nesting: number): string {
    const one = (): string => {
        const inner = (): string => statements(random, depth, nesting + 1);
        const simple = [
            'x += 1',
            'x = x * 3 % 1000',
            'y = x + y',
            'log("x ", x); y = 0',
            'if x > 500 { y = 1 } else { y = 2 }',
        ];
        const calls =
            depth > 0 ? [`y = f${random.below(depth)}(x)`, `x = f${random.below(depth)}(y) + 1; x = x % 1000`] : [];
        const blocks =
            nesting < 2
                ? [
                      `for i${nesting} in 0..${1 + random.below(4)} { ${inner()} }`,
                      `n${nesting} = 0\nwhile n${nesting} < ${1 + random.below(3)} { n${nesting} += 1; ${inner()} }`,
                      `if x % 2 == 0 { ${inner()} }`,
                  ]
                : [];
        return random.pick([...simple, ...calls, ...calls, ...blocks]);
    };
    return Array.from({ length: 1 + random.below(4) }, one).join('\n');
}

/** Functions, loops and blocks of processes around a live update. */
export function sequentialProgram(random: Random): string {
    const functions = [0, 1, 2].map(
        (i) => `fn f${i}(a) {\nx = a\ny = 0\n${statements(random, i, 0)}\nreturn x % 1000\n}`,
    );
    const block = (): string => `x = 7\ny = 1\n${statements(random, 3, 0)}`;
    return `${functions.join('\n')}
scenario "random" {
${block()}
boot "7.2"
process luod {
lu = open("/dev/liveupdate")
vm1 = lu.create_session("vm-1")
ram = memfd_create("ram"); ram.truncate(${4 * (1 + random.below(4))}KiB)
${block()}
vm1.preserve_fd(ram, token: 1)
kexec_file_load("7.2")
reboot(KEXEC)
}
process luod {
lu = open("/dev/liveupdate")
vm1 = lu.retrieve_session("vm-1")
ram = vm1.retrieve_fd(token: 1)
${block()}
vm1.finish()
}
${block()}
}`;
}
