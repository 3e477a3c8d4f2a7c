/** The state of a run in one line: the kernel, the machine's clock, the blackout. */
import { Updates } from '../diagnosis/updates';
import type { Host } from '../runtime/host/host';

/** Times in nanoseconds of the machine's clock. */
export interface Status {
    /** The number of the running kernel, from 1, and its name; null: none is running. */
    readonly kernel: { readonly number: number; readonly name: string } | null;
    readonly time: number;
    /** The blackout of the update that is in progress, otherwise of the last one; null: none has begun. */
    readonly blackout: { readonly length: number; readonly over: boolean } | null;
}

export function statusOf(host: Host): Status {
    const { kernel, machine } = host;
    const update = Updates.of(host)?.current;
    return {
        kernel: kernel ? { number: machine.boots, name: kernel.desc.name } : null,
        time: machine.clock.now,
        blackout: update && update.began !== null ? { length: update.blackout, over: update.ended !== null } : null,
    };
}
