/** How the parts of a kernel declare the effects of the parameters that they read. */
import type { PageGeometry } from '../../machine/arch';
import type { ParametersOf, Part } from '../release/parameters';
import type { ParameterBuild } from '../release/unknown-parameters';

/** The part of a kernel's build that its parameters depend on. */
export interface Build extends ParameterBuild {
    readonly page: PageGeometry;
    /** Whether each of the three sizes of scratch may be 0. */
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
