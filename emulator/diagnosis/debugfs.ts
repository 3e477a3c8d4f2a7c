/** Files of debugfs that show reused memory. */
import { Err } from '../kernel/release/errno';
import { khoDebugContent } from '../kernel/kho/debugfs-blobs';
import { ruleFile } from './rules';
import { hex } from '../text/text';

export const debugfsRules = ruleFile(['LU1064'], ({ host, chronicle, say }) => {
    return {
        callReturned(work, result): void {
            const { kernel } = host;
            if (work.kind !== 'open' || result instanceof Err || !kernel || !work.path.includes('/in/')) {
                return;
            }
            const { path } = work;
            const content = khoDebugContent(kernel, path);
            if (content === undefined || typeof content === 'string') {
                return;
            }
            const pfn = Math.floor(content.addr / kernel.page.size);
            // memory that was not restored still has the contents that were handed over
            if (
                kernel.memmap.khoOrder(pfn) >= 0 ||
                !host.machine.history.of(pfn).some((e) => e.kernel - 1 === host.boot && e.kind === 'restored')
            ) {
                return;
            }
            const state = kernel.memmap.stateOf(pfn);
            say('LU1064', {
                about: path,
                history: chronicle.ofPage(pfn),
                data: { path, address: hex(content.addr) },
                message: `${path} shows the page at ${hex(content.addr)}, which was handed over but has since been restored and freed: it is now ${state === 'free' ? 'free memory' : `memory${host.machine.owners.of(kernel.memmap.ownerOf(pfn))}`}.`,
            });
        },
    };
});
