/** KSTATE in the machine view: the structs that are registered, and the stream of the previous kernel. */
import type { Kernel } from '../kernel/kernel';
import { counted, hex } from '../text/text';
import { group, leaf, type Item } from './item';

/** Nothing for kernels that do not use it. */
export function kstateItems({ kstate }: Kernel): Item[] {
    const { entries, stream } = kstate;
    if (entries.length === 0 && stream === 0) {
        return [];
    }
    return [
        group('KSTATE', `${counted(entries.length, 'struct')} registered`, () => [
            ...(stream === 0
                ? []
                : [{ ...leaf('stream', `of the previous kernel, at ${hex(stream)}`), address: stream }]),
            // as they are saved: the newest first
            ...entries.items.toReversed().map(({ address, instance, title }, i) => ({
                ...leaf(`[${i}]`, `${title}, instance ${instance}, at ${hex(address)}`),
                address,
            })),
        ]),
    ];
}
