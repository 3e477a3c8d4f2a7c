/** What the command `lus` prints, where there are processes. */
import type { CancellationToken } from 'vscode';

export interface LusOutput {
    /** @param args of the command; the file is added as the last one @throws Error with the message of the command */
    output(file: string, args: readonly string[], token: CancellationToken): Promise<string>;
}
