/** The files of a language server in a worker: those that its client has sent. */
import * as z from 'zod/mini';
import type { Connection } from 'vscode-languageserver';
import { canonicalUri } from '../../emulator/language/paths';
import type { Files } from './source-files';

/** The notification with files that were created, changed or deleted. */
export const SENT_FILES = 'lus/files';

const fileSchema = z.object({ uri: z.string(), there: z.boolean(), text: z.optional(z.string()) });

/** A file; without a text if its contents do not matter, such as those of a memory image. */
export type SentFile = z.infer<typeof fileSchema>;

const paramsSchema = z.object({ files: z.array(fileSchema) });

export class SentFiles implements Files {
    private readonly texts = new Map<string, string | undefined>();
    private changed: () => void = () => undefined;

    /** @param docs the URI of the folder of the documentation's pages */
    constructor(
        connection: Connection,
        private readonly docs: string,
    ) {
        connection.onNotification(SENT_FILES, (params: unknown) => {
            for (const { uri, there, text } of paramsSchema.parse(params).files) {
                if (there) {
                    this.texts.set(canonicalUri(uri), text);
                } else {
                    this.texts.delete(canonicalUri(uri));
                }
            }
            this.changed();
        });
    }

    onChange(changed: () => void): void {
        this.changed = changed;
    }

    /** The client sends only files of the workspace. */
    stayIn(): void {}

    read(uri: string): string | undefined {
        return this.texts.get(uri);
    }

    exists(uri: string): boolean {
        return this.texts.has(uri);
    }

    pageUri(page: string): string {
        return `${this.docs}/${page}`;
    }

    page(page: string): string {
        return this.texts.get(canonicalUri(this.pageUri(page))) ?? '';
    }

    below(folders: readonly string[]): string[] {
        const within = folders.map((folder) => `${canonicalUri(folder)}/`);
        return this.names().filter((uri) => uri.endsWith('.lus') && within.some((folder) => uri.startsWith(folder)));
    }

    beside(uri: string): string[] {
        const folder = uri.slice(0, uri.lastIndexOf('/') + 1);
        return this.names()
            .filter((other) => other.startsWith(folder) && other !== uri && /\.(?:lus|elf|gz)$/.test(other))
            .map((other) => decodeURI(other.slice(folder.length)));
    }

    private names(): string[] {
        return [...this.texts.keys()].sort();
    }
}
