/** Command lines of the built command: options of every kind, with values, files and folders that fit or do not. */
import { spawn } from 'node:child_process';
import {
    copyFileSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import * as fc from 'fast-check';
import { LUS } from '../support/lus';
import { inRepository } from '../support/repository';
import { ABSURD_NUMBERS, ABSURD_TEXTS } from './inputs';
import { Fault, target } from './target';

/** Inputs, which no command but fmt changes, by the file that is copied. */
const INPUTS: Readonly<Record<string, string>> = {
    'a.lus': inRepository('extension', 'examples', 'first-session.lus'),
    'b.lus': inRepository('extension', 'examples', 'nic-handler.lus'),
    'c.jsonl': inRepository('test', 'conformance', 'recordings', 'case-flb-life.jsonl'),
    'd.elf.gz': inRepository('extension', 'examples', 'real-handover.elf.gz'),
};
const BROKEN = 'scenario "s\\x1b[31m" { nosuch("\\x1b]52;c;aGk=\\x07") \0 }';

const COMMANDS = [
    'run',
    'view',
    'report',
    'check',
    'fmt',
    'explain',
    'explore',
    'replay',
    'inspect',
    'compat',
    'import',
    'blackout',
    'dump',
    'new',
    'nosuch',
    '',
    '--version',
    '--help',
] as const;

const OPTIONS = [
    '--scenario',
    '--kernel',
    '--seed',
    '--seeds',
    '--choices',
    '--shard',
    '--jobs',
    '--bail',
    '--timeout',
    '--virtual-timeout',
    '--strict',
    '--format',
    '--report',
    '--baseline',
    '--tolerance',
    '--coverage',
    '--log',
    '--trace',
    '--save-handover',
    '-o',
    '--output',
    '--orders',
    '--crash',
    '--fail',
    '--faults',
    '--budget',
    '--fdt',
    '--extract',
    '--kernels',
    '--vary',
    '--check',
    '--cc',
    '--help',
    '--nosuch',
    '--',
    '-',
    '-x',
] as const;

const FILES = [
    ...Object.keys(INPUTS),
    'broken.lus',
    'empty.lus',
    'link.lus',
    'folder',
    'nosuch.lus',
    '*.lus',
    '.',
    '/dev/null',
    '/dev/full',
    '/dev/zero',
];
const OUTPUTS = ['out.txt', 'folder/out.txt', 'nosuch/out.txt', 'folder', 'a.lus', 'link.lus', '/dev/full'];
const VALUES = [
    'json',
    'tap',
    'junit',
    'pretty',
    'html',
    '7.2',
    '7.3,7.2',
    'all',
    'vm-1/1',
    'LU1003',
    'preserve_folio=1us,2ms',
    '1/2',
    '3/2',
    '0..3',
    '5s',
    '1s',
    ...OUTPUTS.map((o) => `json=${o}`),
];

const word = fc.oneof(
    { arbitrary: fc.constantFrom(...OPTIONS), weight: 3 },
    { arbitrary: fc.constantFrom(...FILES), weight: 3 },
    { arbitrary: fc.constantFrom(...VALUES), weight: 2 },
    fc.constantFrom(...OUTPUTS),
    fc.constantFrom(...ABSURD_NUMBERS),
    fc.constantFrom(...ABSURD_TEXTS),
    fc.tuple(fc.constantFrom(...OPTIONS), fc.constantFrom(...VALUES)).map(([o, v]) => `${o}=${v}`),
);

interface Line {
    readonly command: string;
    readonly file: string;
    readonly words: readonly string[];
}

/** 0 to 3: see the help of each command. */
const MOST_CODE = 3;
/** Bytes of standard output and standard error. */
const MOST_OUTPUT = 2 ** 24;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not come out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const OWN_FAILURE = /This is a bug|^ +at .*:\d+:\d+\)?$/m;

function folderWithFiles(): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'lus-fuzz-'));
    for (const [name, from] of Object.entries(INPUTS)) {
        copyFileSync(from, path.join(folder, name));
    }
    writeFileSync(path.join(folder, 'broken.lus'), BROKEN);
    writeFileSync(path.join(folder, 'empty.lus'), '');
    mkdirSync(path.join(folder, 'folder'));
    symlinkSync('a.lus', path.join(folder, 'link.lus'));
    return folder;
}

interface Ended {
    readonly code: number | null;
    readonly signal: string | null;
    readonly output: string;
    readonly bytes: number;
}

function ended(folder: string, args: readonly string[]): Promise<Ended> {
    return new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [LUS, ...args], {
            cwd: folder,
            env: { PATH: process.env['PATH'] },
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        let output = '';
        let bytes = 0;
        const take = (chunk: Buffer): void => {
            bytes += chunk.length;
            output += bytes > MOST_OUTPUT ? '' : chunk.toString();
        };
        child.stdout.on('data', take);
        child.stderr.on('data', take);
        child.on('error', reject);
        child.on('close', (code, signal) => resolve({ code, signal, output, bytes }));
    });
}

/** A process is given no argument with a zero byte. */
const passable = (text: string): string => text.replaceAll('\0', '');

async function attempt({ command, file, words }: Line): Promise<void> {
    const folder = folderWithFiles();
    try {
        const args = [command, file, ...words].map(passable);
        const { code, signal, output, bytes } = await ended(folder, args);
        if (code === null || code > MOST_CODE) {
            throw new Fault(`the command ends with a wrong code: ${code} ${signal} ${output}`);
        }
        if (OWN_FAILURE.test(output)) {
            throw new Fault(`the command fails: ${output}`);
        }
        if (CONTROL.test(output)) {
            throw new Fault(`the output has control characters: ${JSON.stringify(output)}`);
        }
        if (bytes > MOST_OUTPUT) {
            throw new Fault(`the output is too large: ${bytes} bytes`);
        }
        for (const [name, from] of Object.entries(INPUTS)) {
            const copy = path.join(folder, name);
            const whole = existsSync(copy) && readFileSync(copy).equals(readFileSync(from));
            if (!whole && (command !== 'fmt' || !name.endsWith('.lus'))) {
                throw new Fault(`the command changes one of its files: ${name}`);
            }
        }
    } finally {
        rmSync(folder, { recursive: true });
    }
}

export const commands = target<Line>({
    name: 'commands',
    what: 'command lines of `lus`',
    few: 20,
    inputs: fc.record({
        command: fc.constantFrom(...COMMANDS),
        file: fc.constantFrom(...FILES),
        words: fc.array(word, { maxLength: 5 }),
    }),
    attempt,
    shown: ({ command, file, words }) => `lus ${[command, file, ...words].map((w) => JSON.stringify(w)).join(' ')}`,
});
