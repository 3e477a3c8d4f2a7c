/** A fix of kexec handover or live update, and what the emulator makes of it: a row of the page of known bugs. */
import type { Span } from './version';

/** How a kernel may be built, as far as a bug asks. */
export type BuildOption = 'deferred_init' | 'kfence';

export interface KnownBug {
    /** Its name on the page of known bugs; also the name of its flaw, and of the scenario that shows it. */
    readonly name: string;
    /** The bug, in one line. */
    readonly what: string;
    /** The versions that have it. */
    readonly in: readonly Span[];
    /** How the emulator does it; undefined: it does not, or it is a part of how a release is described. */
    readonly flaw?: {
        /** Only kernels built so have it. */
        readonly needs?: BuildOption;
        /** Only kernels with one of these files of the standard library can have it. Undefined: every kernel can. */
        readonly only?: readonly string[];
    };
}
