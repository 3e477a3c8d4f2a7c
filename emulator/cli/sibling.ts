/** Starts another bundle from the folder of this one, on the same terminal. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import * as path from 'node:path';
import { BadArguments } from './options';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * @param bundle the file's name without its extension
 * @returns its exit code
 */
export function runSibling(bundle: string, args: readonly string[]): Promise<number> {
    const script = path.join(__dirname, `${bundle}.js`);
    if (!existsSync(script)) {
        throw new BadArguments(`This installation has no ${bundle}: ${script} is missing.`);
    }
    const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit' });
    for (const signal of FORWARDED) {
        process.on(signal, () => child.kill(signal));
    }
    return new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
}
