/** How the parts of a kernel say what the parameters do that they read. */
import type { ArchName, PageGeometry } from '../../machine/arch';
import type { KhoFormat } from '../release/kho-format';
import type { ParametersOf, Part } from '../release/parameters';

/** What of a kernel's build its parameters depend on. */
export interface Build {
    readonly arch: ArchName;
    readonly page: PageGeometry;
    /** CONFIG_KEXEC_HANDOVER */
    readonly kexecHandover: boolean;
    /** The parameter that sizes scratch, and whether each of its three sizes may be 0. */
    readonly scratchParameter: KhoFormat['scratchParameter'];
    readonly zeroScratchSizes: boolean;
}

/**
 * The setup function of a parameter.
 * @param value behind the `=`; undefined: there is none
 * @param given what the arguments before it have set
 * @returns what it sets; undefined: the kernel cannot read it, and nothing changes
 */
export type Setup<Settings> = (
    value: string | undefined,
    given: Settings,
    build: Build,
) => Partial<Settings> | undefined;

/** The setup functions of all parameters that a part of the kernel reads. */
export type SetupsOf<P extends Part, Settings> = Readonly<Record<ParametersOf<P>, Setup<Settings>>>;
