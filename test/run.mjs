// Bundles a TypeScript script of the test folder and runs it:  node test/run.mjs SCRIPT.ts [ARGUMENT...]
import { spawnSync } from 'node:child_process';
import { buildForTests } from '../esbuild.config.mjs';

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
    throw new Error('usage: node test/run.mjs SCRIPT.ts [ARGUMENT...]');
}
const bundles = await buildForTests([script]);
const child = spawnSync(process.execPath, ['--enable-source-maps', ...bundles, ...args], { stdio: 'inherit' });
process.exitCode = child.status ?? 1;
