/** Places in fixtures by the words of a `//# …` comment, instead of by line numbers. */

/** The line of a marker, counted from 0. */
export function markedLine(text: string, marker: string): number {
    const lines = text.split('\n');
    const found = lines.flatMap((line, n) => (line.endsWith(`//# ${marker}`) ? [n] : []));
    const [line] = found;
    if (line === undefined || found.length > 1) {
        throw new Error(`${found.length} lines are marked "//# ${marker}"`);
    }
    return line;
}
