/** A checked file with its imports: the basis of all services. */
import { NATIVES } from '../diagnosis/natives';
import { check } from '../language/check/check';
import type { Probe } from '../language/check/probe';
import type { CheckFinding } from '../language/check-finding';
import type { SourceHost } from '../language/load';
import type { Program } from '../language/program';
import type { ParseCache } from '../language/syntax/parse-cache';
import { libraryWith, standardLibrary } from '../runtime/standard-library';

/**
 * Checks a file with its imports, however broken they are.
 * @param parsed the syntax trees of files that have not changed
 * @param probe records the names in scope at a place
 */
export function analyse(host: SourceHost, uri: string, parsed?: Pick<ParseCache, 'parse'>, probe?: Probe): Program {
    return check(
        host,
        uri,
        NATIVES,
        (layers, page) => standardLibrary(libraryWith(layers), page),
        parsed?.parse,
        probe,
    );
}

/** The errors of a program; with one, it cannot run. */
export function analysisErrors({ diagnostics }: Pick<Program, 'diagnostics'>): CheckFinding[] {
    return diagnostics.filter((d) => d.severity === 'error');
}

/**
 * The findings of several programs, by file. Programs that import the same file have the same findings in it, and some
 * findings concern several files, such as a name that two files declare.
 */
export function findingsByFile(
    programs: Iterable<Pick<Program, 'diagnostics'>>,
): ReadonlyMap<string, readonly CheckFinding[]> {
    const byFile = new Map<string, Map<string, CheckFinding>>();
    for (const finding of [...programs].flatMap((p) => p.diagnostics)) {
        const ofFile = byFile.get(finding.uri) ?? new Map<string, CheckFinding>();
        byFile.set(
            finding.uri,
            ofFile.set(`${finding.code} ${finding.span.start} ${finding.span.end} ${finding.message}`, finding),
        );
    }
    return new Map([...byFile].map(([uri, ofFile]) => [uri, [...ofFile.values()]]));
}
