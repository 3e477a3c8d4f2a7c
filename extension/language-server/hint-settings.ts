/**
 * The settings `lus.inlayHints`: the server asks the editor for them. Two booleans are read without a library, which
 * would be a twenty-fifth of the server.
 */
import type { HintOptions } from '../../emulator/services/inlay-hints';

/** With the defaults of the manifest for whatever is not set. */
export function hintSettings(section: unknown): HintOptions {
    const values = new Map(typeof section === 'object' && section !== null ? Object.entries(section) : []);
    const flag = (key: keyof HintOptions, fallback: boolean): boolean => {
        const value: unknown = values.get(key);
        return typeof value === 'boolean' ? value : fallback;
    };
    return { constants: flag('constants', true), arguments: flag('arguments', false) };
}
