/** Writes of a device through the IOMMU, with the sanitizer and without. */
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import dma from './dma.lus';
import type { Figure } from './figures';
import { seconds } from './stopwatch';

const ROUNDS = 7;

export function benchDma(): Figure[] {
    // one after the other, so that what else the machine does meets both
    const rounds = Array.from({ length: ROUNDS }, () => ({
        on: seconds(dma),
        off: seconds(dma, [], ({ host }) => {
            const sanitizer = Diagnoses.of(host);
            if (sanitizer) {
                host.listeners.withdraw(sanitizer);
            }
        }),
    }));
    const on = Math.min(...rounds.map((r) => r.on));
    const off = Math.min(...rounds.map((r) => r.off));
    return [
        {
            name: 'a million DMA writes of 64 bytes, with the sanitizer',
            value: on,
            unit: 's',
            goal: { at: 'most', value: 1 },
            how: `best of ${ROUNDS}; test/bench/dma.lus`,
        },
        {
            name: 'what the sanitizer costs of that',
            value: (on / off - 1) * 100,
            unit: '%',
            goal: { at: 'most', value: 30 },
            how: `best of ${ROUNDS} with it, over the best without`,
        },
    ];
}
