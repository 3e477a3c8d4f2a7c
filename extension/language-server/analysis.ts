/** The one place where the language server meets the language: text goes in, findings and a tree come out. */
import type { SourceFile } from '../../emulator/scenario/ast';
import { check } from '../../emulator/scenario/check/check';
import { NATIVES } from '../../emulator/scenario/natives';
import { parse } from '../../emulator/scenario/parser';
import type { Diagnostic } from '../../emulator/scenario/program';
import { standardLibrary } from '../../emulator/scenario/std';
import type { SourceFiles } from './source-files';

export interface Analysis {
    readonly file: SourceFile;
    /** Findings in this file; those in its imports show where these are open. */
    readonly diagnostics: readonly Diagnostic[];
}

/** Checks a file with its imports. */
export function analyse(files: SourceFiles, uri: string): Analysis {
    const program = check(files, uri, NATIVES, standardLibrary());
    return {
        file: program.files.get(uri) ?? parse(uri, '').file,
        diagnostics: program.diagnostics.filter(d => d.uri === uri),
    };
}
