/**
 * Whether one kernel understands what another hands over: the strings that have to be the same, and what happens where
 * they are not.
 */
import type { Declarations } from '../declarations';
import type { BootableKernel } from './kernels';

/** What becomes of an update between two kernels, as far as their formats decide it. */
export type FormatOutcome = 'works' | 'lost' | 'panic' | 'EIO' | 'held' | 'no handover';

export interface FormatVerdict {
    readonly outcome: FormatOutcome;
    /** What differs, in a few words: `kho-v3, not kho-v4`. Empty where nothing does. */
    readonly reason: string;
}

/**
 * Compares in the order in which the next kernel does: KHO (another string: it boots as if nothing had been preserved),
 * then LUO and what hangs on it (it panics), then the handlers of the files (/dev/liveupdate gives EIO). Nobody
 * compares anything else.
 * @param used compatible strings of the handlers whose files are handed over; all of the first kernel's where it is
 * left out.
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
