/** The JSON that commands print for programs: one document, which says first of which version its shape is. */

/**
 * @param version of this command's shape: a new one where a field goes or means something else. Fields may be added
 * without.
 */
export function jsonDocument(version: number, fields: object): string {
    return `${JSON.stringify({ version, ...fields }, undefined, 2)}\n`;
}
