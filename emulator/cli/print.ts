/**
 * Text for people, on the terminal or in a report: names and messages from a scenario or a damaged image must not
 * control the terminal, nor look like another line of the report.
 */

import { OWN_ESCAPE } from './style';

/** Control characters; also the escape of the command's own colours. */
const STEERING = new RegExp(`${OWN_ESCAPE}|[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]`, 'g');

const asEscape = (c: string): string =>
    c === OWN_ESCAPE ? '\u001b' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** Shows control characters as `\x1b`, except for line feeds, tabs and the colours of {@link Style}. */
export function shown(text: string): string {
    return text.replace(/\r\n/g, '\n').replace(STEERING, asEscape);
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
