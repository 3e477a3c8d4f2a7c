/**
 * Speed and size, each next to its goal:
 *
 *     npm run bench [-- --json FILE] [-- --strict]
 *
 * Prints a table and the same as JSON, which goes to FILE where one is named. With --strict the exit code is 1 where
 * a goal is missed. Or speed and size, each next to what it is in another state of the repository:
 *
 *     npm run bench -- --against REVISION [--pairs N] [--processes] [--strict]
 *
 * Builds that state, too, and measures both in turn, N times each; with --processes only whole processes, which takes
 * less long. With --strict the exit code is 1 where something is worse by more than 5 %.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { inRepository, ROOT } from '../support/repository';
import { activation } from './activation';
import { against } from './against';
import { calibrate } from './calibration';
import { benchDma } from './dma';
import { benchDomain, measureDomain } from './domain';
import { exploring } from './exploring';
import { goingBack } from './going-back';
import { history, measureHistory } from './history';
import { meets, table, toJson, type Figure } from './figures';
import interpreter from './interpreter.lus';
import { languageServer } from './language-server';
import { flagship, starts } from './processes';
import { benchRadix } from './radix';
import { stepping } from './stepping';
import { seconds } from './stopwatch';
import { benchTimeline } from './timeline';
import { benchMemory } from './memory';
import { measureUpdate, updates } from './updates';

const MIB = 2 ** 20;
const ROUNDS = 5;

/** How many statements `interpreter.lus` executes between its marks. */
function statementsOfMix(): number {
    const rounds = 1_000_000;
    const perRound = 7;
    let resets = 0;
    for (let i = 0, n = 27; i < rounds; i++) {
        n = n % 2 === 0 ? n / 2 : 3 * n + 1;
        if (n === 1) {
            n = 27;
            resets++;
        }
    }
    return 1 + rounds * perRound + resets + 1;
}

function interpreting(): Figure {
    const best = Math.min(...Array.from({ length: ROUNDS }, () => seconds(interpreter, ['breakpoint'])));
    return {
        name: 'interpreter, a breakpoint set elsewhere',
        value: statementsOfMix() / best / 1e6,
        unit: 'million statements/s',
        goal: { at: 'least', value: 150 },
        how: `best of ${ROUNDS}; the mix is test/bench/interpreter.lus`,
    };
}

function radix(): Figure[] {
    const { addNs, walkNs } = benchRadix();
    return [
        { name: 'radix tree, an added page', value: addNs, unit: 'ns', goal: { at: 'most', value: 12 } },
        { name: 'radix tree, a walked page', value: walkNs, unit: 'ns', goal: { at: 'most', value: 5 } },
    ];
}

function sizes(): Figure[] {
    const dist = inRepository('dist');
    const bundles = readdirSync(dist)
        .filter((f) => f.endsWith('.js'))
        .sort()
        .map((f): Figure => ({ name: `dist/${f}`, value: statSync(path.join(dist, f)).size / 1024, unit: 'KiB' }));
    const scratch = mkdtempSync(path.join(tmpdir(), 'lus-bench-'));
    try {
        const vsix = path.join(scratch, 'lus.vsix');
        const { status, stderr } = spawnSync('npm', ['run', '--silent', 'package', '--', '--out', vsix], {
            cwd: ROOT,
            encoding: 'utf8',
        });
        if (status !== 0) {
            throw new Error(stderr);
        }
        return [
            ...bundles,
            { name: 'the .vsix', value: statSync(vsix).size / MIB, unit: 'MB', goal: { at: 'most', value: 1.5 } },
        ];
    } finally {
        rmSync(scratch, { recursive: true, force: true });
    }
}

/** Measures between two calibrations. */
async function calibrated(measure: () => Figure[] | Promise<Figure[]>): Promise<Figure[]> {
    const before = calibrate();
    const figures = await measure();
    const calibrationMs = (before + calibrate()) / 2;
    return figures.map((f) => ({ ...f, calibrationMs }));
}

async function measureAll(): Promise<Figure[]> {
    const parts = [
        starts,
        () => [flagship()],
        async () => [await stepping()],
        goingBack,
        () => history(__filename),
        () => [activation()],
        languageServer,
        () => [interpreting()],
        exploring,
        () => updates(__filename),
        radix,
        benchDma,
        () => benchDomain(__filename),
        benchTimeline,
        benchMemory,
        sizes,
    ];
    const figures: Figure[] = [];
    for (const part of parts) {
        figures.push(...(await calibrated(part)));
    }
    return figures;
}

async function main(): Promise<void> {
    const { values } = parseArgs({
        options: {
            json: { type: 'string' },
            strict: { type: 'boolean' },
            against: { type: 'string' },
            pairs: { type: 'string', default: '7' },
            processes: { type: 'boolean' },
        },
    });
    if (values.against !== undefined) {
        const pairs = Number(values.pairs);
        if (!(Number.isInteger(pairs) && pairs > 0)) {
            throw new Error(`--pairs takes a number of pairs, not "${values.pairs}"`);
        }
        const worse = await against(values.against, pairs, values.processes !== true);
        process.exitCode = values.strict && worse ? 1 : 0;
        return;
    }
    const figures = await measureAll();
    process.stdout.write(`${table(figures)}\n`);
    if (values.json === undefined) {
        process.stdout.write(`\n${toJson(figures)}\n`);
    } else {
        writeFileSync(values.json, `${toJson(figures)}\n`);
    }
    if (values.strict && figures.some((f) => meets(f) === false)) {
        process.exitCode = 1;
    }
}

const [flag, size, huge] = process.argv.slice(2);
if (flag === '--update' && size !== undefined && huge !== undefined) {
    measureUpdate(size, huge);
} else if (flag === '--history' && size !== undefined && huge !== undefined) {
    measureHistory(size, huge);
} else if (flag === '--domain' && size !== undefined) {
    measureDomain(size);
} else {
    void main();
}
