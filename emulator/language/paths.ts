/** Paths that are written in source files: of imports and of memory images. */

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
    // half of a character that a broken text has cannot be encoded
    return folder + segments.map((s) => encodeURIComponent(s.replace(/\p{Surrogate}/gu, '\ufffd'))).join('/');
}
