/** Speed and size of this checkout next to those of another state of the repository, measured in turn. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { inRepository } from '../support/repository';
import { calibrate } from './calibration';
import { columns, isRate, median, shown } from './figures';
import folios from './folios.lus';
import { hasOtherPackages, otherState, type State, THIS_STATE } from './other-state';
import { initializing } from './processes';
import { step } from './stepping';
import { lus, scratchFile, type Taken } from './whole-process';

/** More than this is worse. */
const TOLERANCE = 1.05;

/** One measurement of one state. */
interface Sample {
    readonly value: number;
    readonly cpuMs?: number | undefined;
    readonly residentMiB?: number;
}

/** What is measured of any state, with the inputs of this checkout. */
interface Measurement {
    readonly name: string;
    readonly measure: (folder: string) => Sample | Promise<Sample>;
}

/** The samples of a figure in both states, by pairs, and what the calibration loop took beside each pair. */
interface Compared {
    readonly name: string;
    readonly unit: string;
    readonly pairs: readonly { readonly now: Sample; readonly before: Sample; readonly calibrationMs: number }[];
}

const sampleOf = ({ ms, ...rest }: Taken): Sample => ({ value: ms, ...rest });

function lusProcess(name: string, ...args: string[]): Measurement {
    return { name, measure: (folder) => sampleOf(lus(folder, ...args)) };
}

function processes(): Measurement[] {
    const example = (name: string): string => inRepository('extension', 'examples', name);
    const bench = (name: string): string => inRepository('test', 'bench', name);
    const recordings = inRepository('test', 'conformance', 'recordings');
    const smallFolios = folios.replace('SIZE = 64GiB', 'SIZE = 4GiB').replace('HUGE = true', 'HUGE = false');
    return [
        lusProcess('lus --version', '--version'),
        lusProcess('lus run, the first example', 'run', example('first-session.lus')),
        lusProcess('lus run, the flagship example', 'run', example('passthrough-guest.lus')),
        lusProcess('lus check, the flagship example', 'check', example('passthrough-guest.lus')),
        { name: 'adapter, until it answers initialize', measure: async (f) => sampleOf(await initializing(f)) },
        { name: 'adapter, a step and what an editor asks', measure: async (f) => sampleOf(await step(f)) },
        lusProcess('lus run, 7 million statements', 'run', bench('interpreter.lus')),
        lusProcess('lus run, a million DMA writes', 'run', bench('dma.lus')),
        lusProcess('lus run, an update of 64 GiB in 2 MiB folios', 'run', bench('folios.lus')),
        lusProcess('lus run, an update of 4 GiB in 4 KiB folios', 'run', scratchFile('folios.lus', smallFolios)),
        lusProcess('lus run, a domain of 1 TiB over a kexec', 'run', bench('domain.lus')),
        lusProcess(
            'lus replay, all recordings',
            'replay',
            ...readdirSync(recordings)
                .filter((f) => f.endsWith('.jsonl'))
                .map((f) => path.join(recordings, f)),
        ),
        lusProcess('lus inspect, an image', 'inspect', inRepository('test', 'conformance', 'images', 'image-1.elf.gz')),
    ];
}

/** @throws Error which says which state it is that cannot be measured so, and why */
async function compare(
    { name, measure }: Measurement,
    states: readonly [State, State],
    pairs: number,
): Promise<Compared> {
    const sample = async ({ folder, title }: State): Promise<Sample> => {
        try {
            return await measure(folder);
        } catch (e) {
            throw new Error(`${title}: ${e instanceof Error ? e.message : String(e)}`);
        }
    };
    const [here, other] = states;
    await sample(here);
    await sample(other);
    const samples: Compared['pairs'][number][] = [];
    for (let i = 0; i < pairs; i++) {
        samples.push({ calibrationMs: calibrate(), now: await sample(here), before: await sample(other) });
    }
    return { name, unit: 'ms', pairs: samples };
}

const figuresSchema = z.array(z.object({ name: z.string(), value: z.number(), unit: z.string() }));
type OwnFigure = z.infer<typeof figuresSchema>[number];

/** What a state's own bench measures. A name that begins with spaces belongs to the one before it. */
function ownFigures({ folder, title }: State): Map<string, OwnFigure> {
    const file = scratchFile('own.json', '');
    const { status, stderr } = spawnSync(
        process.execPath,
        [path.join('test', 'run.mjs'), 'test/bench/run.ts', '--json', file],
        { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' },
    );
    if (status !== 0) {
        throw new Error(`the bench of ${title} failed: ${stderr.trim()}`);
    }
    const figures = new Map<string, OwnFigure>();
    let whole = '';
    for (const f of figuresSchema.parse(JSON.parse(readFileSync(file, 'utf8')))) {
        whole = f.name.startsWith(' ') ? whole : f.name;
        figures.set(f.name.startsWith(' ') ? `${whole},${f.name.replace(/^ +/, ' ')}` : f.name, f);
    }
    return figures;
}

/** Runs the benches that the states have themselves, in turn, and takes what both measure. */
function compareOwn([here, other]: readonly [State, State], pairs: number): Compared[] {
    const rounds = Array.from({ length: pairs }, () => {
        return { calibrationMs: calibrate(), now: ownFigures(here), before: ownFigures(other) };
    });
    return [...(rounds[0]?.now ?? [])].flatMap(([name, { unit }]): Compared[] => {
        const samples = rounds.flatMap((r) => {
            const [a, b] = [r.now.get(name), r.before.get(name)];
            return a && b?.unit === unit ? [{ calibrationMs: r.calibrationMs, now: a, before: b }] : [];
        });
        return samples.length > 0 ? [{ name, unit, pairs: samples }] : [];
    });
}

/** How many times as much it is now, by the median of the pairs; undefined where it is not known of each. */
function ratio({ pairs }: Compared, key: keyof Sample): number | undefined {
    const ratios = pairs.flatMap(({ now, before }) => {
        const [a, b] = [now[key], before[key]];
        return a === undefined || b === undefined ? [] : [a / b];
    });
    return ratios.length === pairs.length ? median(ratios) : undefined;
}

/** As much as `ratio`, with more always being worse. */
function worseness(c: Compared): number {
    const times = ratio(c, 'value') ?? 1;
    return isRate(c.unit) ? 1 / times : times;
}

/**
 * Where the processor time of a process is known, it counts, too: other load on the machine makes a process late, and
 * hardly makes it work more. Figures that are quotients of others are not judged.
 */
function isWorse(c: Compared): boolean {
    if (c.unit === '%' || c.unit === 'times') {
        return false;
    }
    const time = Math.min(worseness(c), ratio(c, 'cpuMs') ?? Infinity);
    return time > TOLERANCE || (ratio(c, 'residentMiB') ?? 0) > TOLERANCE;
}

function row(c: Compared): string[] {
    const [now, before] = [median(c.pairs.map((p) => p.now.value)), median(c.pairs.map((p) => p.before.value))];
    const calibration = median(c.pairs.map((p) => p.calibrationMs));
    const times = (n: number | undefined): string => (n === undefined ? '' : n.toFixed(2));
    return [
        c.name,
        `${shown(now)} ${c.unit}`,
        `${shown(before)} ${c.unit}`,
        times(worseness(c)),
        times(ratio(c, 'cpuMs')),
        times(ratio(c, 'residentMiB')),
        `${shown(calibration)} ms`,
        shown(median(c.pairs.map((p) => p.now.value / p.calibrationMs))),
        isWorse(c) ? 'WORSE' : '',
    ];
}

const HEAD = ['', 'now', 'then', 'ratio', 'processor', 'memory', 'calibration', 'now to it', ''];

/**
 * Prints both states side by side. Ratios are of now to then, of rates of then to now: more than 1 is worse.
 * @param pairs how often each state is measured; the benches of the states themselves run a third as often
 * @returns whether something is worse by more than 5 %
 */
export async function against(revision: string, pairs: number, own: boolean): Promise<boolean> {
    const other = otherState(revision);
    const states = [THIS_STATE, other] as const;
    const load = loadavg().map((n) => n.toFixed(1));
    process.stdout.write(`${THIS_STATE.title} and ${other.title}; ${pairs} pairs; load ${load.join(' ')}\n`);
    if (hasOtherPackages(other)) {
        process.stdout.write('package-lock.json differs: both are built with the packages of this checkout\n');
    }
    const compared: Compared[] = [];
    const failed: string[] = [];
    for (const m of processes()) {
        process.stderr.write(`${m.name} …\n`);
        try {
            compared.push(await compare(m, states, pairs));
        } catch (e) {
            failed.push(`${m.name}: ${e instanceof Error ? e.message : String(e)}`);
        }
    }
    if (own) {
        process.stderr.write('the benches of both …\n');
        try {
            compared.push(...compareOwn(states, Math.ceil(pairs / 3)));
        } catch (e) {
            failed.push(e instanceof Error ? e.message : String(e));
        }
    }
    process.stdout.write(`${columns([HEAD, ...compared.map(row)])}\n`);
    for (const f of failed) {
        process.stdout.write(`not measured: ${f}\n`);
    }
    return compared.some(isWorse);
}
