/**
 * How many branches an exploration takes in a second, next to runs of the same courses from the start, and how long the
 * fingerprint of a state takes.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Course } from '../../emulator/explore/course';
import { Explorer } from '../../emulator/explore/explore';
import { together, PROFILES } from '../../emulator/explore/profiles';
import type { ProfileName } from '../../emulator/language/syntax/explore';
import type { Program } from '../../emulator/language/program';
import { Hasher } from '../../emulator/machine/hash';
import { loadProgram } from '../../emulator/run/load-program';
import { NOTHING } from '../../emulator/run/tried';
import type { ScenarioProcess } from '../../emulator/runtime/host/scenario-process';
import { hashFuture } from '../../emulator/timeline/fingerprint';
import { inRepository } from '../support/repository';
import type { Figure } from './figures';

const FILE = 'extension/examples/second-update.lus';
const PROFILE = 'all';
const LIMIT = 50_000_000;
const MEMORY = 64 * 2 ** 20;
const URI = 'large.lus';
/** Statements after which a fingerprint is made. */
const ROUNDS = 4000;
/** Courses that run from the start, evenly spread over all. */
const SAMPLE = 24;

function load(): Program {
    const text = readFileSync(inRepository(FILE), 'utf8');
    return loadProgram({ read: (uri) => (uri === FILE ? text : undefined) }, FILE);
}

/** Seconds of the processor. */
function timed(work: () => void): number {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
}

/** Courses a second, each from its beginning to its end. */
function fromTheStart(program: Program): number {
    const tried = together([PROFILES[PROFILE]]);
    const usual = new Course(program, {}, tried);
    usual.decider.follow([], 0);
    usual.toTheEnd(LIMIT);
    const paths = usual.decider.made.flatMap((choice, position) =>
        choice.alternatives.flatMap((_, pick) => (pick === choice.usual ? [] : [[position, pick + 1]])),
    );
    const some = Array.from({ length: SAMPLE }, (_, i) => paths[Math.floor((i * paths.length) / SAMPLE)] ?? []);
    const seconds = timed(() => {
        for (const path of some) {
            const course = new Course(program, {}, tried);
            course.decider.follow(path, 0);
            course.toTheEnd(LIMIT);
        }
    });
    return SAMPLE / seconds;
}

/** @returns the number of ends */
function completeSearch(program: Program, profile: ProfileName, scenario?: string): number {
    const explorer = new Explorer(program, {
        scenario,
        tried: together([PROFILES[profile]]),
        faults: 1,
        switches: Infinity,
        limit: LIMIT,
        memory: MEMORY,
    });
    for (const _ of explorer.run()) {
        // to the end
    }
    if (!explorer.result.complete) {
        throw new Error('the search has an end');
    }
    return explorer.result.ends;
}

/** Branches a second of a complete search. */
function fromCheckpoints(program: Program): number {
    let branches = 0;
    const seconds = timed(() => {
        branches = completeSearch(program, PROFILE);
    });
    return branches / seconds;
}

const EXAMPLES = 'extension/examples';

/** A crash of each process after each of its system calls, in every scenario of the examples. Processor seconds. */
function allCrashPoints(): { readonly seconds: number; readonly how: string } {
    let ends = 0;
    let scenarios = 0;
    const fromDisk = (uri: string): Buffer | undefined =>
        existsSync(inRepository(uri)) ? readFileSync(inRepository(uri)) : undefined;
    const seconds = timed(() => {
        for (const file of readdirSync(inRepository(EXAMPLES)).filter((name) => name.endsWith('.lus'))) {
            const program = loadProgram(
                { read: (uri) => fromDisk(uri)?.toString(), readBytes: fromDisk },
                `${EXAMPLES}/${file}`,
            );
            for (const { name } of program.scenarios) {
                ends += completeSearch(program, 'crashes', name.value);
                scenarios++;
            }
        }
    });
    return { seconds, how: `${ends} courses of ${scenarios} scenarios, half of the processor time on one` };
}

/** A host of 64 GiB, of which a guest has 16 GiB in 4 million folios, and statements that change little. */
const LARGE = `
machine { memory 64GiB }
scenario "a large guest" {
    boot "7.2"
    process vmm
    vmm {
        ram = memfd_create("ram")
        ram.pwrite(pattern(1, 16GiB), at: 0)
        small = memfd_create("small")
        n = 0
        while n < ${ROUNDS} {
            n += 1
            small.pwrite("x", at: n * 4KiB)
        }
    }
}`;

/** Median microseconds of the processor for the fingerprint after one statement. */
function fingerprinting(): number {
    const program = loadProgram({ read: (uri) => (uri === URI ? LARGE : undefined) }, URI);
    const { host } = new Course(program, {}, NOTHING, []);
    const { interpreter } = host;
    const vmm = (): ScenarioProcess | undefined => [...host.processes].find((p) => p.name === 'vmm');
    while (vmm()?.vars.get('n') !== 0) {
        interpreter.step('any');
        interpreter.run(LIMIT);
    }
    const times: number[] = [];
    for (let n = 0; n < ROUNDS; n++) {
        interpreter.checkpoint();
        interpreter.step('any');
        interpreter.run(LIMIT);
        const before = performance.now();
        host.machine.journal.newEpoch();
        hashFuture(host, new Hasher());
        times.push((performance.now() - before) * 1000);
    }
    return times.sort((a, b) => a - b)[ROUNDS / 2] ?? 0;
}

export function exploring(): Figure[] {
    const program = load();
    // the first search compiles
    fromCheckpoints(program);
    const branches = fromCheckpoints(program);
    const courses = fromTheStart(program);
    const crashes = allCrashPoints();
    return [
        {
            name: 'exploring second-update.lus, one core',
            value: branches,
            unit: 'branches/s',
            how: `--profile ${PROFILE}, complete`,
        },
        {
            name: '  than running each from the start',
            value: branches / courses,
            unit: 'times',
            goal: { at: 'least', value: 20 },
            how: `${SAMPLE} of the courses, in this process: ${courses.toFixed(1)}/s`,
        },
        {
            name: 'all crash points of every example, two cores',
            value: crashes.seconds / 2,
            unit: 's',
            goal: { at: 'most', value: 60 },
            how: crashes.how,
        },
        {
            name: 'state fingerprint after one statement, 64 GiB',
            value: fingerprinting(),
            unit: 'µs',
            goal: { at: 'most', value: 20 },
            how: 'a guest of 16 GiB in folios of 4 KiB, the median',
        },
    ];
}
