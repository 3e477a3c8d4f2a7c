/** Random scenarios of several processes, which have sessions and files of their own and share some others. */
import type { Random } from './random';

export const AGENTS_HEAD = `
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

export interface AgentsShape {
    readonly processes: number;
    /** The most calls of each process. */
    readonly calls: number;
    /** Whether some calls have no `try`, so that their failure ends the run. */
    readonly plain: boolean;
    readonly reboots: boolean;
}

/** A random call of a process, mostly on its own sessions and files. */
function call(random: Random, shape: AgentsShape): string {
    const session = random.pick(['own', 'own', 'own', 'shared']);
    const file = random.pick(['ram', 'filled', 'dev', 'both', 'both']);
    const accepts = !shape.plain || random.below(4) > 0 ? 'r = try ' : '';
    return random.pick([
        `${accepts}${session}.preserve_fd(${file}, token: ${random.below(2)})`,
        `${accepts}${session}.preserve_fd(${file}, token: ${random.below(2)})`,
        // all processes have this file, but it can be in one session only
        `r = try own.preserve_fd(both, token: ${random.below(2)})`,
        `r = try own.preserve_fd(both, token: ${random.below(2)})`,
        `r = try own.preserve_fd(both, token: ${random.below(2)})`,
        `r = try ${session}.close()`,
        `r = try ${random.pick(['ram', 'filled', 'both'])}.truncate(${random.pick([0, 4096, 8192])})`,
        `r = try ${random.pick(['ram', 'filled', 'both'])}.write("x")`,
        `r = try ${random.pick(['ram', 'both'])}.close()`,
        `r = ${random.pick(['ram', 'both'])}.size`,
        'r = try memfd_create("new")',
        'lu = try open("/dev/liveupdate")',
        'r = try lu.create_session("new")',
        'r = try lu.close()',
        'sleep 2us',
        'exit',
    ]);
}

/** @param name that of the scenario */
export function agents(name: string, random: Random, shape: AgentsShape): string {
    const names = ['a', 'b', 'c'].slice(0, shape.processes);
    const block = (of: string): string => {
        const calls = Array.from({ length: 1 + random.below(shape.calls) }, () => call(random, shape));
        const exit = calls.indexOf('exit');
        const reboots = shape.reboots && of === 'b' && random.below(4) === 0;
        return reboots ? 'r = try reboot(KEXEC)' : (exit < 0 ? calls : calls.slice(0, exit + 1)).join('; ');
    };
    const own = (of: string): string =>
        `${of} {
                r = 0
                lu = open("/dev/liveupdate")
                own = lu.create_session("${of}"); lu.close()
                dev = open("/dev/gpu0"); ram = memfd_create("ram")
                filled = memfd_create("filled"); filled.truncate(4096); filled.write("data")
            }`;
    return `
        scenario "${name}" {
            boot "gpu"
            process ${names.join(', ')}
            ${names.map(own).join('\n            ')}
            a {
                lu = open("/dev/liveupdate")
                shared = lu.create_session("shared"); lu.close()
                both = memfd_create("both"); both.truncate(4096)
                ${shape.reboots ? 'kexec_file_load("gpu")' : ''}
                ${names
                    .slice(1)
                    .map((of) => `send shared to ${of}; send both to ${of}`)
                    .join('; ')}
            }
            concurrently {
                ${names.map((of) => `${of} { ${block(of)}; log(r) }`).join('\n                ')}
            }
        }`;
}
