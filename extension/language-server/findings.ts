/** Findings of the checker as diagnostics of the protocol. */
import {
    CodeActionKind,
    DiagnosticSeverity,
    type CodeAction,
    type Diagnostic,
    type Range,
    type TextEdit,
} from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Span } from '../../emulator/language/syntax/ast';
import type { CheckFinding } from '../../emulator/language/check-finding';
import type { SourceFiles } from './source-files';

export function rangeOf(document: TextDocument, span: Span): Range {
    return { start: document.positionAt(span.start), end: document.positionAt(span.end) };
}

/** @param document the file of the finding */
export function toLspDiagnostic(finding: CheckFinding, document: TextDocument, files: SourceFiles): Diagnostic {
    return {
        range: rangeOf(document, finding.span),
        severity: finding.severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
        code: finding.code,
        source: 'live update',
        message: finding.message,
        relatedInformation: (finding.related ?? []).map(({ uri, span, message }) => ({
            location: { uri, range: rangeOf(files.document(uri), span) },
            message,
        })),
    };
}

function overlaps(a: Range, b: Range): boolean {
    const before = (x: Range, y: Range): boolean =>
        x.end.line < y.start.line || (x.end.line === y.start.line && x.end.character < y.start.character);
    return !before(a, b) && !before(b, a);
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
        const edits: TextEdit[] = finding.fix.edits.map(({ span, text }) => ({
            range: rangeOf(document, span),
            newText: text,
        }));
        return [
            {
                title: finding.fix.title,
                kind: CodeActionKind.QuickFix,
                diagnostics: [toLspDiagnostic(finding, document, files)],
                isPreferred: true,
                edit: { changes: { [document.uri]: edits } },
            },
        ];
    });
}
