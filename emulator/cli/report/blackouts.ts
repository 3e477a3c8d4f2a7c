/** The table of `lus blackout`. */
import { duration } from '../../text/durations';
import { largest, type UpdateReport } from '../../diagnosis/update-report';
import type { BlackoutRow, BlackoutTable } from '../results';
import type { Style } from '../style';

const NONE = '–';

/** A line per update: the varied costs, the time before the blackout, the blackout, its parts and its largest costs. */
export function prettyBlackouts({ scenario, vary, rows }: BlackoutTable, style: Style): string {
    const several = rows.some((r) => r.updates.length > 1);
    const guests = rows.some((r) => r.updates.some((u) => u.guests.length > 0));
    const head = [
        ...vary,
        ...(several ? ['update'] : []),
        'pre-blackout',
        'blackout',
        ...(guests ? ['pausing'] : []),
        'kernel shutdown',
        'kernel startup',
        'user space',
    ];
    const lines = rows.flatMap((row) =>
        (row.updates.length === 0 ? [undefined] : row.updates).map((u) => ({
            cells: [...keys(row, vary), ...cellsOf(u, several, guests)],
            u,
            row,
        })),
    );
    const widths = head.map((h, i) => Math.max(h.length, ...lines.map((l) => l.cells[i]?.length ?? 0)));
    const line = (cells: readonly string[]): string => cells.map((c, i) => c.padStart(widths[i] ?? 0)).join('   ');
    return [
        style.strong(scenario),
        `  ${style.dim(`${line(head)}   largest costs`)}`,
        ...lines.map(
            ({ cells, u, row }) =>
                `  ${line(cells)}   ${u ? `${largest(u)}${guestsOf(u)}` : 'no kexec'}${row.passed ? '' : `   ${style.bad(`✗ ${firstLine(row)}`)}`}`,
        ),
        '',
    ].join('\n');
}

function keys(row: BlackoutRow, vary: BlackoutTable['vary']): string[] {
    return vary.map((cost) => duration(row.costs[cost] ?? 0));
}

/** The blackout of each of several guests. */
function guestsOf({ guests }: UpdateReport): string {
    return guests.length < 2
        ? ''
        : `   (${guests.map((g) => `${g.name} ${g.blackoutNs === null ? 'endless' : duration(g.blackoutNs)}`).join(', ')})`;
}

function cellsOf(u: UpdateReport | undefined, several: boolean, guests: boolean): string[] {
    const time = (ns: number | null | undefined): string => (ns === null || ns === undefined ? NONE : duration(ns));
    return [
        ...(several ? [u ? String(u.number) : NONE] : []),
        time(u?.preBlackoutNs),
        u?.blackoutNs === null ? 'endless' : time(u?.blackoutNs),
        ...(guests ? [time(u?.pausingNs)] : []),
        time(u?.kernelShutdownNs),
        time(u?.kernelStartupNs),
        time(u?.userspaceNs),
    ];
}

function firstLine(row: BlackoutRow): string {
    return row.message?.split('\n')[0] ?? 'it fails';
}
