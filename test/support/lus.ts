/** The built `lus` command, as a process. */
import { spawnSync } from 'node:child_process';
import { inRepository } from './repository';

export const LUS = inRepository('dist', 'lus.js');

export interface Ran {
    readonly code: number | null;
    readonly out: string;
    readonly err: string;
}

/** Runs it without a terminal, in a folder. @param env what of the environment it has besides PATH */
export function lus(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
    const { status, stdout, stderr } = spawnSync(process.execPath, [LUS, ...args], {
        cwd,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], ...env },
        maxBuffer: 1 << 26,
    });
    return { code: status, out: stdout, err: stderr };
}
