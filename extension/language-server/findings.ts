/** Findings of the checker as diagnostics of the protocol. */
import { DIAGNOSTIC_SOURCE } from '../contributions';
import {
    CodeActionKind,
    DiagnosticSeverity,
    DiagnosticTag,
    type CodeAction,
    type Diagnostic,
    type Range,
    type TextEdit,
} from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { CheckFinding, Fix } from '../../emulator/language/check-finding';
import type { Ident } from '../../emulator/language/syntax/ast';
import { pageOfCode } from '../../emulator/services/documentation';
import { locationOf, pageLink, rangeOf } from './places';
import type { SourceFiles } from './source-files';

/** Unused or unreachable code, which editors fade. */
const UNNECESSARY: ReadonlySet<string> = new Set(['LU0209', 'LU0405', 'LU0406']);

/** Findings that are often intended: the editor marks them with dots. */
const HINTS: ReadonlySet<string> = new Set(['LU0418']);

function severityOf({ code, severity }: CheckFinding): DiagnosticSeverity {
    return severity === 'error'
        ? DiagnosticSeverity.Error
        : HINTS.has(code)
          ? DiagnosticSeverity.Hint
          : DiagnosticSeverity.Warning;
}

/** @param document the file of the finding */
export function toLspDiagnostic(finding: CheckFinding, document: TextDocument, files: SourceFiles): Diagnostic {
    const page = pageOfCode(finding.code);
    return {
        range: rangeOf(document, finding.span),
        severity: severityOf(finding),
        code: finding.code,
        ...(page && { codeDescription: { href: pageLink(files, page) } }),
        ...(UNNECESSARY.has(finding.code) && { tags: [DiagnosticTag.Unnecessary] }),
        source: DIAGNOSTIC_SOURCE,
        message: finding.message,
        relatedInformation: (finding.related ?? []).map(({ uri, span, message }) => ({
            location: locationOf(files, uri, span),
            message,
        })),
    };
}

/** A declaration that nothing uses. */
export function faded({ name, start, end }: Ident, document: TextDocument): Diagnostic {
    return {
        range: rangeOf(document, { start, end }),
        severity: DiagnosticSeverity.Hint,
        tags: [DiagnosticTag.Unnecessary],
        source: DIAGNOSTIC_SOURCE,
        message: `\`${name}\` is never used.`,
    };
}

function overlaps(a: Range, b: Range): boolean {
    const before = (x: Range, y: Range): boolean =>
        x.end.line < y.start.line || (x.end.line === y.start.line && x.end.character < y.start.character);
    return !before(a, b) && !before(b, a);
}

/** Code actions that are not fixes. */
export function toRefactoring(fix: Fix, document: TextDocument): CodeAction {
    return {
        title: fix.title,
        kind: CodeActionKind.Refactor,
        edit: { changes: { [document.uri]: editsOf(fix, document) } },
    };
}

function editsOf(fix: Fix, document: TextDocument): TextEdit[] {
    return fix.edits.map(({ span, text }) => ({ range: rangeOf(document, span), newText: text }));
}

/** The fixes of the findings in a range. */
export function fixesIn(
    findings: readonly CheckFinding[],
    document: TextDocument,
    files: SourceFiles,
    range: Range,
): CodeAction[] {
    return findings.flatMap((finding) => {
        if (!finding.fix || !overlaps(rangeOf(document, finding.span), range)) {
            return [];
        }
        return [
            {
                title: finding.fix.title,
                kind: CodeActionKind.QuickFix,
                diagnostics: [toLspDiagnostic(finding, document, files)],
                isPreferred: true,
                edit: { changes: { [document.uri]: editsOf(finding.fix, document) } },
            },
        ];
    });
}
