/**
 * Parsed files, each until its text changes: for a language server, which checks the same files at every change of one.
 */
import { parse, type ParsedFile } from './parser';

/** What gives parsed files. {@link parse} does, anew each time. */
export type Parse = (uri: string, text: string) => ParsedFile;

/**
 * Programs that are checked with the same cache share the trees of files that have not changed. An executable needs
 * trees of its own: it knows declarations by their identity.
 */
export class ParseCache {
    private readonly files = new Map<string, ParsedFile>();

    readonly parse: Parse = (uri, text) => {
        const known = this.files.get(uri);
        if (known?.file.text === text) {
            return known;
        }
        const fresh = parse(uri, text);
        this.files.set(uri, fresh);
        return fresh;
    };
}
