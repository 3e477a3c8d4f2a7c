/** The one place where the language server meets the language: text goes in, findings and a tree come out. */
import type { SourceFile } from '../../emulator/language/syntax/ast';
import { check } from '../../emulator/language/check/check';
import { NATIVES } from '../../emulator/diagnosis/natives';
import type { ParseCache } from '../../emulator/language/syntax/parse-cache';
import { parse } from '../../emulator/language/syntax/parser';
import type { CheckFinding } from '../../emulator/language/check-finding';
import { libraryWith, standardLibrary } from '../../emulator/runtime/standard-library';
import type { SourceFiles } from './source-files';

export interface Analysis {
    readonly file: SourceFile;
    /** Findings in the file and in what it imports. */
    readonly diagnostics: readonly CheckFinding[];
}

/** Checks a file with its imports. @param parsed what is known of files that have not changed */
export function analyse(files: SourceFiles, uri: string, parsed: ParseCache): Analysis {
    const { files: read, diagnostics } = check(
        files,
        uri,
        NATIVES,
        (layers) => standardLibrary(libraryWith(layers)),
        parsed.parse,
    );
    return { file: read.get(uri) ?? parse(uri, '').file, diagnostics };
}

/**
 * The findings of several files, by the file that each is in. A file may be imported by several, which find the same in
 * it; and some things are wrong only together, such as a name that two files declare.
 */
export function findingsByFile(analyses: Iterable<Analysis>): ReadonlyMap<string, readonly CheckFinding[]> {
    const byFile = new Map<string, Map<string, CheckFinding>>();
    for (const finding of [...analyses].flatMap((a) => a.diagnostics)) {
        const ofFile = byFile.get(finding.uri) ?? new Map<string, CheckFinding>();
        byFile.set(
            finding.uri,
            ofFile.set(`${finding.code} ${finding.span.start} ${finding.span.end} ${finding.message}`, finding),
        );
    }
    return new Map([...byFile].map(([uri, ofFile]) => [uri, [...ofFile.values()]]));
}
