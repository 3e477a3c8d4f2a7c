/**
 * Exception filters: events at which a run stops although it could continue. Clients show five filters. The ids of
 * finer ones, which earlier versions showed, are still accepted.
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { near } from '../emulator/language/nearest';
import { CATALOGUE, GROUPS, isDiagnosisCode, type DiagnosisCode, type Group } from '../emulator/findings/catalogue';
import type { ExceptionKind, RunException, StopsAt } from '../emulator/runtime/stop';

const CODES = Object.keys(CATALOGUE).filter(isDiagnosisCode);
const GROUP_NAMES = Object.keys(GROUPS).filter(isGroup);

/** In a condition: also findings without any loss. */
const WARNINGS = 'warnings';

/** The diagnoses; with a condition, only its groups and codes. */
const DIAGNOSIS = 'diagnosis';

/** In the order in which clients show them. */
export const FILTERS: readonly DebugProtocol.ExceptionBreakpointsFilter[] = [
    {
        filter: 'failed-call',
        label: 'Failed Call',
        description: 'A system call fails or succeeds unexpectedly.',
        default: true,
    },
    {
        filter: 'failed-assertion',
        label: 'Failed Assertion',
        description:
            'The condition of an assert is false, or a recorded step behaves differently from the real kernel.',
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
        filter: DIAGNOSIS,
        label: 'Diagnosis',
        description: 'The emulator finds an error that the kernel does not report.',
        supportsCondition: true,
        conditionDescription: `Groups and codes to stop at instead: ${GROUP_NAMES.join(', ')}, ${WARNINGS}, LU1001`,
        default: true,
    },
];

/** The exceptions of each filter without a condition; the filters of earlier versions are at the end. */
const STOPS: ReadonlyMap<string, readonly StopsAt[]> = new Map<string, readonly StopsAt[]>([
    ['failed-call', ['failed-call']],
    ['failed-assertion', ['failed-assertion', 'difference']],
    ['callback-error', ['callback-error']],
    ['kernel-warning', ['kernel-warning']],
    ['difference', ['difference']],
    ['diagnosis-warning', ['diagnosis-warning']],
]);

const PREFIX = `${DIAGNOSIS}-`;

function isGroup(name: string): name is Group {
    return Object.hasOwn(GROUPS, name);
}

/** The filters of a request: those that are on, some of them with a condition. */
export interface Chosen {
    readonly filters: readonly string[];
    readonly filterOptions?:
        | readonly { readonly filterId: string; readonly condition?: string | undefined }[]
        | undefined;
}

export const BY_DEFAULT: Chosen = { filters: FILTERS.filter((f) => f.default).map((f) => f.filter) };

/**
 * The exceptions at which a run stops with these filters, and whether each filter is valid, in the order of the
 * request.
 */
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

/** @returns why the filter is invalid */
function stopsOf(filter: string, condition: string): readonly StopsAt[] | string {
    if (filter === DIAGNOSIS) {
        return condition === '' ? [DIAGNOSIS] : chosenIn(condition, CODES);
    }
    const stops = STOPS.get(filter);
    if (stops) {
        return condition === '' ? stops : `The filter ${filter} has no condition.`;
    }
    const group = filter.startsWith(PREFIX) ? filter.slice(PREFIX.length) : '';
    if (!isGroup(group)) {
        return `There is no exception filter ${filter}.`;
    }
    const own = codesOf(group);
    return condition === '' ? errorsOf(group) : chosenIn(condition, own);
}

function codesOf(group: Group): readonly DiagnosisCode[] {
    return CODES.filter((c) => CATALOGUE[c].group === group);
}

function errorsOf(group: Group): readonly DiagnosisCode[] {
    return codesOf(group).filter((c) => CATALOGUE[c].severity === 'error');
}

/** @param known the codes of the filter */
function chosenIn(condition: string, known: readonly DiagnosisCode[]): readonly StopsAt[] | string {
    const chosen: StopsAt[] = [];
    for (const word of condition.split(/[\s,]+/).filter((w) => w !== '')) {
        if (word === WARNINGS) {
            chosen.push(DIAGNOSIS, 'diagnosis-warning');
        } else if (isGroup(word)) {
            chosen.push(...errorsOf(word));
        } else if (!isDiagnosisCode(word)) {
            const nearest = near(word, [...known, ...GROUP_NAMES, WARNINGS]);
            return `There is no diagnosis or group ${word}${nearest === undefined ? '' : `. Did you mean ${nearest}?`}`;
        } else if (!known.includes(word)) {
            return `${word} belongs to the group ${CATALOGUE[word].group}.`;
        } else {
            chosen.push(word);
        }
    }
    return chosen;
}

/** The client's description of a stop at an exception. */
export function pausedOn({ kind }: RunException): string {
    const filter: Record<ExceptionKind, string> = {
        'failed-call': 'failed-call',
        'failed-assertion': 'failed-assertion',
        'callback-error': 'callback-error',
        'kernel-warning': 'kernel-warning',
        difference: 'failed-assertion',
        diagnosis: DIAGNOSIS,
        'diagnosis-warning': DIAGNOSIS,
    };
    return FILTERS.find((f) => f.filter === filter[kind])?.label.toLowerCase() ?? 'a failure';
}
