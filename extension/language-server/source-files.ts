/** Source files by URI: open files from the editor, others from disk. */
import type { TextDocuments } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { SourceHost } from '../../emulator/language/load';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';

export class SourceFiles implements SourceHost {
    /** @param disk reads the files that are not open */
    constructor(
        private readonly open: TextDocuments<TextDocument>,
        private readonly disk: Required<SourceHost>,
    ) {}

    /** The text of a file, or undefined if it cannot be read. */
    read(uri: string): string | undefined {
        const document = this.open.get(uri);
        if (document) {
            return document.getText();
        }
        const shipped = SHIPPED_SOURCES.get(uri);
        if (shipped !== undefined) {
            return shipped;
        }
        return this.disk.read(uri);
    }

    /** Whether there is a file on disk. */
    exists(uri: string): boolean {
        return this.disk.exists(uri);
    }

    /** The file as a document, which converts offsets to positions. */
    document(uri: string): TextDocument {
        return this.open.get(uri) ?? TextDocument.create(uri, 'lus', 0, this.read(uri) ?? '');
    }
}
