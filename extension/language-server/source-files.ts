/** Source files by URI: the editor's text of open files, and files of the machine of the server. */
import type { TextDocuments } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { SourceHost } from '../../emulator/language/load';
import { canonicalUri } from '../../emulator/language/paths';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';

/** The files that are not open: of a process those on the disk, of a worker those that the editor provides. */
export interface Files extends SourceHost {
    exists(uri: string): boolean;
    /** From now on, only files in these folders are read; undefined: all files. */
    stayIn(folders: readonly string[] | undefined): void;
    /** The URI of a page of the documentation. */
    pageUri(page: string): string;
    /** Its text. */
    page(page: string): string;
    /** The scenario files in folders and below them. */
    below(folders: readonly string[]): string[];
    /** Source files and memory images in the folder of a file and below it, as paths from the folder. */
    beside(uri: string): string[];
}

export class SourceFiles implements SourceHost {
    /** The URIs of the workspace's folders. */
    folders: readonly string[] = [];

    constructor(
        private readonly open: TextDocuments<TextDocument>,
        readonly others: Files,
    ) {}

    /** The text of a file, or undefined if it cannot be read. */
    read(uri: string): string | undefined {
        return this.opened(uri)?.getText() ?? SHIPPED_SOURCES.get(uri) ?? this.others.read(uri);
    }

    /** Whether the file exists. Its contents are not read. */
    exists(uri: string): boolean {
        return this.others.exists(uri);
    }

    /** The file of the editor with the services' or the editor's URI. */
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
