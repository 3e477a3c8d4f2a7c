/** The map of physical memory: the time to make it at a stop, and to draw a part of it, of hosts with terabytes. */
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { MemoryMoments } from '../../emulator/presentation/memory/moments';
import { runPicture, standingOf } from '../../emulator/presentation/memory/standing';
import { median, type Figure } from './figures';
import folios from './folios.lus';

const URI = 'bench.lus';
const ROUNDS = 5;
const GIB = 2 ** 30;
/** As many pieces as a wide window has. */
const BUCKETS = 800;

const LARGE_HOST = `
machine { memory 2TiB
          memory 2TiB node 1 }
kernel "large" from "7.2" { cmdline "hugepagesz=1G hugepages=3000" }
scenario "boot" { boot "large" }
`;

/** A guest's memory goes through an update. */
const guest = (size: string, huge: boolean): string =>
    folios
        .replace('SIZE = 64GiB', `SIZE = ${size}`)
        // page metadata and scratch of a host of 1 TiB take more than 50 GiB
        .replace('SIZE + 8GiB', 'SIZE + 160GiB')
        .replace('HUGE = true', `HUGE = ${huge}`);

function ms(what: () => unknown): number {
    return median(
        Array.from({ length: ROUNDS }, () => {
            const begin = process.hrtime.bigint();
            what();
            return Number(process.hrtime.bigint() - begin) / 1e6;
        }),
    );
}

function figuresOf(name: string, text: string): Figure[] {
    const { host } = Run.start(loadProgram({ read: (uri) => (uri === URI ? text : undefined) }, URI));
    const moments = new MemoryMoments(host);
    host.listeners.observe(moments);
    while (host.interpreter.run(1 << 30)?.reason !== 'end') {
        // the run goes on
    }
    if (host.interpreter.outcome?.passed !== true) {
        throw new Error(host.interpreter.outcome?.failure?.message ?? 'the scenario failed');
    }
    const standing = standingOf(host, moments.before);
    const whole = { buckets: BUCKETS };
    const [node] = runPicture(name, standing, undefined, whole).nodes;
    const middle = node ? (node.from + node.to) / 2 : 0;
    const part = { buckets: BUCKETS, windows: [{ from: middle, to: middle + GIB }] };
    const answer = JSON.stringify(runPicture(name, standing, undefined, whole));
    return [
        {
            name: `memory of ${name}, at a stop`,
            value: ms(() => standingOf(host, moments.before)),
            unit: 'ms',
            goal: { at: 'most', value: 500 },
            how: `once a stop that is looked at, median of ${ROUNDS}; ${standing.now.map.length} runs`,
        },
        {
            name: '  all of it',
            value: ms(() => runPicture(name, standing, undefined, whole)),
            unit: 'ms',
            goal: { at: 'most', value: 30 },
        },
        {
            name: '  1 GiB of it',
            value: ms(() => runPicture(name, standing, undefined, part)),
            unit: 'ms',
            goal: { at: 'most', value: 30 },
        },
        { name: '  the answer', value: answer.length / 1024, unit: 'KiB', goal: { at: 'most', value: 500 } },
    ];
}

export function benchMemory(): Figure[] {
    return [
        ...figuresOf('a guest of 1 TiB in 2 MiB folios', guest('1TiB', true)),
        ...figuresOf('a host of 4 TiB with 3000 huge pages of 1 GiB', LARGE_HOST),
        ...figuresOf('a guest of 4 GiB in 4 KiB folios', guest('4GiB', false)),
    ];
}
