/** The kernels of the recordings, by the names that they have in scenarios. */
import { argumentsOf } from '../kernel/release/arguments';
import { kstrtobool } from '../kernel/release/parameter-values';

/**
 * The name of a recorded kernel with the handlers that its command line switches on: the fourth one is there with
 * `luotest.d=1`.
 */
export function recordedKernel(release: '7.2' | '7.3', commandLine: string): string {
    // param_set_bool(): without a value it is on
    const d = argumentsOf(commandLine).flatMap(({ name, value }) =>
        name === 'luotest.d' ? [value === undefined ? true : kstrtobool(value)] : [],
    );
    return `recorded ${release}${d.findLast((on) => on !== undefined) === true ? ' d' : ''}`;
}
