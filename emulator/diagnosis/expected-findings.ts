/** The findings that a scenario declares: `scenario "…" finds LU1003`. */
import type { ScenarioDecl } from '../language/syntax/ast';
import type { RunException } from '../runtime/stop';
import type { Diagnosis } from '../findings/diagnosis';
import { listed } from '../text/text';

/** The findings without a cause, in order, each code once. A hint counts only if it is asked for. */
export function rootsOf(found: readonly Diagnosis[], asked: readonly string[] = []): readonly Diagnosis[] {
    const seen = new Set<string>();
    return found.filter((d) => {
        const root = !seen.has(d.code) && (d.severity === 'hint' ? asked.includes(d.code) : d.cause === null);
        if (root) {
            seen.add(d.code);
        }
        return root;
    });
}

/**
 * Why a scenario that has ended did not find what it declares; undefined if it did, or declares nothing.
 */
export function missed(
    { finds, name }: ScenarioDecl,
    uri: string,
    found: readonly Diagnosis[],
): RunException | undefined {
    if (!finds) {
        return undefined;
    }
    const said = finds.map((f) => f.name);
    const roots = rootsOf(found, said).map((d) => d.code);
    if (roots.length === said.length && roots.every((code, i) => code === said[i])) {
        return undefined;
    }
    const following = found
        .filter((d) => d.cause !== null && said.includes(d.code))
        .map((d) => `${d.code} follows from ${d.cause?.code ?? ''}`);
    return {
        kind: 'failed-assertion',
        fatal: true,
        place: { uri, start: finds[0]?.start ?? name.start, end: finds.at(-1)?.end ?? name.end },
        message:
            `the scenario should find ${listed(said)}, but ${roots.length === 0 ? 'it has no root finding' : `its root ${roots.length === 1 ? 'finding is' : 'findings are'} ${listed(roots)}`}` +
            `${following.length > 0 ? `: ${listed([...new Set(following)])}` : ''}`,
    };
}
