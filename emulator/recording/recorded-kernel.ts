/** The kernels of the recordings, by their names in scenarios. */
import { argumentsOf } from '../kernel/release/arguments';
import { kstrtobool } from '../kernel/release/parameter-values';

/**
 * The name of a recorded kernel with the handlers on its command line: `luotest.d=1` enables the fourth one.
 */
export function recordedKernel(release: '7.2' | '7.3', commandLine: string): string {
    // param_set_bool(): without a value it is true
    const d = argumentsOf(commandLine).flatMap(({ name, value }) =>
        name === 'luotest.d' ? [value === undefined ? true : kstrtobool(value)] : [],
    );
    return `recorded ${release}${d.findLast((on) => on !== undefined) === true ? ' d' : ''}`;
}
