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
                `There is no diagnosis ${quoted(f.name)}. Their codes begin at LU1001; the page on diagnoses lists them.`,
                Object.keys(CATALOGUE),
            );
        } else if (seen.has(f.name)) {
            program.report(
                'error',
                'LU0219',
                uri,
                f,
                `${quoted(f.name)} is listed twice. List each code once, even if it is found several times.`,
            );
        }
        seen.add(f.name);
    }
}
