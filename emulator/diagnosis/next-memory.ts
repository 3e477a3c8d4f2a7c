/** What is handed over, and the memory that the next kernel uses according to its command line. */
import type { Kernel } from '../kernel/kernel';
import { endOfMemory, structPages, usableMemory } from '../kernel/mm/usable-memory';
import { resolveKernel } from '../runtime/host/kernels';
import { hex } from '../text/text';
import { IMAGE } from './chronicle';
import { nextCommandLine } from './next-command-line';
import { ruleFile } from './rules';
import { pagesText } from './wording';

export const nextMemoryRules = ruleFile(['LU1094'], ({ host, chronicle, say }) => {
    const { page } = host.machine;

    /** LU1094: at the kexec, since preserve and the loading of the kernel can come in any order. */
    const hidden = ({ kexecImage: image, kho, machine }: Kernel): void => {
        const kernelAt = image?.segments.find((s) => s.name === 'kernel');
        if (!image?.kho || !kernelAt) {
            return;
        }
        const { desc } = resolveKernel(host.declarations.program, image.kernel);
        const line = nextCommandLine(image, desc);
        const map = usableMemory(machine.ram, line, { addr: kernelAt.dest, size: kernelAt.size });
        if (!desc.khoBuilt || map === machine.ram) {
            return;
        }
        const end = endOfMemory(map);
        const described = structPages(map, page);
        const lost = kho.outgoingRuns().filter((r) => !described(r.pfn, r.pfn + r.blocks * 2 ** r.order));
        const pages = lost.reduce((sum, r) => sum + r.blocks * 2 ** r.order, 0);
        const unmapped = [kho.scratchArray, kho.fdt, kho.tree?.root ?? 0].find((pa) => pa >= end);
        const at = lost[0] ? lost[0].pfn * page.size : unmapped;
        if (at === undefined) {
            return;
        }
        const given = image.commandLine.split(' ').filter((word) => /^(?:mem|memmap)=/.test(word));
        say('LU1094', {
            about: desc.name,
            history: [...chronicle.of(IMAGE), ...(lost[0] ? chronicle.ofPage(lost[0].pfn) : [])],
            data: { kernel: desc.name, parameters: given, address: hex(at), pages },
            message:
                `"${desc.name}" will panic during boot: ${given.join(' ')} hides ` +
                (pages > 0
                    ? `${pagesText(page, pages)} of preserved memory at ${hex(at)} and above from it.`
                    : `the description of the handover at ${hex(at)} from it.`),
        });
    };

    return { handingOver: hidden };
});
