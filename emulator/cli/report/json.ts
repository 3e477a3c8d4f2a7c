/** One JSON document at the end, with the same content in every run. */
import { jsonDocument } from '../json';
import { totals, type Reporter, type Write } from './reporter';

export function jsonReporter(write: Write): Reporter {
    return {
        start() {},
        broken() {},
        scenario() {},
        end(results) {
            const { passed, failed, broken } = totals(results);
            write(jsonDocument(1, { passed, failed, broken, files: results }));
        },
    };
}
