/** How long a guest's memory takes through an update. Each size is measured in a process of its own, whose memory is looked at, too. */
import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import type { Figure } from './figures';
import folios from './folios.lus';
import { seconds } from './stopwatch';

const GIB = 2 ** 30;

const measuredSchema = z.object({ seconds: z.number(), residentMiB: z.number() });
type Measured = z.infer<typeof measuredSchema>;

/** In the child process: runs the update and prints what it took. */
export function measureUpdate(size: string, huge: string): void {
    const text = folios.replace('SIZE = 64GiB', `SIZE = ${size}`).replace('HUGE = true', `HUGE = ${huge}`);
    const measured: Measured = { seconds: seconds(text), residentMiB: process.resourceUsage().maxRSS / 1024 };
    process.stdout.write(JSON.stringify(measured));
}

function measured(script: string, gib: number, huge: boolean): Measured {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--update', `${gib}GiB`, String(huge)], { encoding: 'utf8' });
    if (status !== 0) {
        throw new Error(stderr);
    }
    return measuredSchema.parse(JSON.parse(stdout));
}

/** @param script this program, which calls {@link measureUpdate} when it is told to */
export function updates(script: string): Figure[] {
    const large = measured(script, 64, true);
    const [one, two, four] = [1, 2, 4].map(gib => measured(script, gib, false));
    if (!one || !two || !four) {
        return [];
    }
    const nsPerFolio = (m: Measured, gib: number): number => (m.seconds * 1e9) / ((gib * GIB) / 4096);
    const how = 'preserve, kexec, retrieve, finish';
    return [
        { name: 'update of 64 GiB in 2 MiB folios', value: large.seconds, unit: 's', goal: { at: 'most', value: 0.5 }, how },
        { name: '  its resident memory', value: large.residentMiB, unit: 'MiB', goal: { at: 'most', value: 300 }, how: 'the whole process' },
        { name: 'update of 4 GiB in 4 KiB folios', value: four.seconds, unit: 's', goal: { at: 'most', value: 3 }, how },
        { name: '  its resident memory', value: four.residentMiB, unit: 'MiB', goal: { at: 'most', value: 500 }, how: 'the whole process' },
        { name: '  a folio, of 1 GiB', value: nsPerFolio(one, 1), unit: 'ns' },
        { name: '  a folio, of 2 GiB', value: nsPerFolio(two, 2), unit: 'ns' },
        { name: '  a folio, of 4 GiB', value: nsPerFolio(four, 4), unit: 'ns' },
        {
            name: '  growth from 1 GiB to 4 GiB, a folio', value: nsPerFolio(four, 4) / nsPerFolio(one, 1), unit: 'times', goal: { at: 'most', value: 1.25 },
            how: '1 is linear; the goal leaves room for noise',
        },
    ];
}
