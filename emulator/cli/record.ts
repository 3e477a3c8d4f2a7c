/** `lus record`: builds the recorder for your own kernel. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { stepOf, UnknownStep, type Step } from '../recording/step';
import { cpio, type ArchiveEntry } from './record/cpio';
import { SOURCES } from './record/sources';
import { BadArguments, parse, type Command } from './options';
import { writeAll, writeOutput } from './output-file';
import { print } from './print';

/** The recorder is linked statically, because it is the only program of its initial RAM disk. */
const FLAGS = ['-static', '-O2', '-Wall', '-Wextra', '-Werror'];

export const command: Command = async (args) => {
    const parsed = parse(args, {
        build: { type: 'string' },
        cc: { type: 'string' },
        script: { type: 'string' },
        kernel: { type: 'string' },
        'other-kernel': { type: 'string' },
    });
    const [extra] = parsed.positionals;
    if (extra !== undefined) {
        throw new BadArguments(`lus record has no argument "${extra}". Pass a script with --script.`);
    }
    const script = parsed.text('script');
    const steps = script === undefined ? undefined : stepsOf(script, read(script).toString('utf8'));
    const folder = parsed.text('build');
    const kernel = parsed.text('kernel');
    if (folder === undefined) {
        if (steps === undefined) {
            throw new BadArguments('The folder for the recorder is missing: lus record --build DIR.');
        }
        print(steps);
        return 0;
    }
    if (kernel !== undefined && steps === undefined) {
        throw new BadArguments('An initial RAM disk also needs a script: --script FILE.');
    }
    const recorder = await build(folder, parsed.text('cc') ?? process.env['CC'] ?? 'cc');
    const made = [recorder];
    if (steps !== undefined) {
        made.push(written(path.join(folder, 'script'), steps));
    }
    if (steps !== undefined && kernel !== undefined) {
        const other = parsed.text('other-kernel');
        const entries: ArchiveEntry[] = [
            { name: 'dev' },
            { name: 'proc' },
            { name: 'init', data: read(recorder), executable: true },
            { name: 'script', data: Buffer.from(steps) },
            { name: 'vmlinuz', data: read(kernel) },
            ...(other === undefined ? [] : [{ name: 'vmlinuz.other', data: read(other) }]),
        ];
        made.push(written(path.join(folder, 'initramfs.cpio'), cpio(entries)));
    }
    print(made.map((f) => `${f}\n`).join(''));
    return 0;
};

/** Compiles the recorder. @returns its path. @throws BadArguments if the compilation fails */
async function build(folder: string, cc: string): Promise<string> {
    try {
        mkdirSync(folder, { recursive: true });
    } catch (e) {
        throw new BadArguments(`${folder} cannot be created: ${e instanceof Error ? e.message : String(e)}.`);
    }
    for (const [name, text] of SOURCES) {
        written(path.join(folder, name), text);
    }
    const output = path.join(folder, 'recorder');
    written(output, '');
    const units = [...SOURCES.keys()].filter((name) => name.endsWith('.c')).map((name) => path.join(folder, name));
    // no other command needs it, and loading it takes as long as reading a scenario
    const { spawnSync } = await import('node:child_process');
    const { error, status, stderr } = spawnSync(cc, [...FLAGS, '-o', output, ...units], { encoding: 'utf8' });
    if (error) {
        throw new BadArguments(`There is no C compiler "${cc}". Install one, or name another one with --cc.`);
    }
    if (status !== 0) {
        throw new BadArguments(
            `${cc} cannot compile the recorder, which needs Linux headers and a static C library:\n${stderr.trimEnd()}`,
        );
    }
    chmodSync(output, 0o755);
    return output;
}

function read(file: string): Buffer {
    try {
        return readFileSync(file);
    } catch (e) {
        throw new BadArguments(`${file} cannot be read: ${e instanceof Error ? e.message : String(e)}.`);
    }
}

function written(file: string, data: string | Uint8Array): string {
    writeOutput(file, (fd) => writeAll(fd, data), 'refuse');
    return file;
}

/** A script with one step per line, from a script or a recording. @throws BadArguments with file and line */
function stepsOf(file: string, text: string): string {
    const steps: string[] = [];
    text.split('\n').forEach((source, i) => {
        const wrong = (what: string): BadArguments => new BadArguments(`${file}:${i + 1}: ${what}`);
        const line = opOf(source.trim(), wrong);
        if (line === undefined) {
            return;
        }
        try {
            if (needsTestHandlers(stepOf(line))) {
                throw wrong(
                    `"${line}" is for the test handlers of the recordings in the lus repository. Other kernels do not have them.`,
                );
            }
        } catch (e) {
            throw e instanceof UnknownStep ? wrong(e.message) : e;
        }
        steps.push(line);
    });
    return steps.map((s) => `${s}\n`).join('');
}

/** The step of a line: the line itself, or the `op` of a recording's line; undefined for lines without one. */
function opOf(line: string, wrong: (what: string) => BadArguments): string | undefined {
    if (line === '' || line.startsWith('#')) {
        return undefined;
    }
    if (!line.startsWith('{')) {
        return line;
    }
    let json: unknown;
    try {
        json = JSON.parse(line);
    } catch {
        throw wrong('This line is neither a step nor a line of a recording.');
    }
    return typeof json === 'object' && json !== null && 'op' in json && typeof json.op === 'string'
        ? json.op
        : undefined;
}

function needsTestHandlers(step: Step): boolean {
    return step.kind === 'ctl' || (step.kind === 'call' && (step.call.op === 'luofile' || step.call.op === 'luoread'));
}
