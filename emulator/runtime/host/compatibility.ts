/**
 * Whether one kernel understands the handover of another: the strings that must be equal, and what happens if they
 * differ.
 */
import type { Declarations } from '../declarations';
import type { BootableKernel } from './kernels';

/** The outcome of an update between two kernels, as far as their formats decide it. */
export type FormatOutcome = 'works' | 'lost' | 'panic' | 'EIO' | 'held' | 'no handover';

export interface FormatVerdict {
    readonly outcome: FormatOutcome;
    /** The difference in a few words: `kho-v3, not kho-v4`. Empty if there is none. */
    readonly reason: string;
}

/**
 * Compares in the order of the next kernel: KHO (if different, it boots as if nothing had been preserved), then LUO and
 * its nodes (it panics), then the handlers of the files (/dev/liveupdate fails with EIO). The kernel compares nothing
 * else.
 * @param used the compatible strings of the handlers whose files are handed over; by default all of `from`.
 */
export function formatVerdict(
    declarations: Declarations,
    from: BootableKernel,
    to: BootableKernel,
    used?: readonly string[],
): FormatVerdict {
    const sent = from.desc;
    const read = to.desc;
    if (!sent.luo) {
        return { outcome: 'no handover', reason: `${sent.name} has no LUO` };
    }
    if (sent.kho.compatible !== read.kho.compatible) {
        return { outcome: 'lost', reason: differ(sent.kho.compatible, read.kho.compatible) };
    }
    if (!read.luo) {
        return { outcome: 'held', reason: `${read.name} has no LUO` };
    }
    if (sent.luo.compatible !== read.luo.compatible) {
        return { outcome: 'panic', reason: differ(sent.luo.compatible, read.luo.compatible) };
    }
    for (const [part, wanted] of read.luo.nodes) {
        const given = sent.luo.nodes.get(part);
        if (given !== wanted) {
            return { outcome: 'panic', reason: given === undefined ? `no ${part}` : differ(given, wanted) };
        }
    }
    const known = compatibles(declarations, to);
    const missing = (used ?? compatibles(declarations, from)).find((c) => !known.includes(c));
    return missing === undefined
        ? { outcome: 'works', reason: '' }
        : { outcome: 'EIO', reason: `${missing}, not ${known.join(' or ') || 'known'}` };
}

function differ(given: string, wanted: string): string {
    return `${given}, not ${wanted}`;
}

/** The compatible strings of the handlers that a kernel registers, in order. */
function compatibles(declarations: Declarations, kernel: BootableKernel): string[] {
    return kernel.handlers.flatMap(
        (name) => declarations.handler(name, declarations.library(kernel.desc.library))?.decl.compatible.value ?? [],
    );
}
