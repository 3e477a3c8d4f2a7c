/** Paths in source files: of imports and of memory images. */

/** True for a relative path that does not leave the folder. */
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
 * The URI of a path relative to the folder of `from`, for which {@link isBeside} holds. If `from` was never saved and
 * its URI has no folder, the result is a URI that no host can read.
 */
export function uriBeside(from: string, path: string): string {
    const folder = from.replace(/[?#].*$/, '').replace(/[^/]*$/, '');
    const segments = path.split('/').filter((segment) => segment !== '.');
    // a lone surrogate cannot be encoded
    return folder + segments.map((s) => encodeURIComponent(s.replace(/\p{Surrogate}/gu, '\ufffd'))).join('/');
}
