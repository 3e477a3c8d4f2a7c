/** Huge pages that the previous kernel preserved and that were not returned to their pool. */
import type { Kernel } from '../kernel/kernel';
import { ruleFile } from './rules';
import { be } from './wording';
import { counted } from '../text/text';

export const hugePageRules = ruleFile(['LU1051'], ({ say }) => {
    /** LU1051: no session is left that could return a page. */
    const missing = ({ luo, hugetlb }: Kernel, sink: typeof say): void => {
        if (luo.deserialized !== 0 || luo.incoming.sessions.items.some((s) => s.files.length > 0)) {
            return;
        }
        for (const pool of hugetlb.pools) {
            if (pool.incoming > 0) {
                sink('LU1051', {
                    about: pool.name,
                    message: `${counted(pool.incoming, 'huge page')} of ${pool.name} that the previous kernel preserved ${be(pool.incoming)} in no pool: at boot, this kernel allocated that many pages less, and every incoming session is finished. The pool has ${counted(pool.nr, 'page')}.`,
                    data: { pageSize: pool.size, missing: pool.incoming, nr: pool.nr },
                });
            }
        }
    };
    return { handingOver: (kernel) => missing(kernel, say), atEnd: missing };
});
