/** Source files by URI: as the editor has them where they are open, else as they are on disk. */
import type { TextDocuments } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { SourceHost } from '../../emulator/language/load';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';

export class SourceFiles implements SourceHost {
    /** @param disk the files that are not open */
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

    /** Whether there is a file on disk, whatever it holds. */
    exists(uri: string): boolean {
        return this.disk.exists(uri);
    }

    /** The file as a document, for turning offsets into positions. */
    document(uri: string): TextDocument {
        return this.open.get(uri) ?? TextDocument.create(uri, 'lus', 0, this.read(uri) ?? '');
    }
}
