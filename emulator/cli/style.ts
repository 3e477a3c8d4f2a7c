/** Colours, if the output is a terminal and the user allows them (https://no-color.org, FORCE_COLOR). */

export interface Style {
    good(text: string): string;
    bad(text: string): string;
    warn(text: string): string;
    strong(text: string): string;
    dim(text: string): string;
}

const plain = (text: string): string => text;

export const PLAIN: Style = { good: plain, bad: plain, warn: plain, strong: plain, dim: plain };

/**
 * The beginning of the command's own colours until they are printed. No scenario and no image knows it, so that none of
 * their names can set a colour.
 */
export const OWN_ESCAPE = `\u001b${Math.random().toString(36).slice(2)}`;

const sgr =
    (on: number, off: number) =>
    (text: string): string =>
        `${OWN_ESCAPE}[${on}m${text}${OWN_ESCAPE}[${off}m`;

export const COLOURED: Style = {
    good: sgr(32, 39),
    bad: sgr(31, 39),
    warn: sgr(33, 39),
    strong: sgr(1, 22),
    dim: sgr(2, 22),
};

/** FORCE_COLOR takes precedence over NO_COLOR; `FORCE_COLOR=0` and an empty NO_COLOR have no effect. */
export function styleFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
    const forced = env['FORCE_COLOR'];
    if (forced !== undefined && forced !== '0' && forced !== 'false') {
        return COLOURED;
    }
    const refused = (env['NO_COLOR'] ?? '') !== '' || forced !== undefined || env['TERM'] === 'dumb';
    return stream.isTTY === true && !refused ? COLOURED : PLAIN;
}
