/** What a domain of a terabyte takes through an update. */
import domain from './domain.lus';
import type { Figure } from './figures';
import { measured, printMeasured } from './own-process';

/** In the child process. */
export function measureDomain(size: string): void {
    printMeasured(domain.replace('SIZE = 1024GiB', `SIZE = ${size}`));
}

/**
 * A table of the lowest level that is needed maps 1 GiB in leaves of 2 MiB. @param script this program, which calls
 * {@link measureDomain} when it is told to
 */
export function benchDomain(script: string): Figure[] {
    const quarter = measured(script, ['--domain', '256GiB']);
    const whole = measured(script, ['--domain', '1024GiB']);
    return [
        {
            name: 'a domain of 1 TiB in 2 MiB leaves over a kexec',
            value: whole.seconds,
            unit: 's',
            goal: { at: 'most', value: 1 },
            how: 'built, preserved, handed over, attached again; test/bench/domain.lus',
        },
        {
            name: '  its resident memory',
            value: whole.residentMiB,
            unit: 'MiB',
            goal: { at: 'most', value: 400 },
            how: 'the whole process',
        },
        {
            name: '  from 256 GiB to 1 TiB',
            value: whole.seconds / quarter.seconds,
            unit: 'times',
            goal: { at: 'most', value: 5 },
            how: '4 is linear in table pages; the goal leaves room for noise',
        },
    ];
}
