/** A measured figure next to its goal, and how they are printed. */

export interface Figure {
    readonly name: string;
    readonly value: number;
    readonly unit: string;
    /** `at most` or `at least` this many of the unit; absent where it is only reported. */
    readonly goal?: { readonly at: 'most' | 'least'; readonly value: number };
    /** How it was measured, where the name does not say it. */
    readonly how?: string;
    /** What the calibration loop took beside it. */
    readonly calibrationMs?: number;
}

/** What the calibration loop takes on the machine that the goals are for. */
const REFERENCE_MS = 9;

/** The value as it would be on the machine that the goals are for: times are held against the calibration loop. */
function onReference({ value, unit, calibrationMs }: Figure): number {
    if (calibrationMs === undefined) {
        return value;
    }
    const pace = calibrationMs / REFERENCE_MS;
    return isTime(unit) ? value / pace : isRate(unit) ? value * pace : value;
}

const isTime = (unit: string): boolean => ['s', 'ms', 'ns'].includes(unit);
export const isRate = (unit: string): boolean => unit.endsWith('/s');

export function meets(figure: Figure): boolean | undefined {
    const { goal } = figure;
    if (!goal) {
        return undefined;
    }
    const value = onReference(figure);
    return goal.at === 'most' ? value <= goal.value : value >= goal.value;
}

const verdict = (met: boolean | undefined): string => (met === undefined ? '' : met ? 'met' : 'MISSED');

export const shown = (n: number): string => (n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2));

/** Columns beside each other; the first one and those that `left` names begin at the left. */
export function columns(rows: readonly (readonly string[])[], left: readonly number[] = [0]): string {
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => r[i]?.length ?? 0)));
    const cellOf = (cell: string, i: number): string =>
        left.includes(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
    return rows.map((r) => r.map(cellOf).join('  ').trimEnd()).join('\n');
}

export function table(figures: readonly Figure[]): string {
    const rows = figures.map((f) => [
        f.name,
        `${shown(f.value)} ${f.unit}`,
        f.calibrationMs !== undefined && (isTime(f.unit) || isRate(f.unit)) ? `${shown(f.calibrationMs)} ms` : '',
        f.goal ? `at ${f.goal.at} ${f.goal.value} ${f.unit}` : '',
        verdict(meets(f)),
    ]);
    return columns([['', '', 'calibration', `goal, where it is ${REFERENCE_MS} ms`, ''], ...rows], [0, 3, 4]);
}

export function toJson(figures: readonly Figure[]): string {
    return JSON.stringify(
        figures.map((f) => ({ ...f, met: meets(f) ?? null })),
        undefined,
        2,
    );
}

/** The middle one of several measurements. */
export function median(values: readonly number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 === 1 ? (sorted[half] ?? 0) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
}
