/** Places in the protocol's terms. */
import type { Location, Range } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Span } from '../../emulator/language/syntax/ast';
import type { Definition } from '../../emulator/services/definition';
import { offsetIn, type DocPlace } from '../../emulator/services/documentation';
import type { SourceFiles } from './source-files';

export function rangeOf(document: TextDocument, span: Span): Range {
    return { start: document.positionAt(span.start), end: document.positionAt(span.end) };
}

export function locationOf(files: SourceFiles, uri: string, span: Span): Location {
    const document = files.document(uri);
    return { uri: document.uri, range: rangeOf(document, span) };
}

/** The location of a declaration, or of the line about a name in the documentation. */
export function definitionLocation(files: SourceFiles, found: Definition): Location {
    if (!('page' in found)) {
        return locationOf(files, found.uri, found.span);
    }
    const text = files.others.page(found.page);
    const start = offsetIn(text, found.anchor, found.name);
    const uri = files.others.pageUri(found.page);
    return { uri, range: rangeOf(TextDocument.create(uri, 'markdown', 0, text), { start, end: start }) };
}

/** The address of a section of the documentation. */
export function pageLink(files: SourceFiles, { page, anchor }: DocPlace): string {
    return `${files.others.pageUri(page)}${anchor === '' ? '' : `#${anchor}`}`;
}

/** Markdown of the documentation's pages, with relative links made absolute. */
export function withLinks(files: SourceFiles, markdown: string): string {
    return markdown.replace(/\]\(([\w-]+\.md)(#[\w-]*)?\)/g, (_, page: string, anchor = '') => {
        return `](${files.others.pageUri(page)}${String(anchor)})`;
    });
}
