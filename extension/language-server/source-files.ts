/** Source files by URI: as the editor has them where they are open, else as they are where the server runs. */
import type { TextDocuments } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { SourceHost } from '../../emulator/language/load';
import { canonicalUri } from '../../emulator/language/paths';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';

/** The files that are not open: a process has a disk, a worker what the editor gives it. */
export interface Files extends SourceHost {
    exists(uri: string): boolean;
    /** Nothing outside of these folders is read from here on; undefined: anything is. */
    stayIn(folders: readonly string[] | undefined): void;
    /** The URI of a page of the documentation. */
    pageUri(page: string): string;
    /** Its text. */
    page(page: string): string;
    /** The scenario files in folders and below them. */
    below(folders: readonly string[]): string[];
    /** Source files and memory images beside a file and below its folder, as paths from there. */
    beside(uri: string): string[];
}

export class SourceFiles implements SourceHost {
    /** The URIs of the workspace's folders. */
    folders: readonly string[] = [];

    constructor(
        private readonly open: TextDocuments<TextDocument>,
        readonly others: Files,
    ) {}

    /** The text of a file, or undefined where it cannot be read. */
    read(uri: string): string | undefined {
        return this.opened(uri)?.getText() ?? SHIPPED_SOURCES.get(uri) ?? this.others.read(uri);
    }

    /** Whether there is such a file, whatever it holds. */
    exists(uri: string): boolean {
        return this.others.exists(uri);
    }

    /** The file of the editor with a URI of ours or of the editor's own. */
    opened(uri: string): TextDocument | undefined {
        return this.open.get(uri) ?? this.open.all().find((d) => canonicalUri(d.uri) === uri);
    }

    /** The file as a document, for turning offsets into positions; its URI is the one that the editor has. */
    document(uri: string): TextDocument {
        return this.opened(uri) ?? TextDocument.create(uri, 'lus', 0, this.read(uri) ?? '');
    }

    /** The scenario files below the workspace's folders. */
    list(): string[] {
        return this.others.below(this.folders);
    }
}
