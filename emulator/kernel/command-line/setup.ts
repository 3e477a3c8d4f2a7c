/** How the parts of a kernel declare the effects of the parameters that they read. */
import type { ArchName, PageGeometry } from '../../machine/arch';
import type { KhoFormat } from '../release/kho-format';
import type { ParametersOf, Part } from '../release/parameters';

/** The part of a kernel's build that its parameters depend on. */
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
 * @param value after the `=`; undefined: there is none
 * @param given settings made by earlier arguments
 * @returns the settings it makes; undefined: the kernel cannot parse the value, and nothing changes
 */
export type Setup<Settings> = (
    value: string | undefined,
    given: Settings,
    build: Build,
) => Partial<Settings> | undefined;

/** The setup functions of all parameters that a part of the kernel reads. */
export type SetupsOf<P extends Part, Settings> = Readonly<Record<ParametersOf<P>, Setup<Settings>>>;
