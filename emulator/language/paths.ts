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
