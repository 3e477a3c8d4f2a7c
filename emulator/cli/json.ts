/** The JSON that commands print for programs: one document, which says first of which version its shape is. */

/** DEL and the C1 control characters, which JSON leaves as they are and terminals do not. */
const C1 = /[\u007f-\u009f]/g;

/**
 * @param version of this command's shape: a new one where a field goes or means something else. Fields may be added
 * without.
 */
export function jsonDocument(version: number, fields: object): string {
    return `${JSON.stringify({ version, ...fields }, undefined, 2).replace(C1, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}\n`;
}
