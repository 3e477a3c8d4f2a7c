/** Paths that are written in source files, of imports and of memory images, and the URIs of files. */
import { percentDecoded } from '../text/text';

/** True for a path of a file beside another one or below it: nothing that leaves the folder. */
export function isBeside(path: string): boolean {
    return !(
        path === '' ||
        path.startsWith('/') ||
        path.includes('\\') ||
        /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(path) ||
        path.split('/').includes('..')
    );
}

/**
 * The URI of a path beside the file `from`, or below it, for which {@link isBeside} holds. Where a file was never saved
 * and its URI has no folder, it is one that no host can read.
 */
export function uriBeside(from: string, path: string): string {
    const folder = from.replace(/[?#].*$/, '').replace(/[^/]*$/, '');
    const segments = path.split('/').filter((segment) => segment !== '.');
    return folder + segments.map((s) => encodedSegment(s)).join('/');
}

/** A name in a URI: only what would mean something else there is encoded. */
function encodedSegment(name: string): string {
    // half of a character that a broken text has cannot be encoded
    return encodeURI(name.replace(/\p{Surrogate}/gu, '\ufffd')).replace(/[/?#]/g, encodeURIComponent);
}

/**
 * The form that a file's URI has here, however a client writes it: `+`, `@` and the like are not encoded, the letter of
 * a Windows drive is a capital one, and `:` stands behind it. URIs of other schemes stay as they are.
 */
export function canonicalUri(uri: string): string {
    const [, authority = '', path] = /^file:\/\/([^/?#]*)(\/[^?#]*)/i.exec(uri) ?? [];
    if (path === undefined) {
        return uri;
    }
    const segments = path.split('/').map((segment) => {
        const name = percentDecoded(segment);
        return name.includes('/') ? segment : encodedSegment(name);
    });
    const canonical = segments.join('/').replace(/^\/([a-z]):(?=\/|$)/, (drive) => drive.toUpperCase());
    return `file://${authority.toLowerCase()}${canonical}`;
}
