/** The files that are installed with the command: documentation, examples, templates. */
import * as path from 'node:path';

/** The path of a file or folder of the package's folder `extension`. */
export function shippedFile(...names: readonly string[]): string {
    return path.join(__dirname, '..', 'extension', ...names);
}

/** Whether the error of a file operation has this code, such as EEXIST. */
export function hasCode(e: unknown, code: string): boolean {
    return e instanceof Error && 'code' in e && e.code === code;
}
