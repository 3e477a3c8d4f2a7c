/** Times in arguments. */
import { BadArguments } from './options';

const UNITS: ReadonlyMap<string, number> = new Map([
    ['ns', 1],
    ['', 1],
    ['us', 1e3],
    ['ms', 1e6],
    ['s', 1e9],
    ['min', 60e9],
]);

/** Nanoseconds: `150ns`, `20us`, `3ms`, `1.5s`, `2min`; without a unit, nanoseconds. @throws BadArguments */
export function nanoseconds(text: string): number {
    const [, digits, unit] = /^(\d+(?:\.\d+)?)(ns|us|ms|s|min|)$/.exec(text.trim()) ?? [];
    const ns = Math.round(Number(digits) * (UNITS.get(unit ?? '') ?? Number.NaN));
    if (!Number.isSafeInteger(ns)) {
        throw new BadArguments(`"${text}" is not a time. Write 150ns, 20us, 3ms or 1s.`);
    }
    return ns;
}
