/** Measurements in a process of their own, whose memory is looked at, too. */
import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import { seconds } from './stopwatch';

const measuredSchema = z.object({ seconds: z.number(), residentMiB: z.number() });
export type Measured = z.infer<typeof measuredSchema>;

/** In the child process: runs a scenario and prints what it took. */
export function printMeasured(scenario: string): void {
    const measured: Measured = { seconds: seconds(scenario), residentMiB: process.resourceUsage().maxRSS / 1024 };
    process.stdout.write(JSON.stringify(measured));
}

/** What the child process printed. @param args tell the script, which is this program, to call {@link printMeasured} */
export function measured(script: string, args: readonly string[]): Measured {
    return measuredSchema.parse(JSON.parse(spawned(script, args)));
}

/** The output of a script in a process of its own. */
export function spawned(script: string, args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    if (status !== 0) {
        throw new Error(stderr);
    }
    return stdout;
}
