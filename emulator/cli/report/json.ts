/** One JSON document at the end, without anything that differs from run to run. */
import { totals, type Reporter, type Write } from './reporter';

export function jsonReporter(write: Write): Reporter {
    return {
        start() {},
        broken() {},
        scenario() {},
        end(results) {
            const { passed, failed, broken } = totals(results);
            write(`${JSON.stringify({ version: 1, passed, failed, broken, files: results }, undefined, 2)}\n`);
        },
    };
}
