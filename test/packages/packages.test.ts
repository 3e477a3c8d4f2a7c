/**
 * What users install: the npm tarball with the `lus` command, and the `.vsix`. Both are made from the build in dist/.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
    cpSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { activation } from '../bench/activation';
import { inRepository, ROOT } from '../support/repository';

const MAX_VSIX_BYTES = 3 * 1024 * 1024;
const PACKAGING_MS = 120_000;

function run(command: string, args: readonly string[], cwd: string): string {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
    return stdout;
}

interface ZipEntry {
    readonly name: string;
    /** What the file holds, in UTF-8. */
    readonly text: () => string;
}

/** The files of a zip archive, from its central directory. */
function* filesInZip(archive: Buffer): Generator<ZipEntry> {
    const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    let at = archive.readUInt32LE(end + 16);
    for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
        const entry = at;
        const nameLength = archive.readUInt16LE(entry + 28);
        yield {
            name: archive.toString('utf8', entry + 46, entry + 46 + nameLength),
            text: () => {
                const local = archive.readUInt32LE(entry + 42);
                const begin = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
                const packed = archive.subarray(begin, begin + archive.readUInt32LE(entry + 20));
                return (archive.readUInt16LE(entry + 10) === 8 ? inflateRawSync(packed) : packed).toString('utf8');
            },
        };
        at += 46 + nameLength + archive.readUInt16LE(entry + 30) + archive.readUInt16LE(entry + 32);
    }
}

function textInZip(archive: Buffer, wanted: string): string {
    for (const { name, text } of filesInZip(archive)) {
        if (name === wanted) {
            return text();
        }
    }
    return assert.fail(`there is no ${wanted}`);
}

/** What programs import. */
const FOR_PROGRAMS = ['dist/api.js', 'dist/api.d.ts', 'dist/session.d.ts'];

/** What must, and what must not, be in a package. */
function assertShips(names: readonly string[], programs: boolean): void {
    for (const name of FOR_PROGRAMS) {
        assert.equal(names.includes(name), programs, name);
    }
    for (const name of [
        'package.json',
        'dist/lus.js',
        'dist/debug-adapter.js',
        'dist/language-server.js',
        'dist/extension.js',
        'dist/process-client.js',
        'dist/web-extension.js',
        'dist/web-language-server.js',
        'dist/ThirdPartyNotices.txt',
    ]) {
        assert.ok(names.includes(name), `${name} is missing`);
    }
    for (const wanted of [
        /^readme\.md$/i,
        /^license(\.txt|\.md)?$/i,
        /^extension\/examples\/first-session\.lus$/,
        /^extension\/docs\/.+\.md$/,
        /^syntaxes\/.+\.json$/,
    ]) {
        assert.ok(
            names.some((n) => wanted.test(n)),
            `nothing like ${wanted} in ${names.join(' ')}`,
        );
    }
    const strays = names.filter((n) =>
        /^(test|emulator|debug-adapter|node_modules|\.)|(?<!^dist\/\w+\.d)\.ts$|\.map$/.test(n),
    );
    assert.deepEqual(strays, []);
}

suite('packages', function () {
    this.timeout(PACKAGING_MS);
    let scratch: string;

    suiteSetup(() => {
        scratch = mkdtempSync(path.join(tmpdir(), 'lus-packages-'));
    });

    suiteTeardown(() => {
        rmSync(scratch, { recursive: true, force: true });
    });

    test('the npm tarball installs globally, and its lus runs an example that came with it', () => {
        run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', scratch], ROOT);
        const tarball = readdirSync(scratch).find((f) => f.endsWith('.tgz'));
        assert.ok(tarball);
        const prefix = path.join(scratch, 'prefix');
        run(
            'npm',
            [
                'install',
                '--global',
                '--offline',
                '--no-audit',
                '--no-fund',
                '--prefix',
                prefix,
                path.join(scratch, tarball),
            ],
            scratch,
        );

        const installed = path.join(prefix, 'lib', 'node_modules', 'lus-debug');
        const names = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((n) =>
            statSync(path.join(installed, n)).isFile(),
        );
        assertShips(names, true);

        const lus = path.join(prefix, 'bin', 'lus');
        assert.match(run(lus, ['--help'], scratch), /\brun\b[\s\S]*\bcheck\b/);
        run(lus, ['run', path.join(installed, 'extension', 'examples', 'first-session.lus')], scratch);
    });

    test('a program checks and runs a file with the npm tarball, and its types are those of the bundles', () => {
        const tarball = readdirSync(scratch).find((f) => f.endsWith('.tgz'));
        assert.ok(tarball, 'the tarball of the test before');
        const project = path.join(scratch, 'project');
        mkdirSync(project);
        writeFileSync(path.join(project, 'package.json'), '{ "type": "module", "private": true }');
        const program = `import { check, run, type RunReport } from 'lus-debug';
import { LusDebugSession, nodeHost } from 'lus-debug/session';
const file: string = 'node_modules/lus-debug/extension/examples/first-session.lus';
const report: RunReport = run(file, { seed: 1 });
console.log(check(file).length, report.passed, report.files[0]?.scenarios[0]?.passed, typeof LusDebugSession);
nodeHost.later((): void => console.log('later'));
`;
        writeFileSync(path.join(project, 'program.ts'), program);
        writeFileSync(
            path.join(project, 'program.js'),
            program.replaceAll(/, type RunReport|: \w+(?= [=)])/g, '').replace('(): void', '()'),
        );
        const offline = ['install', '--offline', '--no-audit', '--no-fund', '--no-save'];
        run('npm', [...offline, path.join(scratch, tarball)], project);
        const tsc = inRepository('node_modules', '.bin', 'tsc');
        const types = ['--typeRoots', inRepository('node_modules', '@types'), '--types', 'node'];
        run(tsc, ['--noEmit', '--strict', '--module', 'nodenext', ...types, 'program.ts'], project);
        assert.equal(run(process.execPath, ['program.js'], project), '0 1 true function\nlater\n');
    });

    test('the .vsix holds what the extension needs and nothing else, in at most 3 MB', () => {
        const vsix = path.join(scratch, 'lus.vsix');
        run('npm', ['run', '--silent', 'package', '--', '--out', vsix], ROOT);
        const readme = textInZip(readFileSync(vsix), 'extension/readme.md');
        assert.match(readme, /!\[[^\]]*\]\(extension\/docs\/images\/stopped-in-freeze\.png\)/);
        assert.ok(statSync(vsix).size <= MAX_VSIX_BYTES, `${statSync(vsix).size} bytes`);
        const names = [...filesInZip(readFileSync(vsix))].map((f) => f.name).filter((n) => n.startsWith('extension/'));
        assertShips(
            names.map((n) => n.slice('extension/'.length)),
            false,
        );
    });

    test('with the address of a repository, the links of the README are absolute', () => {
        const copy = path.join(scratch, 'copy');
        for (const part of [
            'package.json',
            'README.md',
            'LICENSE',
            'CHANGELOG.md',
            'extension/icons',
            'syntaxes',
            'dist',
        ]) {
            cpSync(inRepository(part), path.join(copy, part), { recursive: true });
        }
        const manifest = z
            .record(z.string(), z.unknown())
            .parse(JSON.parse(readFileSync(path.join(copy, 'package.json'), 'utf8')));
        const { scripts: _, ...rest } = manifest;
        const repository = { type: 'git', url: 'https://github.com/owner/name' };
        writeFileSync(
            path.join(copy, 'package.json'),
            JSON.stringify({ ...rest, repository, files: ['dist/', 'extension/icons/', 'LICENSE'] }),
        );
        symlinkSync(inRepository('node_modules'), path.join(copy, 'node_modules'));
        run(process.execPath, [inRepository('.build', 'test', 'packages', 'vsix.js'), '--out', 'x.vsix'], copy);
        const readme = textInZip(readFileSync(path.join(copy, 'x.vsix')), 'extension/readme.md');
        assert.match(readme, /\]\(https:\/\/github\.com\/owner\/name\/blob\/HEAD\/extension\/docs\/start\.md\)/);
        assert.match(readme, /!\[[^\]]*\]\(https:\/\/github\.com\/owner\/name\/raw\/HEAD\/extension\/docs\/images\//);
    });

    test('the packages that the sources import, and those that these bring along, have their licence with the bundles', () => {
        const notices = readFileSync(inRepository('dist', 'ThirdPartyNotices.txt'), 'utf8');
        const imported = new Set(
            ['emulator', 'debug-adapter', 'extension']
                .flatMap((folder) =>
                    readdirSync(inRepository(folder), { recursive: true, encoding: 'utf8' }).map((f) =>
                        inRepository(folder, f),
                    ),
                )
                .filter((f) => f.endsWith('.ts'))
                .flatMap((f) => [
                    ...readFileSync(f, 'utf8').matchAll(
                        /^(?:import|\} from) (?!type ).*'((?:@[\w-]+\/)?[\w-]+)(?:\/[^']*)?';$/gm,
                    ),
                ])
                .map(([, name = '']) => name)
                .filter(
                    (name) => !builtinModules.includes(name) && !['vscode', '@vscode/debugprotocol'].includes(name),
                ),
        );
        assert.ok(imported.has('zod') && imported.has('vscode-languageclient'), [...imported].join(' '));
        for (const name of [...imported, 'vscode-jsonrpc', 'semver']) {
            assert.ok(new RegExp(`^${name} \\d`, 'm').test(notices), name);
        }
        assert.ok(notices.split('Permission is hereby granted').length > imported.size);
    });

    test('the extension activates with the stand-in for the API of VS Code that measures it', () => {
        assert.ok(activation().value > 0);
    });

    test('the bundles stand alone: none needs a package', () => {
        const known = new Set([...builtinModules, ...builtinModules.map((m) => `node:${m}`)]);
        const allowed = new Map([
            ['lus', []],
            ['debug-adapter', []],
            ['language-server', []],
            ['extension', ['./process-client.js', 'vscode']],
            ['process-client', ['vscode']],
            ['api', []],
        ]);
        for (const [name, others] of allowed) {
            const text = readFileSync(inRepository('dist', `${name}.js`), 'utf8');
            // the program of a bundle that starts fast is a string
            const required = [...text.matchAll(/\brequire\(\\?"([^"\\]+)\\?"\)/g)].map((m) => m[1] ?? '');
            assert.ok(required.length > 0, name);
            assert.deepEqual([...new Set(required)].filter((r) => !known.has(r)).sort(), others, name);
        }
    });
});
