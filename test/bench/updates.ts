/** How long a guest's memory takes through an update. */
import type { Figure } from './figures';
import folios from './folios.lus';
import { measured, printMeasured, type Measured } from './own-process';

const GIB = 2 ** 30;

/** In the child process. */
export function measureUpdate(size: string, huge: string): void {
    printMeasured(folios.replace('SIZE = 64GiB', `SIZE = ${size}`).replace('HUGE = true', `HUGE = ${huge}`));
}

/** @param script this program, which calls {@link measureUpdate} when it is told to */
export function updates(script: string): Figure[] {
    const large = measured(script, ['--update', '64GiB', 'true']);
    const [one, two, four] = [1, 2, 4].map((gib) => measured(script, ['--update', `${gib}GiB`, 'false']));
    if (!one || !two || !four) {
        return [];
    }
    const nsPerFolio = (m: Measured, gib: number): number => (m.seconds * 1e9) / ((gib * GIB) / 4096);
    const how = 'preserve, kexec, retrieve, finish';
    return [
        {
            name: 'update of 64 GiB in 2 MiB folios',
            value: large.seconds,
            unit: 's',
            goal: { at: 'most', value: 0.5 },
            how,
        },
        {
            name: '  its resident memory',
            value: large.residentMiB,
            unit: 'MiB',
            goal: { at: 'most', value: 300 },
            how: 'the whole process',
        },
        {
            name: 'update of 4 GiB in 4 KiB folios',
            value: four.seconds,
            unit: 's',
            goal: { at: 'most', value: 1.5 },
            how,
        },
        {
            name: '  its resident memory',
            value: four.residentMiB,
            unit: 'MiB',
            goal: { at: 'most', value: 300 },
            how: 'the whole process',
        },
        { name: '  a folio, of 1 GiB', value: nsPerFolio(one, 1), unit: 'ns' },
        { name: '  a folio, of 2 GiB', value: nsPerFolio(two, 2), unit: 'ns' },
        { name: '  a folio, of 4 GiB', value: nsPerFolio(four, 4), unit: 'ns' },
        {
            name: '  growth from 1 GiB to 4 GiB, a folio',
            value: nsPerFolio(four, 4) / nsPerFolio(one, 1),
            unit: 'times',
            goal: { at: 'most', value: 1.25 },
            how: '1 is linear; the goal leaves room for noise',
        },
    ];
}
