// Builds the bundles that ship:
//
//   node esbuild.config.mjs            dist/{lus,debug-adapter,language-server,extension}.js
//   node esbuild.config.mjs --watch    the same with source maps, again at every change
//
// and, as a module, what the tests run (test/run.mjs, test/mocha.ts).
import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';
import { build, context } from 'esbuild';

/** The repository: npm runs every script there. */
const root = process.cwd();

/**
 * What both kinds of bundle have in common.
 * @satisfies {import('esbuild').BuildOptions}
 */
const common = {
    absWorkingDir: root,
    bundle: true,
    platform: /** @type {const} */ ('node'),
    format: /** @type {const} */ ('cjs'),
    target: 'node20',
    loader: {
        '.lus': /** @type {const} */ ('text'),
        '.c': /** @type {const} */ ('text'),
        '.h': /** @type {const} */ ('text'),
    },
    logLevel: /** @type {const} */ ('warning'),
    // The ES module halves of dual packages: the UMD ones hide their imports from the bundler.
    mainFields: ['module', 'main'],
};

/**
 * A bundle that ships: its name in dist/, its entry point, and what differs.
 * @typedef {{ name: string, entry: string, executable?: boolean, external?: string[] }} Bundle
 */

/** @type {readonly Bundle[]} */
const bundles = [
    { name: 'lus', entry: 'emulator/cli/main.ts', executable: true },
    { name: 'debug-adapter', entry: 'debug-adapter/main.ts' },
    { name: 'language-server', entry: 'extension/language-server/main.ts' },
    { name: 'extension', entry: 'extension/extension.ts', external: ['vscode'] },
];

/**
 * @param {Bundle} bundle
 * @returns {import('esbuild').BuildOptions}
 */
function shipped({ name, entry, executable = false, external = [] }) {
    return {
        ...common,
        entryPoints: [entry],
        outfile: `dist/${name}.js`,
        minify: true,
        legalComments: 'none',
        external,
        ...(executable ? { banner: { js: '#!/usr/bin/env node' } } : {}),
    };
}

/** @param {{ watch: boolean }} options */
async function buildShipped({ watch }) {
    const present = bundles.filter((b) => existsSync(path.join(root, b.entry)));
    if (watch) {
        await Promise.all(
            present.map(async (b) => (await context({ ...shipped(b), minify: false, sourcemap: 'inline' })).watch()),
        );
        console.log('bundles are being watched');
        return;
    }
    await Promise.all(present.map((b) => build(shipped(b))));
    for (const b of present.filter((b) => b.executable)) {
        chmodSync(path.join(root, 'dist', `${b.name}.js`), 0o755);
    }
}

/**
 * Bundles test files or scripts (paths from the repository's root) to the same place under .build/, with source maps.
 * @param {readonly string[]} files
 * @returns {Promise<string[]>} the paths of the bundles, in the same order
 */
export async function buildForTests(files) {
    await build({
        ...common,
        entryPoints: [...files],
        outdir: '.build',
        outbase: '.',
        sourcemap: 'inline',
        external: ['vscode', 'mocha', 'playwright-core', 'esbuild', '@vscode/test-electron'],
    });
    return files.map((f) => path.join(root, '.build', f.replace(/\.ts$/, '.js')));
}

if (path.basename(process.argv[1] ?? '') === 'esbuild.config.mjs') {
    buildShipped({ watch: process.argv.includes('--watch') }).catch(() => {
        process.exitCode = 1;
    });
}
