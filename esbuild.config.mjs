// Builds the bundles that ship:
//
//   node esbuild.config.mjs            dist/{lus,debug-adapter,language-server,extension}.js
//   node esbuild.config.mjs --watch    the same with source maps, again at every change
//
// and, as a module, what the tests run (test/run.mjs, test/runner).
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
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

async function watchShipped() {
    await Promise.all(
        bundles.map(async (b) => (await context({ ...shipped(b), minify: false, sourcemap: 'inline' })).watch()),
    );
    console.log('bundles are being watched');
}

/**
 * A bundle is moved into place when it is complete: tests run the bundles while others of them package the extension,
 * which builds it again.
 */
export async function buildShipped() {
    for (const folder of ['.build', 'dist']) {
        mkdirSync(path.join(root, folder), { recursive: true });
    }
    await Promise.all(
        bundles.map(async (b) => {
            const { outputFiles } = await build({ ...shipped(b), write: false });
            for (const { path: file, contents } of outputFiles) {
                const partial = path.join(root, '.build', `${b.name}.${process.pid}.partial`);
                writeFileSync(partial, contents);
                chmodSync(partial, b.executable ? 0o755 : 0o644);
                renameSync(partial, file);
            }
        }),
    );
}

/**
 * What the bundles of tests and of their scripts have in common.
 * @satisfies {import('esbuild').BuildOptions}
 */
const forTests = {
    ...common,
    outbase: '.',
    external: ['vscode', 'mocha', 'typescript', 'playwright-core', 'esbuild', '@vscode/test-electron'],
};

/**
 * Bundles scripts (paths from the repository's root) to the same place under .build/, with source maps.
 * @param {readonly string[]} files
 * @returns {Promise<string[]>} the paths of the bundles, in the same order
 */
export async function buildForTests(files) {
    await build({ ...forTests, entryPoints: [...files], outdir: '.build', sourcemap: 'inline' });
    return files.map((f) => path.join(root, '.build', f.replace(/\.ts$/, '.js')));
}

/** What CommonJS has and ES modules have not: some packages and the tests' own helpers ask for it. */
const COMMONJS = `import { createRequire as requireOf } from 'node:module';
import { fileURLToPath as pathOfUrl } from 'node:url';
const require = requireOf(import.meta.url);
const __dirname = pathOfUrl(new URL('.', import.meta.url));`;

/**
 * Bundles test files (paths from the repository's root) as ES modules with their common code in chunks of its own: ten
 * times less to write and to read than a bundle for each that holds everything.
 * @param {readonly string[]} files
 * @param {string} folder for all of it
 * @returns {Promise<string[]>} the paths of the bundles, in the same order
 */
export async function buildTestFiles(files, folder) {
    await build({
        ...forTests,
        format: 'esm',
        splitting: true,
        entryPoints: [...files],
        outdir: folder,
        outExtension: { '.js': '.mjs' },
        sourcemap: 'linked',
        sourcesContent: false,
        banner: { js: COMMONJS },
    });
    return files.map((f) => path.join(folder, f.replace(/\.ts$/, '.mjs')));
}

if (path.basename(process.argv[1] ?? '') === 'esbuild.config.mjs') {
    (process.argv.includes('--watch') ? watchShipped() : buildShipped()).catch(() => {
        process.exitCode = 1;
    });
}
