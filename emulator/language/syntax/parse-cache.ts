/**
 * Keeps parsed files until their text changes: a language server checks all files whenever one of them changes.
 */
import { parse, type ParsedFile } from './parser';

/** A source of parsed files. {@link parse} is one that parses every time. */
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
