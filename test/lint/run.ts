/**
 * The rules of the house that Biome does not know:
 *
 *     node test/run.mjs test/lint/run.ts [--figures]
 *
 * With --figures it prints how large the rooms are, and the largest circle of imports in each, instead.
 */
import { contributingProblems } from './contributing';
import { exportProblems } from './exports';
import { figures } from './figures';
import { lineProblems } from './lines';
import { pageSizeProblems } from './page-size';
import { roomProblems } from './rooms';
import { textBytesProblems } from './text-bytes';

function lint(): void {
    const problems = [
        ...roomProblems(),
        ...lineProblems(),
        ...pageSizeProblems(),
        ...exportProblems(),
        ...contributingProblems(),
        ...textBytesProblems(),
    ];
    for (const { file, line, message } of problems) {
        console.log(`${file}:${line}: ${message}`);
    }
    if (problems.length > 0) {
        console.log(`${problems.length} against the rules of the house`);
        process.exitCode = 1;
    }
}

if (process.argv.includes('--figures')) {
    console.log(figures());
} else {
    lint();
}
