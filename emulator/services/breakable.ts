/** The callbacks of a program, at which function breakpoints can stop. */
import type { Program } from '../language/program';
import { isLibrary } from './declarations';
import type { CallbackOwner } from './subjects';

/** A handler, an FLB or a file kind with its callbacks. */
export interface BreakableOwner {
    readonly name: string;
    readonly kind: CallbackOwner['kind'];
    /** It is declared in the program's own files, not in the shipped kernel code. */
    readonly own: boolean;
    /** In the order of the text. */
    readonly callbacks: readonly string[];
}

/** The handlers, FLBs and file kinds with callbacks, those of the program's own files first. */
export function breakableOwners(program: Program): BreakableOwner[] {
    const owners = [...program.files.values()].flatMap(({ uri, items }) =>
        items
            .filter((item) => item.kind === 'handler' || item.kind === 'flb' || item.kind === 'file')
            .filter(({ callbacks }) => callbacks.length > 0)
            .map(({ name, kind, callbacks }) => ({
                name: name.name,
                kind,
                own: !isLibrary(uri),
                callbacks: callbacks.map((c) => c.name.name),
            })),
    );
    return [...owners.filter((o) => o.own), ...owners.filter((o) => !o.own)];
}
