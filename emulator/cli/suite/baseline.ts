/** Compares the blackouts of a run with those of an earlier one, which is a report in JSON. */
import type { UpdateReport } from '../../diagnosis/update-report';
import type { BlackoutChange, Comparison, FileResult } from '../results';

/** @param tolerance per cent by which a blackout may be longer */
export function compared(
    baseline: string,
    before: readonly FileResult[],
    now: readonly FileResult[],
    tolerance: number,
): Comparison {
    const old = new Map<string, UpdateReport>();
    for (const [key, , , update] of updatesIn(before)) {
        old.set(key, update);
    }
    let count = 0;
    const changes = updatesIn(now).flatMap(([key, file, scenario, update]): BlackoutChange[] => {
        const was = old.get(key);
        if (!was || was.blackoutNs === null) {
            return [];
        }
        count++;
        const { blackoutNs } = update;
        return blackoutNs === was.blackoutNs
            ? []
            : [
                  {
                      file,
                      scenario,
                      update: update.number,
                      beforeNs: was.blackoutNs,
                      nowNs: blackoutNs,
                      tooLong: blackoutNs === null || blackoutNs > was.blackoutNs * (1 + tolerance / 100),
                      causes: causesOf(was, update),
                  },
              ];
    });
    return { baseline, tolerance, compared: count, changes };
}

function updatesIn(files: readonly FileResult[]): [key: string, file: string, scenario: string, UpdateReport][] {
    return files.flatMap(({ file, scenarios }) =>
        scenarios.flatMap(({ name, updates }) =>
            updates.map((u): [string, string, string, UpdateReport] => [
                JSON.stringify([file, name, u.number]),
                file,
                name,
                u,
            ]),
        ),
    );
}

function causesOf(before: UpdateReport, now: UpdateReport): BlackoutChange['causes'] {
    const was = new Map(before.madeOf.map((s) => [s.cost, s.ns]));
    const is = new Map(now.madeOf.map((s) => [s.cost, s.ns]));
    return [...new Set([...was.keys(), ...is.keys()])]
        .map((cost) => ({ cost, beforeNs: was.get(cost) ?? 0, nowNs: is.get(cost) ?? 0 }))
        .filter((c) => c.beforeNs !== c.nowNs)
        .sort((a, b) => Math.abs(b.nowNs - b.beforeNs) - Math.abs(a.nowNs - a.beforeNs));
}
