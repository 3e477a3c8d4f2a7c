/** The JSON output of commands: one document that begins with the version of its format. */

/** DEL and the C1 control characters, which JSON does not escape but terminals interpret. */
const C1 = /[\u007f-\u009f]/g;

/**
 * @param version of this command's format: it changes if a field is removed or gets another meaning, but not if a field
 * is added.
 */
export function jsonDocument(version: number, fields: object): string {
    return `${JSON.stringify({ version, ...fields }, undefined, 2).replace(C1, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}\n`;
}
