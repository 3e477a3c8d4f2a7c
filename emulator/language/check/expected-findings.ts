/** `scenario "…" finds LU1003, LU1012`: the codes are those of diagnoses, each once. */
import type { Ident } from '../syntax/ast';
import { CATALOGUE, isDiagnosisCode } from '../../findings/catalogue';
import { quoted, type ProgramBuilder } from './program-builder';

export function checkExpectedFindings(program: ProgramBuilder, uri: string, expected: readonly Ident[]): void {
    const seen = new Set<string>();
    for (const f of expected) {
        if (f.name === '') {
            continue;
        }
        if (!isDiagnosisCode(f.name)) {
            program.unknown(
                'LU0219',
                uri,
                f,
                f.name,
                `No diagnosis has the code ${quoted(f.name)}: they are LU1001 and what follows, see the page of diagnoses.`,
                Object.keys(CATALOGUE),
            );
        } else if (seen.has(f.name)) {
            program.report(
                'error',
                'LU0219',
                uri,
                f,
                `${quoted(f.name)} is named twice: each code counts once, however often it is found.`,
            );
        }
        seen.add(f.name);
    }
}
