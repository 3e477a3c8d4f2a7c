/** A measured figure next to its goal, and how they are printed. */

export interface Figure {
    readonly name: string;
    readonly value: number;
    readonly unit: string;
    /** `at most` or `at least` this many of the unit; absent where it is only reported. */
    readonly goal?: { readonly at: 'most' | 'least'; readonly value: number };
    /** How it was measured, where the name does not say it. */
    readonly how?: string;
}

export function meets({ value, goal }: Figure): boolean | undefined {
    if (!goal) {
        return undefined;
    }
    return goal.at === 'most' ? value <= goal.value : value >= goal.value;
}

const verdict = (met: boolean | undefined): string => (met === undefined ? '' : met ? 'met' : 'MISSED');

const shown = (n: number): string => (n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2));

export function table(figures: readonly Figure[]): string {
    const rows = figures.map((f) => [
        f.name,
        `${shown(f.value)} ${f.unit}`,
        f.goal ? `at ${f.goal.at} ${f.goal.value} ${f.unit}` : '',
        verdict(meets(f)),
    ]);
    const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((r) => r[i]?.length ?? 0)));
    return rows
        .map((r) =>
            r
                .map((cell, i) => (i === 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
                .join('  ')
                .trimEnd(),
        )
        .join('\n');
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
