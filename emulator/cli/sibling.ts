/** Runs another bundle in this process. */
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { BadArguments } from './options';

/** The way editors end a server: it is not an error. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * @param bundle the file's name without its ending
 * @param args its arguments
 * @returns a promise that is never settled: the bundle ends the process
 */
export async function becomeSibling(bundle: string, args: readonly string[]): Promise<number> {
    const script = path.join(__dirname, `${bundle}.js`);
    if (!existsSync(script)) {
        throw new BadArguments(`This installation has no ${bundle}: ${script} is missing.`);
    }
    for (const signal of ENDING) {
        process.on(signal, () => process.exit(0));
    }
    process.argv.splice(1, Infinity, script, ...args);
    const { createRequire } = await import('node:module');
    createRequire(script)(script);
    return new Promise(() => undefined);
}
