/** The rules of the house that Biome does not know:  node test/run.mjs test/lint/run.ts */
import { lineProblems } from './lines';
import { pageSizeProblems } from './page-size';
import { roomProblems } from './rooms';
import { textBytesProblems } from './text-bytes';

const problems = [...roomProblems(), ...lineProblems(), ...pageSizeProblems(), ...textBytesProblems()];
for (const { file, line, message } of problems) {
    console.log(`${file}:${line}: ${message}`);
}
if (problems.length > 0) {
    console.log(`${problems.length} against the rules of the house`);
    process.exitCode = 1;
}
