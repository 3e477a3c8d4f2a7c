/** Becomes one of the bundles that lie beside this one: the process is theirs from then on. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { BadArguments } from './options';

/** How editors end a server; that is no failure of it. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * @param bundle the file's name without its ending
 * @param args its arguments
 * @returns a promise that is never settled: the bundle ends the process
 */
export function becomeSibling(bundle: string, args: readonly string[]): Promise<number> {
    const script = path.join(__dirname, `${bundle}.js`);
    if (!existsSync(script)) {
        throw new BadArguments(`This installation has no ${bundle}: ${script} is missing.`);
    }
    for (const signal of ENDING) {
        process.on(signal, () => process.exit(0));
    }
    process.argv.splice(1, Infinity, script, ...args);
    createRequire(script)(script);
    return new Promise(() => undefined);
}
