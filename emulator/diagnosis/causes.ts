/**
 * Causes of findings. One mistake can lead to many findings: a page that is freed too early is found by each of its
 * readers. A finding names its cause; findings without a cause are the roots, the place to begin.
 */
import type { PageGeometry } from '../machine/arch';
import type { DiagnosisCode } from '../findings/catalogue';
import type { Datum, Diagnosis } from '../findings/diagnosis';

/**
 * How an earlier finding must be related to a later one: it is about the `same` session, file, page, FLB, device or
 * format; or about `any`, because it affects the whole handover.
 */
type Link = 'same' | 'any';

/**
 * The possible causes of each code. A code that is reported before a kexec and again when it takes effect is its own
 * cause.
 */
const FOLLOWS: Partial<Readonly<Record<DiagnosisCode, Partial<Readonly<Record<DiagnosisCode, Link>>>>>> = {
    LU1001: {
        LU1006: 'any',
        LU1007: 'any',
        LU1015: 'any',
        LU1017: 'any',
        LU1062: 'any',
        LU1063: 'any',
        LU1068: 'any',
        LU1077: 'any',
        LU1092: 'any',
    },
    LU1002: { LU1014: 'any' },
    LU1003: { LU1004: 'same', LU1014: 'any', LU1025: 'any' },
    LU1007: { LU1004: 'any', LU1007: 'same', LU1022: 'any' },
    LU1009: { LU1011: 'same', LU1026: 'same', LU1063: 'any', LU1070: 'same', LU1092: 'same' },
    LU1010: {
        LU1009: 'same',
        LU1011: 'same',
        LU1062: 'any',
        LU1063: 'any',
        LU1070: 'same',
        LU1092: 'same',
        LU1132: 'any',
    },
    LU1011: {
        LU1011: 'same',
        LU1012: 'same',
        LU1013: 'same',
        LU1017: 'same',
        LU1022: 'same',
        LU1026: 'same',
        LU1050: 'same',
        LU1063: 'any',
        LU1070: 'same',
        LU1092: 'same',
        LU1109: 'any',
    },
    LU1012: { LU1017: 'same', LU1026: 'same', LU1109: 'any' },
    LU1013: { LU1068: 'any' },
    LU1014: { LU1014: 'same', LU1070: 'any', LU1134: 'same' },
    LU1015: { LU1015: 'same' },
    LU1016: { LU1016: 'any' },
    LU1025: { LU1093: 'any' },
    LU1027: {
        LU1012: 'same',
        LU1016: 'any',
        LU1018: 'any',
        LU1028: 'same',
        LU1045: 'same',
        LU1046: 'same',
        LU1067: 'any',
        LU1091: 'any',
    },
    LU1028: { LU1012: 'same', LU1016: 'any', LU1018: 'any', LU1027: 'same', LU1045: 'same' },
    LU1030: { LU1015: 'any', LU1016: 'any', LU1018: 'any', LU1042: 'same', LU1067: 'any', LU1091: 'any' },
    LU1035: {
        LU1011: 'same',
        LU1012: 'same',
        LU1013: 'same',
        LU1014: 'any',
        LU1016: 'any',
        LU1018: 'any',
        LU1022: 'any',
        LU1024: 'any',
        LU1025: 'any',
        LU1026: 'same',
        LU1027: 'any',
        LU1028: 'any',
        LU1029: 'any',
        LU1030: 'any',
        LU1036: 'same',
        LU1037: 'same',
        LU1038: 'same',
        LU1045: 'any',
        LU1046: 'any',
        LU1047: 'any',
        LU1050: 'any',
        LU1063: 'any',
        LU1067: 'any',
        LU1091: 'any',
        LU1101: 'same',
        LU1071: 'any',
        LU1072: 'any',
    },
    LU1104: { LU1101: 'same', LU1104: 'same' },
    LU1107: { LU1101: 'same' },
    LU1037: {
        LU1016: 'any',
        LU1018: 'any',
        LU1022: 'any',
        LU1023: 'any',
        LU1024: 'any',
        LU1025: 'any',
        LU1036: 'same',
        LU1037: 'same',
        LU1038: 'same',
        LU1063: 'any',
        LU1067: 'any',
        LU1091: 'any',
    },
    LU1038: { LU1003: 'any', LU1018: 'any', LU1023: 'any', LU1065: 'any', LU1079: 'any' },
    LU1043: {
        LU1015: 'any',
        LU1016: 'any',
        LU1018: 'any',
        LU1025: 'any',
        LU1040: 'same',
        LU1041: 'same',
        LU1042: 'same',
    },
    LU1048: { LU1042: 'same' },
    LU1039: { LU1108: 'same', LU1113: 'same' },
    LU1050: { LU1050: 'same' },
    LU1051: { LU1001: 'any', LU1009: 'any', LU1010: 'any', LU1011: 'any' },
    LU1055: {
        LU1011: 'any',
        LU1012: 'any',
        LU1015: 'any',
        LU1016: 'any',
        LU1018: 'any',
        LU1057: 'same',
        LU1058: 'same',
        LU1059: 'same',
    },
    LU1057: { LU1012: 'any', LU1015: 'any', LU1018: 'any', LU1030: 'same', LU1058: 'same' },
    LU1058: { LU1016: 'any', LU1018: 'any' },
    LU1059: { LU1012: 'any', LU1018: 'any', LU1030: 'same', LU1058: 'same' },
    LU1061: { LU1011: 'same', LU1069: 'any', LU1070: 'same', LU1092: 'any', LU1113: 'any' },
    LU1062: { LU1012: 'any', LU1013: 'any', LU1026: 'any', LU1070: 'any', LU1092: 'any' },
    LU1065: { LU1025: 'any', LU1093: 'any' },
    LU1075: { LU1145: 'any' },
    LU1076: { LU1008: 'any' },
    LU1077: { LU1014: 'any' },
    LU1086: { LU1017: 'same' },
    LU1092: { LU1016: 'any' },
    LU1113: { LU1109: 'any', LU1114: 'any' },
    LU1129: { LU1125: 'same' },
};

/** What is compared with other findings to find the cause of a finding. */
export type Concerns = Pick<Diagnosis, 'code' | 'boot' | 'data'>;

/** How closely two findings are related, the closest relation last. */
const RELATIONS = ['none', 'same name', 'same session', 'same file', 'same page'] as const;

/**
 * The cause of a new finding: of the earlier findings that qualify, the most closely related one; of several, the
 * latest. Their data says what both are about: `session` and `token`, `address`, `target` or `table` with `pages`,
 * `ranges` of addresses and pages, `flb`, `compatible`, `device`, `guest`.
 */
export function causeOf(finding: Concerns, found: readonly Diagnosis[], page: PageGeometry): Diagnosis | null {
    const links = FOLLOWS[finding.code];
    let closest: { readonly cause: Diagnosis; readonly relation: number } | null = null;
    for (const cause of links ? found : []) {
        const link = links?.[cause.code];
        // after two kexecs, a page or session of the same name is another one
        if (link !== undefined && cause.boot >= finding.boot - 1) {
            const relation = relationOf(cause, finding, page);
            if (relation >= (link === 'any' ? 0 : 1) && relation >= (closest?.relation ?? 0)) {
                closest = { cause, relation };
            }
        }
    }
    return closest?.cause ?? null;
}

/** The first finding of the chain of causes of this one. */
export function rootOf(d: Diagnosis): Diagnosis {
    return d.cause ? rootOf(d.cause) : d;
}

/** @returns an index of {@link RELATIONS} */
function relationOf(a: Concerns, b: Concerns, page: PageGeometry): number {
    const spans = spansOf(b, page);
    if (spansOf(a, page).some((s) => spans.some((t) => s.start < t.end && t.start < s.end))) {
        return RELATIONS.indexOf('same page');
    }
    const { token: one } = a.data;
    const { token: other } = b.data;
    const bothFiles = typeof one === 'string' && typeof other === 'string';
    if (sessionsOf(a).some((s) => sessionsOf(b).includes(s)) && (!bothFiles || one === other)) {
        return RELATIONS.indexOf(bothFiles ? 'same file' : 'same session');
    }
    const names = namesOf(b);
    return RELATIONS.indexOf(namesOf(a).some((name) => names.includes(name)) ? 'same name' : 'none');
}

function sessionsOf({ data }: Concerns): readonly Datum[] {
    const { session, sessions } = data;
    return typeof session === 'string' && session !== '' ? [session] : isList(sessions) ? sessions : [];
}

/** Names of FLBs, compatible strings, devices and guests. */
function namesOf({ data }: Concerns): string[] {
    const { flb, compatible, device, guest } = data;
    const name = (kind: string, value: Datum | undefined): string[] =>
        typeof value === 'string' && value !== '' ? [`${kind} ${value}`] : [];
    return [...name('FLB', flb), ...name('compatible', compatible), ...name('device', device), ...name('guest', guest)];
}

/** The page frames [start, end) that a finding is about. */
export function spansOf(
    { data }: Pick<Concerns, 'data'>,
    page: PageGeometry,
): { readonly start: number; readonly end: number }[] {
    const { pages, ranges } = data;
    const pieces: readonly (readonly [Datum | undefined, Datum | undefined])[] = isList(ranges)
        ? ranges.map((r) => (isList(r) ? [r[0], r[1]] : [r, 1]))
        : ['address', 'target', 'table'].map((name) => [data[name], pages]);
    return pieces.flatMap(([address, count]) => {
        const pfn = typeof address === 'string' ? Math.floor(Number(address) / page.size) : Number.NaN;
        return Number.isNaN(pfn) ? [] : [{ start: pfn, end: pfn + (typeof count === 'number' ? count : 1) }];
    });
}

function isList(d: Datum | undefined): d is readonly Datum[] {
    return Array.isArray(d);
}
