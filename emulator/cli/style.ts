/** Colours, if the output is a terminal and the user allows them (https://no-color.org, FORCE_COLOR). */
import { colour } from './print';

export interface Style {
    good(text: string): string;
    bad(text: string): string;
    warn(text: string): string;
    strong(text: string): string;
    dim(text: string): string;
}

const plain = (text: string): string => text;

export const PLAIN: Style = { good: plain, bad: plain, warn: plain, strong: plain, dim: plain };

const sgr =
    (on: number, off: number) =>
    (text: string): string =>
        `${colour(on)}${text}${colour(off)}`;

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
