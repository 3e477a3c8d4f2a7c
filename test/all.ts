/**
 * All tests:  npm test
 *
 * Type check, lint and build count as one test each. The last line is `N passed, N failed`; the exit code is 0 only
 * where nothing failed. A kind of tests that breaks off, or in which nothing passed, counts as a failure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { ROOT } from './support/repository';
import { add, countsSchema, NOTHING, type Counts } from './support/results';

interface Part {
    readonly name: string;
    /** Arguments for `npm run`. */
    readonly script: readonly string[];
    /** Whether the part writes counts to TEST_RESULTS; else it is one test by itself. */
    readonly counts: boolean;
    /** Whether it may find that it cannot run on this machine: no test, and no failure. */
    readonly optional?: boolean;
}

const PARTS: readonly Part[] = [
    { name: 'type check', script: ['typecheck'], counts: false },
    { name: 'lint', script: ['lint'], counts: false },
    { name: 'build', script: ['build'], counts: false },
    { name: 'unit', script: ['unit', '--', 'test/unit'], counts: true },
    { name: 'proofs', script: ['unit', '--', 'test/proofs'], counts: true },
    { name: 'conformance', script: ['unit', '--', 'test/conformance'], counts: true },
    { name: 'protocol', script: ['unit', '--', 'test/protocol'], counts: true },
    { name: 'packages', script: ['unit', '--', 'test/packages'], counts: true },
    { name: 'editor', script: ['editor'], counts: true, optional: true },
];

interface Outcome {
    readonly name: string;
    readonly seconds: number;
    readonly counts: Counts;
}

const FAILED: Counts = { ...NOTHING, failed: 1 };

function countsOf(part: Part, status: number | null, results: string): Counts {
    if (!part.counts) {
        return status === 0 ? { ...NOTHING, passed: 1 } : FAILED;
    }
    if (!existsSync(results)) {
        return FAILED;
    }
    const counts = countsSchema.parse(JSON.parse(readFileSync(results, 'utf8')));
    const idle = counts.passed === 0 && counts.failed === 0;
    return (idle && !part.optional) || (status !== 0 && counts.failed === 0) ? add(counts, FAILED) : counts;
}

function run(part: Part, scratch: string): Outcome {
    console.log(`\n== ${part.name}`);
    const results = path.join(scratch, `${part.name}.json`);
    const start = Date.now();
    const { status } = spawnSync('npm', ['run', '--silent', ...part.script], {
        cwd: ROOT,
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...process.env, TEST_RESULTS: results },
    });
    return { name: part.name, seconds: (Date.now() - start) / 1000, counts: countsOf(part, status, results) };
}

function main(): void {
    const scratch = mkdtempSync(path.join(tmpdir(), 'lus-test-'));
    try {
        const outcomes = PARTS.map((part) => run(part, scratch));
        const total = outcomes.map((o) => o.counts).reduce(add, NOTHING);
        console.log('\n== summary');
        for (const { name, seconds, counts } of outcomes) {
            const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
            console.log(
                `${name.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s  ${counts.passed} passed, ${counts.failed} failed${skipped}`,
            );
        }
        console.log(`${total.passed} passed, ${total.failed} failed`);
        process.exitCode = total.failed > 0 ? 1 : 0;
    } finally {
        rmSync(scratch, { recursive: true, force: true });
    }
}

main();
