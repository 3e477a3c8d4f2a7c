/** Places in the emulator as files, lines and columns. */
import type { Span } from '../language/syntax/ast';
import type { CheckFinding } from '../language/check-finding';
import type { Files } from './files';
import type { FindingReport, Where } from './results';

export function whereOf(files: Files, uri: string, span: Span): Where {
    const lines = files.lines(uri);
    const start = lines.position(span.start);
    const end = lines.position(span.end);
    return {
        file: files.display(uri),
        line: start.line,
        column: start.column,
        endLine: end.line,
        endColumn: end.column,
    };
}

export function findingOf(files: Files, d: CheckFinding): FindingReport {
    return {
        code: d.code,
        severity: d.severity,
        message: d.message,
        where: whereOf(files, d.uri, d.span),
        fix: d.fix?.title ?? null,
    };
}

/** `file:line:column`, which editors and terminals turn into a link. */
export function spot(where: Where): string {
    return `${where.file}:${where.line}:${where.column}`;
}
