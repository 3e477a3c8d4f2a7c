/** Exception filters: the exceptions that stop a run that could continue. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { near } from '../emulator/language/nearest';
import { CATALOGUE, GROUPS, isDiagnosisCode, type DiagnosisCode, type Group } from '../emulator/findings/catalogue';
import type { ExceptionKind, RunException, StopsAt } from '../emulator/runtime/stop';
import { capital } from '../emulator/text/text';

const CODES = Object.keys(CATALOGUE).filter(isDiagnosisCode);

const KINDS: readonly (DebugProtocol.ExceptionBreakpointsFilter & { readonly filter: ExceptionKind })[] = [
    {
        filter: 'failed-call',
        label: 'Failed Call',
        description: 'A system call fails or succeeds unexpectedly.',
        default: true,
    },
    {
        filter: 'failed-assertion',
        label: 'Failed Assertion',
        description: 'The condition of an assert is false.',
        default: true,
    },
    {
        filter: 'callback-error',
        label: 'Callback Returned an Error',
        description: 'A callback of a handler, FLB or file kind returns an error.',
        default: false,
    },
    {
        filter: 'kernel-warning',
        label: 'Kernel Warning or Panic',
        description: 'The kernel warns (WARN_ON) or panics.',
        default: true,
    },
    {
        filter: 'difference',
        label: 'Difference from the Recording',
        description: 'A recorded step behaves differently from the real kernel.',
        default: true,
    },
    {
        filter: 'diagnosis-warning',
        label: 'Diagnosis: Warning',
        description: 'The emulator finds a leak or another error that the kernel does not report.',
        default: false,
    },
];

/** All errors of all groups, for clients that do not show the groups. */
const EVERYTHING: ExceptionKind = 'diagnosis';

const PREFIX = 'diagnosis-';
const GROUP_NAMES = Object.keys(GROUPS).filter(isGroup);

function isGroup(name: string): name is Group {
    return Object.hasOwn(GROUPS, name);
}

/** As clients show them. */
export const FILTERS: readonly DebugProtocol.ExceptionBreakpointsFilter[] = [
    ...KINDS,
    ...GROUP_NAMES.map((group) => ({
        filter: `${PREFIX}${group}`,
        label: `Diagnosis: ${capital(group)}`,
        default: true,
        supportsCondition: true,
        description: `${GROUPS[group]} Stops at errors, not at warnings.`,
        conditionDescription: 'Codes to stop at instead, including warnings: LU1001, LU1002',
    })),
];

/** The filters that a client has enabled, some of them with a condition. */
export interface Chosen {
    readonly filters: readonly string[];
    readonly filterOptions?:
        | readonly { readonly filterId: string; readonly condition?: string | undefined }[]
        | undefined;
}

export const BY_DEFAULT: Chosen = { filters: FILTERS.filter((f) => f.default).map((f) => f.filter) };

/** What a run stops at with these filters, and for each filter, in the order of the request, whether it is valid. */
export function stopsAt({ filters, filterOptions = [] }: Chosen): {
    readonly stops: ReadonlySet<StopsAt>;
    readonly answers: readonly DebugProtocol.Breakpoint[];
} {
    const stops = new Set<StopsAt>();
    const answers = [...filters.map((filterId) => ({ filterId, condition: undefined })), ...filterOptions].map(
        ({ filterId, condition }): DebugProtocol.Breakpoint => {
            const found = stopsOf(filterId, condition?.trim() ?? '');
            if (typeof found === 'string') {
                return { verified: false, message: found };
            }
            for (const s of found) {
                stops.add(s);
            }
            return { verified: true };
        },
    );
    return { stops, answers };
}

/** @returns the reason if it is not valid */
function stopsOf(filter: string, condition: string): readonly StopsAt[] | string {
    const kind = filter === EVERYTHING ? EVERYTHING : KINDS.find((k) => k.filter === filter)?.filter;
    if (kind) {
        return condition === '' ? [kind] : `The filter ${filter} has no condition.`;
    }
    const group = filter.startsWith(PREFIX) ? filter.slice(PREFIX.length) : '';
    if (!isGroup(group)) {
        return `There is no exception filter ${filter}.`;
    }
    const own = CODES.filter((c) => CATALOGUE[c].group === group);
    return condition === '' ? own.filter((c) => CATALOGUE[c].severity === 'error') : codesIn(condition, group, own);
}

function codesIn(condition: string, group: Group, own: readonly DiagnosisCode[]): readonly DiagnosisCode[] | string {
    const codes: DiagnosisCode[] = [];
    for (const word of condition.split(/[\s,]+/).filter((w) => w !== '')) {
        if (!isDiagnosisCode(word)) {
            const nearest = near(word, own);
            return `There is no diagnosis ${word}${nearest === undefined ? '' : `. Did you mean ${nearest}?`}`;
        }
        if (CATALOGUE[word].group !== group) {
            return `${word} belongs to the filter Diagnosis: ${CATALOGUE[word].group}.`;
        }
        codes.push(word);
    }
    return codes;
}

/** The name of an exception in a stop. */
export function pausedOn({ kind, diagnosis }: RunException): string {
    const filter = diagnosis && kind === EVERYTHING ? `${PREFIX}${CATALOGUE[diagnosis.code].group}` : kind;
    return FILTERS.find((f) => f.filter === filter)?.label.toLowerCase() ?? 'a failure';
}
