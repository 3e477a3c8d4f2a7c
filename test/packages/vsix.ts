/**
 * Makes the `.vsix`: `npm run package [-- OPTIONS]`, with the options of `vsce package`. The address of the repository
 * stands in package.json only, as `repository`. Once it is there, the links of the README become absolute ones.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { z } from 'zod';

const manifest = z
    .object({ repository: z.optional(z.unknown()) })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const withoutAddress =
    manifest.repository === undefined ? ['--allow-missing-repository', '--no-rewrite-relative-links'] : [];
const vsce = path.join('node_modules', '@vscode', 'vsce', 'vsce');
const args = ['package', '--no-dependencies', ...withoutAddress, '--out', 'dist/', ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, [vsce, ...args], { stdio: 'inherit' }).status ?? 1;
