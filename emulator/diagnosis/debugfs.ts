/** Files of debugfs that show memory which is somebody else's by now. */
import { Err } from '../kernel/release/errno';
import { khoDebugContent } from '../kernel/kho/debugfs-blobs';
import type { Frame } from '../runtime/code';
import type { Value } from '../language/types';
import type { Rules } from './rules';
import type { Scene } from './scene';
import { hex } from '../text/text';

export function debugfsRules({ vm, chronicle, say }: Scene): Rules {
    return {
        settled(name: string, result: Value | Err, frame: Frame | null): void {
            const [path] = frame?.slots ?? [];
            const { kernel } = vm;
            if (
                name !== 'sys_open' ||
                result instanceof Err ||
                typeof path !== 'string' ||
                !kernel ||
                !path.includes('/in/')
            ) {
                return;
            }
            const content = khoDebugContent(kernel, path);
            if (content === undefined || typeof content === 'string') {
                return;
            }
            const pfn = Math.floor(content.addr / kernel.page.size);
            // what nobody has restored is still what was handed over
            if (
                kernel.memmap.khoOrder(pfn) >= 0 ||
                !vm.machine.history.of(pfn).some((e) => e.boot - 1 === vm.boot && e.kind === 'restored')
            ) {
                return;
            }
            const state = kernel.memmap.stateOf(pfn);
            say('LU1064', {
                about: path,
                history: chronicle.ofPage(pfn),
                data: { path, address: hex(content.addr) },
                message: `${path} shows the page at ${hex(content.addr)}, which was handed over, but has been restored and given back since: it is ${state === 'free' ? 'free memory' : `memory of ${vm.machine.owners.name(kernel.memmap.ownerOf(pfn))}`} now.`,
            });
        },
    };
}
