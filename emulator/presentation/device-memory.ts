/** Memory on a device: its contents, and the computation in it. */
import type { DeviceMemory } from '../machine/devices/device-memory';
import { duration } from '../text/durations';
import { counted, hex, sizeText } from '../text/text';
import { rowsOf } from './bytes';
import { group, leaf, type Item } from './item';

export function deviceMemoryItem(memory: DeviceMemory): Item {
    const { bar, contents, job, size, steps, written, lostBytes } = memory;
    return group('memory', sizeText(size), () => [
        leaf(
            'computation',
            job
                ? `${counted(steps, 'step')}, one every ${duration(job.every)}; weights ${sizeText(job.length)} at ${hex(job.weights)}, cache at ${hex(job.cache)}`
                : 'none',
        ),
        leaf('BAR', hex(bar)),
        leaf('cleared by a reset', sizeText(lostBytes)),
        ...written.map(
            ({ start, end }): Item => ({
                name: hex(start),
                value: `${sizeText(end - start)} written`,
                children: rowsOf(
                    end - start,
                    (at) => hex(start + at),
                    (at, n) => contents.read(start + at, n),
                ),
            }),
        ),
    ]);
}
