/**
 * Makes the `.vsix`: `npm run package [-- OPTIONS]`, with the options of `vsce package`. The address of the repository
 * stands in package.json only, as `repository`. Once it is there, the links of the README become absolute ones. The
 * moving picture of the README is not packed: the package, made of a copy, has a still in its place. Nor is what
 * programs import: they take it from npm.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { z } from 'zod';

const manifest = z
    .looseObject({ repository: z.optional(z.unknown()), files: z.array(z.string()), scripts: z.optional(z.unknown()) })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const COPY = path.resolve('.build', 'package');

function run(command: string, args: readonly string[], cwd = process.cwd()): void {
    const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
    if (status !== 0) {
        process.exit(status ?? 1);
    }
}

/** Copies what can be in the package. */
function copy(): void {
    rmSync(COPY, { recursive: true, force: true });
    for (const part of ['dist', 'extension', 'syntaxes', 'CHANGELOG.md', 'LICENSE']) {
        cpSync(part, path.join(COPY, part), { recursive: true });
    }
    for (const name of ['api.js', 'api.d.ts', 'session.d.ts']) {
        rmSync(path.join(COPY, 'dist', name), { force: true });
    }
    const { scripts: _, exports: __, ...rest } = manifest;
    const files = manifest.files.filter((pattern) => pattern !== 'dist/*.d.ts');
    writeFileSync(path.join(COPY, 'package.json'), JSON.stringify({ ...rest, files }, undefined, 2));
    const readme = readFileSync('README.md', 'utf8');
    const still = 'extension/docs/images/stopped-in-freeze.png';
    writeFileSync(path.join(COPY, 'README.md'), readme.replace('test/editor/pictures/in-thirty-seconds.png', still));
}

function main(options: string[]): void {
    const at = options.indexOf('--out');
    const out = path.resolve((at < 0 ? undefined : options.splice(at, 2)[1]) ?? 'dist/');
    if (manifest.scripts !== undefined) {
        run('npm', ['run', '--silent', 'vscode:prepublish']);
    }
    copy();
    const vsce = path.resolve('node_modules', '@vscode', 'vsce', 'vsce');
    const withoutAddress =
        manifest.repository === undefined ? ['--allow-missing-repository', '--no-rewrite-relative-links'] : [];
    const args = [vsce, 'package', '--no-dependencies', ...withoutAddress, '--out', out, ...options];
    run(process.execPath, args, COPY);
}

main(process.argv.slice(2));
