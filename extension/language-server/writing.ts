/** Requests during typing: completion, signature help, formatting. */
import {
    CompletionItemKind,
    InsertTextFormat,
    LSPErrorCodes,
    MarkupKind,
    ResponseError,
    type CompletionItem,
    type Connection,
    type MarkupContent,
    type TextEdit,
} from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { canonicalUri } from '../../emulator/language/paths';
import type { Span } from '../../emulator/language/syntax/ast';
import { completionsAt, type Completions } from '../../emulator/services/completion/complete';
import { said, type Offer, type OfferKind } from '../../emulator/services/completion/offer';
import { plain } from '../../emulator/services/completion/snippets';
import { format, formatEdits } from '../../emulator/services/format/format';
import { signatureAt } from '../../emulator/services/signature-help';
import { shippedUri } from '../../emulator/services/shipped';
import { pageLink, rangeOf, withLinks } from './places';
import type { Workspace } from './workspace';

const KINDS: Readonly<Record<OfferKind, CompletionItemKind>> = {
    variable: CompletionItemKind.Variable,
    process: CompletionItemKind.Module,
    'process variable': CompletionItemKind.Variable,
    field: CompletionItemKind.Field,
    constant: CompletionItemKind.Constant,
    function: CompletionItemKind.Function,
    method: CompletionItemKind.Method,
    parameter: CompletionItemKind.Variable,
    argument: CompletionItemKind.Property,
    callback: CompletionItemKind.Method,
    struct: CompletionItemKind.Struct,
    handler: CompletionItemKind.Class,
    FLB: CompletionItemKind.Class,
    scenario: CompletionItemKind.Event,
    device: CompletionItemKind.Interface,
    global: CompletionItemKind.Module,
    file: CompletionItemKind.File,
    keyword: CompletionItemKind.Keyword,
    setting: CompletionItemKind.Property,
    snippet: CompletionItemKind.Snippet,
    error: CompletionItemKind.EnumMember,
    text: CompletionItemKind.Text,
    finding: CompletionItemKind.EnumMember,
    kernel: CompletionItemKind.Module,
    'file kind': CompletionItemKind.Class,
    type: CompletionItemKind.TypeParameter,
    layer: CompletionItemKind.Module,
    flaw: CompletionItemKind.EnumMember,
    cost: CompletionItemKind.Unit,
    'injection point': CompletionItemKind.Event,
};

/** A space after one of these words triggers completion. */
const ASKS =
    /(?:\b(?:fails|fail|finds|layers|flaws|inject|into|kind|kill|to|uses|process|import|from|with|boot|for)|,|\btoken:) $/;

export function registerWriting(connection: Connection, workspace: Workspace): void {
    const { files, documents } = workspace;
    /** The last offers: an item is described when the user selects it. */
    let last: Completions | undefined;

    connection.onCompletion(({ textDocument: { uri }, position, context }) => {
        const document = documents.get(uri);
        if (!document || shippedUri(uri, document.getText()) !== undefined) {
            return null;
        }
        const offset = document.offsetAt(position);
        const text = document.getText();
        if (context?.triggerCharacter === ' ' && !ASKS.test(text.slice(Math.max(0, offset - 20), offset))) {
            return null;
        }
        const source = { host: files, uri: canonicalUri(uri), parsed: workspace.parsed };
        last = completionsAt(source, offset, () => files.others.beside(uri));
        const range = last && rangeOf(document, last.span);
        return (
            last?.offers.map((offer, i): CompletionItem => {
                const newText = textOf(offer, workspace.snippets);
                return {
                    label: offer.label,
                    kind: KINDS[offer.kind],
                    // editors sort by this text
                    sortText: String(i).padStart(4, '0'),
                    data: i,
                    ...(range && { textEdit: { range, newText } }),
                    insertTextFormat:
                        workspace.snippets && offer.snippet !== undefined
                            ? InsertTextFormat.Snippet
                            : InsertTextFormat.PlainText,
                    ...(i === 0 && { preselect: true }),
                };
            }) ?? null
        );
    });

    connection.onCompletionResolve((item) => {
        const offer = typeof item.data === 'number' ? last?.offers[item.data] : undefined;
        if (!last || !offer || offer.label !== item.label) {
            return item;
        }
        const { detail, doc, page } = said(last.program, offer);
        const link = page ? `\n\n[Documentation](${pageLink(files, page)})` : '';
        return { ...item, detail, documentation: markdown(`${withLinks(files, doc)}${link}`) };
    });

    connection.onDocumentFormatting(({ textDocument }) => formatted(textDocument.uri));

    connection.onDocumentRangeFormatting(({ textDocument, range }) =>
        formatted(textDocument.uri, (document) => ({
            start: document.offsetAt(range.start),
            end: document.offsetAt(range.end),
        })),
    );

    connection.onDocumentOnTypeFormatting(({ textDocument, position, ch }) => {
        // after a line break: the line before it, since the new one is empty
        const line = ch === '\n' ? position.line - 1 : position.line;
        const within = (document: TextDocument): Span => ({
            start: document.offsetAt({ line, character: 0 }),
            end: document.offsetAt({ line, character: 0 }),
        });
        return formatted(textDocument.uri, within, false);
    });

    /**
     * The edits that format a file.
     * @param loud whether a syntax error in the file is an error of the request
     */
    function formatted(uri: string, within?: (document: TextDocument) => Span, loud = true): TextEdit[] | null {
        const document = documents.get(uri);
        if (!document || shippedUri(uri, document.getText()) !== undefined) {
            return null;
        }
        const text = document.getText();
        const result = format(uri, text);
        if ('refused' in result) {
            if (loud) {
                throw new ResponseError(LSPErrorCodes.RequestFailed, result.refused);
            }
            return null;
        }
        return formatEdits(text, result, within?.(document)).map((edit) => ({
            range: rangeOf(document, edit.span),
            newText: edit.text,
        }));
    }

    connection.onSignatureHelp(({ textDocument: { uri }, position }) => {
        const document = documents.get(uri);
        const source = { host: files, uri: canonicalUri(uri), parsed: workspace.parsed };
        const found = document && signatureAt(source, document.offsetAt(position));
        if (!found) {
            return null;
        }
        const { label, doc, parameters, active } = found;
        return {
            signatures: [
                {
                    label,
                    documentation: markdown(withLinks(files, doc)),
                    parameters: parameters.map((p) => ({ label: p })),
                },
            ],
            activeSignature: 0,
            // after the last one: none is active
            activeParameter: active ?? parameters.length,
        };
    });
}

function textOf({ label, snippet, kind }: Offer, snippets: boolean): string {
    if (snippet === undefined) {
        return kind === 'argument' ? `${label} ` : label;
    }
    return snippets ? snippet : kind === 'snippet' ? plain(snippet) : label;
}

function markdown(value: string): MarkupContent {
    return { kind: MarkupKind.Markdown, value };
}
