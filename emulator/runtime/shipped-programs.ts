/** Programs of user space that ship with the emulator: `import <luod>` brings them in. They are part of whoever imports them, not of any kernel. */
import luod from '../std/luod.lus';
import { STD_SCHEME } from '../language/std-scheme';

/** Their texts by name. */
export const SHIPPED_PROGRAMS: ReadonlyMap<string, string> = new Map([['luod', luod]]);

/** The URI of one. */
export function programUri(name: string): string {
    return `${STD_SCHEME}/${name}.lus`;
}
