/**
 * Text for people, on the terminal or in a report: names and messages from a scenario or a damaged image must not
 * control the terminal, nor look like another line of the report.
 */
/** Starts a colour of the command itself. No name or message can contain it. */
const COLOUR = `\u0000${Math.random()}`;

const STEERING = new RegExp(`${COLOUR}(\\d+)m|[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]`, 'g');

/** Begins or ends a colour in text for {@link shown}. @param code of the terminal (SGR) */
export const colour = (code: number): string => `${COLOUR}${code}m`;

const asEscape = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** Shows control characters as `\x1b`, except for line feeds and tabs. Colours of the command become the terminal's. */
export function shown(text: string): string {
    return text
        .replace(/\r\n/g, '\n')
        .replace(STEERING, (found: string, code?: string) =>
            code === undefined ? asEscape(found) : `\u001b[${code}m`,
        );
}

/** The same, and line feeds as `\n`: for names. */
export function oneLine(text: string): string {
    return shown(text).replace(/\n/g, '\\n');
}

export function print(text: string): void {
    process.stdout.write(shown(text));
}

/** Writes to standard error. */
export function complain(text: string): void {
    process.stderr.write(shown(text));
}
