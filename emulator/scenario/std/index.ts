/** The standard library: the part of the kernel that is written in `.lus`. */
import { checkStd } from '../check/check';
import { NATIVES } from '../natives';
import type { Program } from '../program';
import kernel from './kernel.lus';
import luo from './luo.lus';
import memfd from './memfd.lus';

/** The scheme of the standard library's URIs. */
export const STD_SCHEME = 'lus-std:';

export const STD_SOURCES: ReadonlyMap<string, string> = new Map([
    [`${STD_SCHEME}/kernel.lus`, kernel],
    [`${STD_SCHEME}/luo.lus`, luo],
    [`${STD_SCHEME}/memfd.lus`, memfd],
]);

let checked: Program | undefined;

/** The checked standard library; the same for every program. */
export function standardLibrary(): Program {
    checked ??= checkStd([...STD_SOURCES].map(([uri, text]) => ({ uri, text })), NATIVES);
    return checked;
}
