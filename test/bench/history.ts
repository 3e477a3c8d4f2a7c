/** What it costs to be able to go back: processor time and memory of runs with and without a history. */
import { loadProgram } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { arrived, travelled } from '../support/timelines';
import type { Figure } from './figures';
import folios from './folios.lus';
import { spawned } from './own-process';
import { cpuMs, cpuNow } from './stopwatch';
import { z } from 'zod';

const MIB = 2 ** 20;
/** What `lus.history` is by default. */
const BUDGET = 256 * MIB;
const URI = 'history.lus';
const SLICE = 10_000_000;
const PAIRS = 5;
/** Steps back from the end. */
const STEPS = 20;

/** Statements that change variables. */
function loop(machine: string, rounds: number): string {
    return `${machine}
scenario "s" {
    boot "7.2"
    n = 27
    i = 0
    while i < ${rounds} {
        if n % 2 == 0 { n = n / 2 }
        n = n * 3 + 1
        i += 1
        if n > 1000 { n = 27 }
    }
}`;
}

/** Calls that change the kernel's state and memory. */
const CALLS = `scenario "s" {
    boot "7.2"
    process p {
        m = memfd_create("m")
        m.truncate(64MiB)
        i = 0
        while i < 1200000 {
            m.pwrite(pattern(i, 4KiB), at: i % 16384 * 4096)
            i += 1
        }
    }
}`;

const PROGRAMS: Readonly<Record<string, string>> = {
    'a billion statements': loop('', 200_000_000),
    'a billion on a machine of 1 TiB': loop('machine { memory 1TiB }', 200_000_000),
    '1.2 million writes': CALLS,
    'a preserve of 64 GiB, up to the kexec': folios
        .slice(0, folios.indexOf('        kexec_file_load'))
        .concat('    }\n}\n'),
    'an update of 64 GiB': folios,
};

const measuredSchema = z.object({
    cpuMs: z.number(),
    residentMiB: z.number(),
    /** The estimate of what is kept. */
    keptMiB: z.number(),
    /** The longest step back from the end. */
    stepMs: z.number(),
});
type Measured = z.infer<typeof measuredSchema>;

/** In the child process. */
export function measureHistory(name: string, keeps: string): void {
    const program = loadProgram({ read: (uri) => (uri === URI ? PROGRAMS[name] : undefined) }, URI);
    process.stdout.write(JSON.stringify(keeps === 'true' ? withHistory(program) : without(program)));
}

type Program = ReturnType<typeof loadProgram>;

function without(program: Program): Measured {
    const { host } = Run.start(program);
    const ms = cpuMs(() => {
        while (!host.interpreter.run(SLICE)) {
            // to the end
        }
    });
    return { cpuMs: ms, residentMiB: process.resourceUsage().maxRSS / 1024, keptMiB: 0, stepMs: 0 };
}

function withHistory(program: Program): Measured {
    const { timeline } = travelled(program, {}, { budget: BUDGET, now: () => performance.now() });
    const begin = cpuNow();
    let kept = 0;
    while (!timeline.run(SLICE)) {
        kept = Math.max(kept, timeline.kept.bytes);
    }
    const ms = cpuNow() - begin;
    const residentMiB = process.resourceUsage().maxRSS / 1024;
    const steps = Array.from({ length: STEPS }, () =>
        cpuMs(() => void arrived(timeline.stepBack('next', timeline.thread))),
    );
    return { cpuMs: ms, residentMiB, keptMiB: kept / MIB, stepMs: Math.max(...steps) };
}

/** @param script this program, which calls {@link measureHistory} when it is told to */
export function history(script: string): Figure[] {
    return Object.keys(PROGRAMS).flatMap((name): Figure[] => {
        const take = (keeps: boolean): Measured =>
            measuredSchema.parse(JSON.parse(spawned(script, ['--history', name, String(keeps)])));
        const pairs = Array.from({ length: PAIRS }, () => ({ kept: take(true), plain: take(false) }));
        const least = (which: 'kept' | 'plain', what: keyof Measured): number =>
            Math.min(...pairs.map((p) => p[which][what]));
        return [
            {
                name: `history, ${name}: of forward time`,
                value: (least('kept', 'cpuMs') / least('plain', 'cpuMs') - 1) * 100,
                unit: '%',
                goal: { at: 'most', value: 10 },
                how: `processor time, best of ${PAIRS} processes with and without`,
            },
            {
                name: '  resident memory more than without',
                value: least('kept', 'residentMiB') - least('plain', 'residentMiB'),
                unit: 'MiB',
                goal: { at: 'most', value: BUDGET / MIB },
                how: `the estimate is ${least('kept', 'keptMiB').toFixed(1)} MiB`,
            },
            {
                name: '  a step back from its end, the longest',
                value: least('kept', 'stepMs'),
                unit: 'ms',
                goal: { at: 'most', value: 50 },
                how: `of ${STEPS}, processor time`,
            },
        ];
    });
}
