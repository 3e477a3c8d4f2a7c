/** What scratch memory costs: memory that is free and yet of no use, and small machines that hand nothing over. */
import { Err } from '../kernel/release/errno';
import type { Kernel } from '../kernel/kernel';
import { DEFAULT_SCRATCH } from '../kernel/kho/scratch';
import { shortageText } from '../kernel/mm/shortage';
import { JournaledRecord } from '../machine/journal';
import { sizeText } from '../text/text';
import { ruleFile } from './rules';

const DEVICE = '/dev/liveupdate';
/** The part of the memory of a small machine from which on scratch areas are worth a hint; bytes. */
const MUCH = 1 / 8;
const SMALL = 2 ** 30 - 2 ** 24;

/** Whether the scenario has used anything of live update, in any kernel. */
class Use extends JournaledRecord {
    readonly any: boolean = false;
}

export const scratchCostRules = ruleFile(['LU1095', 'LU1096'], ({ host, say }) => {
    const { journal, page } = host.machine;
    const use = new Use(journal);

    const used = (): void => {
        if (!use.any) {
            journal.edit<Use>(use).any = true;
        }
    };

    /** LU1095: memory that cannot move is requested, and only scratch has room. */
    const onlyScratch = (kernel: Kernel, what: string): void => {
        const { lastFailure } = kernel.pages;
        if (
            lastFailure === null ||
            typeof lastFailure === 'string' ||
            lastFailure.injected ||
            lastFailure.options.movable === true ||
            kernel.kho.scratch.length === 0
        ) {
            return;
        }
        const free = (cma: boolean): number =>
            lastFailure.free.filter((z) => z.cma === cma).reduce((sum, z) => sum + z.pages, 0);
        const [ordinary, scratch] = [free(false), free(true)];
        if (scratch < 2 ** lastFailure.order || scratch <= ordinary) {
            return;
        }
        say('LU1095', {
            about: what,
            data: { call: what, free: ordinary * page.size, scratch: scratch * page.size },
            message: `${what} fails with ENOMEM while ${sizeText((ordinary + scratch) * page.size)} are free: ${ordinary === 0 ? 'all' : sizeText(scratch * page.size)} of it is scratch, which only movable memory can use. ${shortageText(kernel) ?? ''}`,
        });
    };

    return {
        anyCallReturned(work, result): void {
            const { kernel } = host;
            if (result instanceof Err && result.name === 'ENOMEM' && kernel) {
                onlyScratch(kernel, work.name);
            }
            if (work.kind === 'open' && work.path === DEVICE) {
                used();
            }
        },
        handingOver: used,
        /** LU1096: KHO reserves scratch whether or not anything is ever handed over. */
        atEnd(kernel, tell): void {
            const { scratchSize, enabled } = kernel.kho;
            const size = host.machine.ramSize;
            // sizes, and kernels that a scenario declares, are as they are on purpose
            const { khoScratch } = kernel.commandLine;
            const chosen = khoScratch !== DEFAULT_SCRATCH || host.declarations.program.kernels.has(kernel.desc.name);
            const { crashKernel } = kernel.commandLine;
            if (
                !enabled ||
                crashKernel ||
                use.any ||
                chosen ||
                kernel.kexecImage ||
                size >= SMALL ||
                scratchSize < size * MUCH
            ) {
                return;
            }
            tell('LU1096', {
                about: kernel.desc.name,
                data: { scratch: scratchSize, memory: size },
                message: `KHO is on, but nothing uses it: its scratch areas have ${sizeText(scratchSize)} of ${sizeText(size)}, ${Math.round((100 * scratchSize) / size)} % of the memory.`,
            });
        },
    };
});
