/** Requests for displaying code: hovers, semantic tokens, folding, selections, links, inlay hints. */
import {
    FoldingRangeKind,
    InlayHintKind,
    MarkupKind,
    SemanticTokensBuilder,
    type Connection,
    type FoldingRange,
    type SelectionRange,
} from 'vscode-languageserver';
import { foldsOf, type Fold } from '../../emulator/services/folding';
import { hoverAt } from '../../emulator/services/hover';
import { inlayHints, type HintOptions } from '../../emulator/services/inlay-hints';
import { linksIn } from '../../emulator/services/links';
import { selectionsAt } from '../../emulator/services/selection';
import { semanticTokens, TOKEN_MODIFIERS, TOKEN_TYPES } from '../../emulator/services/semantic-tokens';
import { hintSettings } from './hint-settings';
import { pageLink, rangeOf, withLinks } from './places';
import type { Workspace } from './workspace';

export function registerReading(connection: Connection, workspace: Workspace): void {
    const { files } = workspace;

    connection.onHover(({ textDocument, position }) => {
        const at = workspace.openedAt(textDocument.uri, position);
        const found = at && hoverAt(at.program, at.uri, at.offset);
        if (!found) {
            return null;
        }
        const { code, text, page, span } = found;
        const link = page ? [`[Documentation](${pageLink(files, page)})`] : [];
        const parts = [`\`\`\`lus\n${code}\n\`\`\``, ...text.map((t) => withLinks(files, t)), ...link];
        const contents = { kind: MarkupKind.Markdown, value: parts.join('\n\n') };
        return { range: rangeOf(at.document, span), contents };
    });

    connection.onFoldingRanges(({ textDocument }) => {
        const opened = workspace.opened(textDocument.uri);
        return opened ? foldsOf(opened.file).map(toFoldingRange) : null;
    });

    connection.onSelectionRanges(({ textDocument, positions }) => {
        const opened = workspace.opened(textDocument.uri);
        return opened
            ? positions.map((position) => {
                  const spans = selectionsAt(opened.file, opened.document.offsetAt(position));
                  const outermost: SelectionRange = { range: rangeOf(opened.document, spans.at(-1) ?? opened.file) };
                  return spans
                      .slice(0, -1)
                      .reduceRight<SelectionRange>(
                          (parent, span) => ({ range: rangeOf(opened.document, span), parent }),
                          outermost,
                      );
              })
            : null;
    });

    connection.onDocumentLinks(({ textDocument }) => {
        const opened = workspace.opened(textDocument.uri);
        return opened
            ? linksIn(opened.program, opened.uri).map(({ span, target }) => ({
                  range: rangeOf(opened.document, span),
                  target: 'uri' in target ? target.uri : pageLink(files, target),
              }))
            : null;
    });

    connection.languages.semanticTokens.on(({ textDocument }) => {
        const opened = workspace.opened(textDocument.uri);
        const builder = new SemanticTokensBuilder();
        if (opened) {
            for (const { span, type, modifiers } of semanticTokens(opened.program, opened.uri, !workspace.hasGrammar)) {
                const { line, character } = opened.document.positionAt(span.start);
                const bits = modifiers.reduce((all, m) => all | (1 << TOKEN_MODIFIERS.indexOf(m)), 0);
                builder.push(line, character, span.end - span.start, TOKEN_TYPES.indexOf(type), bits);
            }
        }
        return builder.build();
    });

    async function hintOptions(uri: string): Promise<HintOptions> {
        const item = { scopeUri: uri, section: 'lus.inlayHints' };
        return hintSettings(workspace.configurable ? await connection.workspace.getConfiguration(item) : undefined);
    }

    connection.languages.inlayHint.on(async ({ textDocument, range }) => {
        const options = await hintOptions(textDocument.uri);
        const opened = workspace.opened(textDocument.uri);
        if (!opened) {
            return null;
        }
        const { document } = opened;
        const within = { start: document.offsetAt(range.start), end: document.offsetAt(range.end) };
        return inlayHints(opened.program, opened.uri, within, options).map(({ offset, text, kind }) => ({
            position: document.positionAt(offset),
            label: text,
            ...(kind === 'parameter' && { kind: InlayHintKind.Parameter }),
        }));
    });
}

function toFoldingRange({ from, to, kind }: Fold): FoldingRange {
    const range = { startLine: from - 1, endLine: to - 1 };
    switch (kind) {
        case 'comment':
            return { ...range, kind: FoldingRangeKind.Comment };
        case 'imports':
            return { ...range, kind: FoldingRangeKind.Imports };
        case 'region':
            return { ...range, kind: FoldingRangeKind.Region };
        case 'block':
            return range;
    }
}
