/**
 * The settings `lus.inlayHints`, which the server requests from the editor. A library for parsing two booleans would be
 * 4 % of the server.
 */
import type { HintOptions } from '../../emulator/services/inlay-hints';

/** Settings that are not set have the defaults of the manifest. */
export function hintSettings(section: unknown): HintOptions {
    const values = new Map(typeof section === 'object' && section !== null ? Object.entries(section) : []);
    const flag = (key: keyof HintOptions, fallback: boolean): boolean => {
        const value: unknown = values.get(key);
        return typeof value === 'boolean' ? value : fallback;
    };
    return { constants: flag('constants', true), arguments: flag('arguments', false) };
}
