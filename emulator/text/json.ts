/** JSON whose integers keep all of their digits. */

/** A string, with the colon that makes it a name; or a number. */
const STRING_OR_NUMBER = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*/g;

/**
 * What JSON.parse() makes of a text, but for integers beyond ±(2^53−1), which are bigints.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
    const plain: unknown = JSON.parse(text);
    let large = false;
    // every string begins with a letter that says whether it is one, or stands for a number
    const marked = text.replace(STRING_OR_NUMBER, (found: string, string?: string, colon?: string) => {
        if (string !== undefined) {
            return colon === undefined ? `"s${string.slice(1)}` : found;
        }
        if (/^-?\d+$/.test(found) && !Number.isSafeInteger(Number(found))) {
            large = true;
            return `"n${found}"`;
        }
        return found;
    });
    if (!large) {
        return plain;
    }
    return JSON.parse(marked, (_key, value: unknown) => {
        if (typeof value !== 'string') {
            return value;
        }
        const rest = value.slice(1);
        return value.startsWith('n') ? BigInt(rest) : rest;
    });
}
