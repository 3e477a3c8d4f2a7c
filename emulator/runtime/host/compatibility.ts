/**
 * Whether one kernel understands the handover of another: the strings that must be equal, the words of features that
 * one requires and the other supports, and what happens if they do not fit.
 */
import {
    BY_WORDS,
    featureNames,
    handlerString,
    isComposite,
    MEMFD_BY_WORDS,
    readWords,
    wordsOf,
    type FeatureWords,
} from '../../kernel/release/formats';
import type { Declarations } from '../declarations';
import type { BootableKernel } from './kernels';

/** The outcome of an update between two kernels, as far as their formats decide it. */
export type FormatOutcome = 'works' | 'lost' | 'panic' | 'EIO' | 'refused' | 'held' | 'no handover';

export interface FormatVerdict {
    readonly outcome: FormatOutcome;
    /** The difference in a few words: `kho-v3, not kho-v4`. Empty if there is none. */
    readonly reason: string;
}

/** How a part says what it hands over. */
export type Way = 'string' | 'composite string' | 'feature words';

/** What a part of one kernel hands over, against what the same part of the next kernel understands. */
export interface Negotiated {
    /** `KHO`, `LUO`, a node of its device tree, or `handler`. */
    readonly part: string;
    readonly way: Way;
    /** A string, or the names of the features that are in the data. */
    readonly sent: string;
    readonly understood: string;
    readonly result: 'accepted' | 'features ignored' | 'refused';
    readonly outcome: FormatOutcome;
    readonly reason: string;
}

/**
 * What the next kernel compares, in its order: KHO (if different, it boots as if nothing had been preserved), then LUO
 * and its nodes (it panics), then the handlers of the files (/dev/liveupdate fails with EIO; a feature that is required
 * and not supported fails the retrieval of the file). The kernel compares nothing else. Ends at the first part that
 * decides about all others.
 * @param used the compatible strings of the handlers whose files are handed over; by default all of `from`.
 */
export function negotiate(
    declarations: Declarations,
    from: BootableKernel,
    to: BootableKernel,
    used?: readonly string[],
): readonly Negotiated[] {
    const sent = from.desc;
    const read = to.desc;
    const all: Negotiated[] = [];
    if (!sent.luo || !read.luo) {
        return sent.luo ? [byString('KHO', sent.kho.compatible, read.kho.compatible, wayOf(from, to), 'lost')] : [];
    }
    const core = [
        byString('KHO', sent.kho.compatible, read.kho.compatible, wayOf(from, to), 'lost'),
        luoStep(from, to, sent.luo.compatible, read.luo.compatible),
        ...[...read.luo.nodes].map(([part, wanted]) =>
            byString(part, sent.luo?.nodes.get(part), wanted, 'string', 'panic'),
        ),
    ];
    for (const step of core) {
        all.push(step);
        if (step.result === 'refused') {
            return all;
        }
    }
    const known = compatibles(declarations, to);
    for (const handler of used ?? compatibles(declarations, from)) {
        all.push(handlerStep(from, to, handler, known));
    }
    return all;
}

function wayOf(from: BootableKernel, to: BootableKernel): Way {
    return isComposite(from.desc) || isComposite(to.desc) ? 'composite string' : 'string';
}

function byString(
    part: string,
    sent: string | undefined,
    understood: string,
    way: Way,
    outcome: FormatOutcome,
): Negotiated {
    const same = sent === understood;
    return {
        part,
        way,
        sent: sent ?? '',
        understood,
        result: same ? 'accepted' : 'refused',
        outcome: same ? 'works' : outcome,
        reason: same ? '' : sent === undefined ? `no ${part}` : differ(sent, understood),
    };
}

/** @param outcome of a feature that is required and not supported */
function byWords(part: string, sent: FeatureWords, supp: number, outcome: FormatOutcome): Negotiated {
    const { refused, ignored } = readWords(sent, supp);
    const names = (bits: number): string => featureNames(part, bits);
    return {
        part,
        way: 'feature words',
        sent: names(sent.active),
        understood: names(supp),
        result: refused !== 0 ? 'refused' : ignored !== 0 ? 'features ignored' : 'accepted',
        outcome: refused !== 0 ? outcome : 'works',
        reason:
            refused !== 0
                ? `${part} requires ${names(refused)}`
                : ignored !== 0
                  ? `${part}: ${names(ignored)} ignored`
                  : '',
    };
}

function luoStep(from: BootableKernel, to: BootableKernel, sent: string, understood: string): Negotiated {
    const words = wordsOf(from.desc).get('LUO');
    const supp = wordsOf(to.desc).get('LUO')?.supp;
    return words && supp !== undefined
        ? byWords('LUO', words, supp, 'panic')
        : byString('LUO', sent, understood, words || supp !== undefined ? 'feature words' : wayOf(from, to), 'panic');
}

function handlerStep(from: BootableKernel, to: BootableKernel, handler: string, known: readonly string[]): Negotiated {
    const words = handler === MEMFD_BY_WORDS ? wordsOf(from.desc).get(handler) : undefined;
    const supp = wordsOf(to.desc).get(handler)?.supp;
    if (words && supp !== undefined && known.includes(handler)) {
        return byWords(handler, words, supp, 'refused');
    }
    const same = known.includes(handler);
    return {
        part: 'handler',
        way: wayOf(from, to),
        sent: handler,
        understood: known.join(' or '),
        result: same ? 'accepted' : 'refused',
        outcome: same ? 'works' : 'EIO',
        reason: same ? '' : `${handler}, not ${known.join(' or ') || 'known'}`,
    };
}

/** The first part that decides, or what is ignored. @param used see {@link negotiate} */
export function formatVerdict(
    declarations: Declarations,
    from: BootableKernel,
    to: BootableKernel,
    used?: readonly string[],
): FormatVerdict {
    if (!from.desc.luo) {
        return { outcome: 'no handover', reason: `${from.desc.name} has no LUO` };
    }
    const all = negotiate(declarations, from, to, used);
    const decides = all.find((step) => step.result === 'refused');
    if (!decides && !to.desc.luo) {
        return { outcome: 'held', reason: `${to.desc.name} has no LUO` };
    }
    return decides ?? { outcome: 'works', reason: all.find((step) => step.reason !== '')?.reason ?? '' };
}

/** What a kernel says about its own formats. */
export interface Offer {
    readonly part: string;
    readonly way: Way;
    /** A string; or `supports …; requires …; active …`. */
    readonly value: string;
}

/** What a kernel hands over and understands, part by part; nothing without LUO. */
export function offersOf(declarations: Declarations, kernel: BootableKernel): readonly Offer[] {
    const { desc } = kernel;
    const words = wordsOf(desc);
    const way = isComposite(desc) ? 'composite string' : 'string';
    const offer = (part: string, value: string, key: string): Offer => {
        const own = words.get(key);
        const names = (bits: number): string => featureNames(key, bits);
        return own
            ? {
                  part,
                  way: 'feature words',
                  value: `supports ${names(own.supp)}; requires ${names(own.req)}; active ${names(own.active)}`,
              }
            : { part, way, value };
    };
    return desc.luo
        ? [
              { part: 'KHO', way, value: desc.kho.compatible },
              offer('LUO', desc.luo.compatible === BY_WORDS ? '' : desc.luo.compatible, 'LUO'),
              ...compatibles(declarations, kernel).map((c) => offer('handler', c, c)),
          ]
        : [];
}

function differ(given: string, wanted: string): string {
    return `${given}, not ${wanted}`;
}

/** The compatible strings of the handlers that a kernel registers, in order. */
function compatibles(declarations: Declarations, kernel: BootableKernel): string[] {
    return kernel.handlers.flatMap((name) => {
        const declared = declarations.handler(name, declarations.library(kernel.desc.library))?.decl;
        return declared ? handlerString(kernel.desc, declared.compatible.value) : [];
    });
}
