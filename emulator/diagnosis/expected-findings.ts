/** What a scenario says of its own findings: `scenario "…" finds LU1003`. */
import type { ScenarioDecl } from '../language/syntax/ast';
import type { RunException } from '../runtime/stop';
import type { Diagnosis } from '../findings/diagnosis';
import { listed } from '../text/text';

/** The findings that follow from no other, in order, each code once. A hint is one only where it is asked for. */
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
 * Why a scenario that came to its end has not found what it says that it finds; undefined where it has, or says
 * nothing.
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
            `the scenario says that it finds ${listed(said)}, but its root ${roots.length === 1 ? `finding is ${listed(roots)}` : `findings are ${listed(roots) || 'none'}`}` +
            `${following.length > 0 ? `: ${listed([...new Set(following)])}` : ''}`,
    };
}
