/** What a domain of a terabyte takes through an update. Each size is measured in a process of its own, whose memory is looked at, too. */
import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import domain from './domain.lus';
import type { Figure } from './figures';
import { seconds } from './stopwatch';

const measuredSchema = z.object({ seconds: z.number(), residentMiB: z.number() });
type Measured = z.infer<typeof measuredSchema>;

/** In the child process: runs the update and prints what it took. */
export function measureDomain(size: string): void {
    const measured: Measured = { seconds: seconds(domain.replace('SIZE = 1024GiB', `SIZE = ${size}`)), residentMiB: process.resourceUsage().maxRSS / 1024 };
    process.stdout.write(JSON.stringify(measured));
}

function measured(script: string, gib: number): Measured {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--domain', `${gib}GiB`], { encoding: 'utf8' });
    if (status !== 0) {
        throw new Error(stderr);
    }
    return measuredSchema.parse(JSON.parse(stdout));
}

/** A table of the lowest level that is needed maps 1 GiB in leaves of 2 MiB. @param script this program, which calls {@link measureDomain} when it is told to */
export function benchDomain(script: string): Figure[] {
    const quarter = measured(script, 256);
    const whole = measured(script, 1024);
    return [
        { name: 'a domain of 1 TiB in 2 MiB leaves over a kexec', value: whole.seconds, unit: 's', goal: { at: 'most', value: 1 }, how: 'built, preserved, handed over, attached again; test/bench/domain.lus' },
        { name: '  its resident memory', value: whole.residentMiB, unit: 'MiB', goal: { at: 'most', value: 400 }, how: 'the whole process' },
        { name: '  from 256 GiB to 1 TiB', value: whole.seconds / quarter.seconds, unit: 'times', goal: { at: 'most', value: 5 }, how: '4 is linear in table pages; the goal leaves room for noise' },
    ];
}
