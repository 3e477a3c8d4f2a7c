/** Results of kernel functions in tests. */
import { Err } from '../../emulator/kernel/release/errno';

/** The name of an error; what is none as it is. */
export function nameOf(result: unknown): unknown {
    return result instanceof Err ? result.name : result;
}
