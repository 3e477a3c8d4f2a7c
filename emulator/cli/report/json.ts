/** One JSON document at the end, with the same content in every run. */
import { jsonDocument } from '../json';
import { totals, type Reporter, type Write } from './reporter';

export function jsonReporter(write: Write): Reporter {
    return {
        start() {},
        broken() {},
        scenario() {},
        end({ files, skipped, comparison }) {
            const { passed, failed, broken } = totals(files);
            write(jsonDocument(1, { passed, failed, broken, skipped, files, comparison }));
        },
    };
}
