/**
 * How a kernel says in what formats it hands over, and whether it understands those of another: one string a part,
 * strings that also name the formats inside (layer `composite_strings`), or words of feature bits (layer
 * `feature_flags`).
 */
import type { KernelDescription } from './descriptions';
import { hasSeries, versionOf } from './layers';

/** Three words of a structure that is handed over (struct luo_feature_hdr); bit i stands for feature i. */
export interface FeatureWords {
    /** What the kernel supports. */
    readonly supp: number;
    /** What a reader must support. */
    readonly req: number;
    /** What is in the data. */
    readonly active: number;
}

/** struct luo_feature_hdr: u64 supp, u64 req, u64 active, u64 reserved[13]. */
export const FEATURE_WORDS_SIZE = 128;

/** The words at an address of memory. */
export function readFeatureWords(memory: { readU64(pa: number): number | bigint }, pa: number): FeatureWords {
    const word = (n: number): number => Number(memory.readU64(pa + 8 * n));
    return { supp: word(0), req: word(1), active: word(2) };
}

/** Takes the place of the string of LUO in a kernel that uses words. */
export const BY_WORDS = 'feature words';
/** The handler of memfds by the name that it has with words. */
export const MEMFD_BY_WORDS = 'memfd';

/** The formats that a part uses, by its own: include/linux/kho/abi with the series. Other parts name none. */
const INSIDE: ReadonlyMap<string, readonly string[]> = new Map([
    ['kho', ['radix-v1', 'vmalloc-v1']],
    ['luo', ['block-v1']],
    ['memfd', ['vmalloc-v1']],
]);

/** `luo` of `luo-v5`. */
const familyOf = (format: string): string => format.replace(/-v[0-9]+$/, '');

/** `luo-v5` of `luo-v5;block-v1`. */
export function baseOf(compatible: string): string {
    return compatible.split(';')[0] ?? compatible;
}

/** The formats inside a composite string that are not in strictly ascending order: the KUnit suite of the series. */
export function outOfOrder(compatible: string): readonly [string, string] | undefined {
    const inside = compatible.split(';').slice(1);
    for (const [i, part] of inside.entries()) {
        const before = inside[i - 1];
        if (before !== undefined && before >= part) {
            return [before, part];
        }
    }
    return undefined;
}

/** Whether a kernel hands over composite strings. */
export function isComposite({ layers }: Pick<KernelDescription, 'layers'>): boolean {
    return hasSeries(layers, 'composite_strings');
}

/** Whether LUO and memfd of a kernel use words of features. */
export function usesWords({ layers }: Pick<KernelDescription, 'layers'>): boolean {
    return versionOf(layers, 'feature_flags') !== undefined;
}

/**
 * The string of a part with the formats inside it; one that has none, as it is.
 * @param changed a format inside that this kernel has in another version: `block-v2`
 */
export function composed(compatible: string, changed = ''): string {
    const base = baseOf(compatible);
    const family = familyOf(base);
    const inside = family === base ? [] : (INSIDE.get(family) ?? []);
    return [base, ...inside.map((f) => (familyOf(f) === familyOf(changed) ? changed : f))].join(';');
}

/** Without composite strings a change of a format inside KHO changes the string of KHO. */
function bumped(compatible: string): string {
    return compatible.replace(/[0-9]+$/, (n) => String(Number(n) + 1));
}

/** A description with the strings that follow from its layers. */
export function withFormats(desc: KernelDescription): KernelDescription {
    const { kho, luo, innerFormat: changed } = desc;
    if (!luo || (!isComposite(desc) && !usesWords(desc) && changed === '')) {
        return desc;
    }
    const root = changed === '' ? kho.compatible : bumped(kho.compatible);
    return {
        ...desc,
        kho: { ...kho, compatible: isComposite(desc) ? composed(kho.compatible, changed) : root },
        luo: {
            ...luo,
            compatible: usesWords(desc) ? BY_WORDS : handlerString(desc, luo.compatible),
        },
    };
}

/** The string that LUO or a handler uses, by the one of its declaration. */
export function handlerString(desc: KernelDescription, declared: string): string {
    return isComposite(desc) && !declared.includes(';') ? composed(declared, desc.innerFormat) : declared;
}

/** LUO_CORE_FEATURES of std/luo-ser-features.lus: number, sessions, FLBs. */
export const ALL_LUO_FEATURES = 7;
const LUO_CORE: FeatureWords = { supp: ALL_LUO_FEATURES, req: ALL_LUO_FEATURES, active: ALL_LUO_FEATURES };
/** MEMFD_LUO_FEATURES_REQ of std/memfd-features.lus: seals, folios. */
const MEMFD_BASE = 3;
/** MEMFD_LUO_FEATURE_NAME of std/memfd-features.lus. */
const MEMFD_NAME = 4;

/** The words of the parts of a kernel that have them; empty without the layer. */
export function wordsOf(desc: KernelDescription): ReadonlyMap<string, FeatureWords> {
    if (!usesWords(desc)) {
        return new Map();
    }
    const feature = desc.memfdFeature;
    return new Map([
        ['LUO', LUO_CORE],
        [
            MEMFD_BY_WORDS,
            {
                supp: MEMFD_BASE | (feature === 'off' ? 0 : MEMFD_NAME),
                req: MEMFD_BASE | (feature === 'required' ? MEMFD_NAME : 0),
                active: MEMFD_BASE | (feature === 'optional' || feature === 'required' ? MEMFD_NAME : 0),
            },
        ],
    ]);
}

/** Names of the features of a part, by bit. */
const FEATURES: ReadonlyMap<string, readonly string[]> = new Map([
    ['LUO', ['number', 'sessions', 'FLBs']],
    [MEMFD_BY_WORDS, ['seals', 'folios', 'name']],
]);

/** `seals, folios`; a bit that has no name is `bit 7`; `none`. */
export function featureNames(part: string, bits: number): string {
    const names = FEATURES.get(part) ?? [];
    const all = [...bits.toString(2)].reverse().flatMap((bit, i) => (bit === '1' ? [names[i] ?? `bit ${i}`] : []));
    return all.join(', ') || 'none';
}

/** What a kernel that supports `supp` makes of the words of another. */
export function readWords(sent: FeatureWords, supp: number): { readonly refused: number; readonly ignored: number } {
    return { refused: without(sent.req, supp), ignored: without(without(sent.active, sent.req), supp) };
}

const without = (bits: number, gone: number): number => bits & ~gone;
