/**
 * Whether an update is prepared: what the next kernel needs, whether the handover is finalized, and whether there is a
 * kexec at all.
 */
import { Err } from '../kernel/release/errno';
import type { Kernel } from '../kernel/kernel';
import { earlyShortage } from '../kernel/kho/early-demand';
import type { ReservedMemory } from '../kernel/kho/reserve-mem';
import { RadixTree } from '../kernel/kho/radix';
import { earlyMarks, marksTooEarly, raggedEdge, reservedPages } from '../kernel/kho/fixed-bugs';
import { JournaledList } from '../machine/journal';
import { resolveKernel } from '../runtime/host/kernels';
import { IMAGE, sessionKey } from './chronicle';
import { sessionHolders } from './holders';
import { nextCommandLine } from './next-command-line';
import { ruleFile } from './rules';
import type { HistoryLine } from '../findings/diagnosis';
import { be, pagesText, some } from './wording';
import { counted, hex, listed, sizeText } from '../text/text';

const DEVICE = '/dev/liveupdate';
/** enum liveupdate_state of the series v4. */
const FROZEN = 3;

export const preparationRules = ruleFile(
    ['LU1060', 'LU1061', 'LU1063', 'LU1065', 'LU1066', 'LU1067', 'LU1068', 'LU1091'],
    (scene) => {
        const { host, chronicle, say } = scene;
        const { journal, page } = host.machine;
        /** Failed opens of /dev/liveupdate in a kernel without live update. */
        const refused = new JournaledList<HistoryLine>(journal);

        const early = (kernel: Kernel): void => {
            const image = kernel.kexecImage;
            if (!image?.kho) {
                return;
            }
            const { desc } = resolveKernel(host.declarations.program, image.kernel);
            if (desc.kho.compatible !== kernel.desc.kho.compatible || !desc.khoBuilt) {
                return;
            }
            const { arch } = kernel.kho.env.options;
            const { bounceBuffers, iommuOff } = nextCommandLine(image, desc);
            const description = {
                numa: desc.numa,
                debug: desc.khoDebug,
                format: desc.kho,
                arch,
                release: desc.release,
                early: desc.early,
                kfence: desc.options.has('kfence'),
                zoneDma: desc.zoneDma,
                bounceBuffers,
                iommuOff,
            };
            const shortage = earlyShortage(
                host.machine,
                description,
                image,
                kernel.kho.scratch,
                kernel.kho.tree?.root ?? 0,
            );
            if (shortage !== undefined) {
                const scratch = kernel.kho.scratch.reduce((sum, a) => sum + a.size, 0);
                say('LU1060', {
                    about: desc.name,
                    history: chronicle.of(IMAGE),
                    data: { kernel: desc.name, scratch, panic: shortage },
                    message: `"${desc.name}" will run out of memory early in boot: it has ${pagesText(page, scratch / page.size)} of scratch memory, including its image and initrd, and will panic with "${shortage}".`,
                });
            }
        };

        const unfinalized = (kernel: Kernel): void => {
            const { kho, desc } = kernel;
            const pages =
                kernel.kexecImage?.kho && desc.kho.finalize !== 'never' && !kho.finalized
                    ? kho.outgoingRuns().reduce((sum, r) => sum + r.blocks * 2 ** r.order, 0)
                    : 0;
            if (pages > 0) {
                say('LU1067', {
                    about: 'finalize',
                    history: chronicle.ofPage(kho.outgoingRuns()[0]?.pfn ?? 0),
                    data: { pages },
                    message: `${pagesText(page, pages)} ${be(pages)} preserved, but the handover is not finalized: the next kernel finds no memory map, and boots as if nothing had been preserved.`,
                });
            }
        };

        /** LU1091: the series v4 hands over only what LIVEUPDATE_PREPARE has prepared. */
        const unprepared = ({ desc, luo }: Kernel): void => {
            const sessions = luo.outgoing.sessions.items.filter((s) => !s.incoming && s.files.length > 0);
            if (desc.kho.finalize === 'prepare' && luo.state !== FROZEN && sessions.length > 0) {
                const files = sessions.reduce((sum, s) => sum + s.files.length, 0);
                say('LU1091', {
                    about: 'prepare',
                    history: sessions.flatMap((s) => chronicle.ofSession(s)).slice(0, 12),
                    data: { state: luo.state, files, sessions: sessions.map((s) => s.name) },
                    message: `${counted(files, 'file')} ${be(files)} in ${counted(sessions.length, 'session')} (${some(sessions.map((s) => `"${s.name}"`))}), but LUO is not prepared: this kexec calls no handler, and the next kernel finds no session.`,
                });
            }
        };

        /** LU1063: known bugs of the next kernel, or of this one. */
        const knownBugs = (kernel: Kernel): void => {
            const image = kernel.kexecImage;
            if (!image?.kho) {
                return;
            }
            const { desc } = resolveKernel(host.declarations.program, image.kernel);
            const { kho, machine } = kernel;
            if (desc.kho.compatible !== kernel.desc.kho.compatible) {
                return;
            }
            const options = { flaws: desc.flaws, numa: desc.numa };
            const early = earlyMarks(desc.flaws);
            const runs = desc.flaws.has('kho_int_sizes') || early !== undefined ? kho.outgoingRuns() : [];
            const report = (about: string, pfn: number, pages: number, text: string): void =>
                say('LU1063', {
                    about,
                    history: chronicle.ofPage(pfn),
                    data: { flaw: about, kernel: desc.name, address: hex(pfn * page.size), pages },
                    message: text,
                });
            const large = runs.find((r) => reservedPages(desc.flaws, page, r.order) !== 2 ** r.order);
            if (large) {
                const reserved = reservedPages(desc.flaws, page, large.order);
                const effect =
                    reserved === Infinity
                        ? 'it will reserve all memory above it, and cannot use any of that'
                        : `it will reserve only ${pagesText(page, reserved)} and reuse the rest`;
                report(
                    'kho_int_sizes',
                    large.pfn,
                    2 ** large.order,
                    `"${desc.name}" computes the size of a preserved block in 32 bits: of the ${pagesText(page, 2 ** large.order)} at ${hex(large.pfn * page.size)} ${effect}.`,
                );
            }
            // a mark that is gone reads as that of a single page where it has no magic number
            const single = early === 'kho_deferred_init' && !desc.kho.magic;
            const unmarked = runs.find((r) => !(single && r.order === 0) && marksTooEarly(options, machine, r.pfn));
            if (early && unmarked) {
                const block = `the mark of the block at ${hex(unmarked.pfn * page.size)}`;
                const then =
                    early === 'kho_deferred_fault'
                        ? `writing ${block} will fault, and the kernel will not boot`
                        : `${block} will be lost, and ${single ? 'restoring the block returns its first page alone' : 'restoring the block will fail'}`;
                report(
                    early,
                    unmarked.pfn,
                    2 ** unmarked.order,
                    `"${desc.name}" marks preserved pages before it has initialized most of its struct pages: ${then}.`,
                );
            }
            const tree = kho.tree instanceof RadixTree && kho.tree.layout.losesOrderBit ? kho.tree : undefined;
            const page0 = tree && kho.outgoingRuns().find((r) => r.order === 0);
            if (page0) {
                report(
                    'kho_radix_depth',
                    page0.pfn,
                    page0.blocks,
                    `The tree of preserved memory has one level too few for pages of ${sizeText(page.size)}: "${desc.name}" takes single pages for other blocks, such as the one at ${hex(page0.pfn * page.size)}, and faults at the first of them.`,
                );
            }
            const edge = raggedEdge(
                { flaws: desc.flaws, deferredInit: desc.options.has('deferred_init') },
                page,
                kho.scratch,
            );
            if (edge !== undefined) {
                report(
                    'kho_scratch_pageblocks',
                    edge / page.size,
                    1,
                    `"${desc.name}" initializes most of its struct pages late, and a scratch area has its edge at ${hex(edge)}, inside of a block of the page allocator: merging blocks there is a fault, and the kernel does not come up.`,
                );
            }
            const [inScratch] = [...(kho.env.kfence?.objects ?? [])].filter((pa) => kho.touchesScratch(pa, page.size));
            if (inScratch !== undefined) {
                report(
                    'kho_bitmaps_in_kfence',
                    inScratch / page.size,
                    1,
                    `The object of KFENCE at ${hex(inScratch)} is part of the map of preserved memory, but lies in scratch memory: "${desc.name}" uses that memory before it reads the map.`,
                );
            }
        };

        const switchedOff = (kernel: Kernel): void => {
            if (!kernel.luo.enabled && refused.items.some((line) => line.boot === host.boot)) {
                const missing = [
                    ...(kernel.commandLine.kho ? [] : ['kho=on']),
                    ...(kernel.commandLine.liveupdate ? [] : ['liveupdate=on']),
                ];
                say('LU1065', {
                    about: 'switched off',
                    history: [...refused],
                    data: { missing, cmdline: kernel.commandLine.text },
                    message: `This kexec hands nothing over: live update is off in this kernel${missing.length > 0 ? ` (booted without ${missing.join(' ')})` : ''}, although a process tried to open ${DEVICE}.`,
                });
            }
        };

        /** LU1066. Without descriptors the session is just being released: EINVAL is then the result of a race. */
        const stillOpen = (name: string): void => {
            const { kernel } = host;
            const known = kernel?.luo.incoming.find(name);
            const holders = kernel && known ? [...(sessionHolders(kernel).get(known) ?? [])] : [];
            if (known?.retrieved && known.files.length === 0 && holders.length > 0) {
                const processes = listed(holders.map((p) => p.name));
                say('LU1066', {
                    about: known.name,
                    history: chronicle.of(sessionKey(known.name)),
                    data: { session: known.name, processes: holders.map((p) => p.name) },
                    message: `Session "${known.name}" is finished, but ${processes} still ${holders.length === 1 ? 'has' : 'have'} it open: it stays on the list of sessions, and retrieving it again fails with EINVAL.`,
                });
            }
        };

        const moved = ({ regions, lost }: ReservedMemory): void => {
            for (const { name, addr, size, why } of lost) {
                const now = regions.find((r) => r.name === name);
                say('LU1068', {
                    about: name,
                    history: chronicle.ofAddress(addr),
                    data: {
                        region: name,
                        address: hex(addr),
                        pages: Math.floor(size / page.size),
                        now: now ? hex(now.addr) : null,
                    },
                    message: `Region "${name}" of reserve_mem= was not recovered: ${why}. ${now ? `A new, empty region is at ${hex(now.addr)}; the` : 'The'} old contents are held at ${hex(addr)} until the machine reboots.`,
                });
            }
        };

        return {
            callReturned(work, result): void {
                if (!(result instanceof Err)) {
                    return;
                }
                if (work.kind === 'open' && work.path === DEVICE && result.name === 'ENOENT') {
                    chronicle.note(DEVICE, `open("${DEVICE}") failed with ENOENT`);
                    refused.clear();
                    for (const line of chronicle.of(DEVICE).filter((l) => l.boot === host.boot)) {
                        refused.push(line);
                    }
                } else if (work.kind === 'retrieve_session' && result.name === 'EINVAL') {
                    stillOpen(work.session);
                }
            },
            handingOver(kernel): void {
                early(kernel);
                unfinalized(kernel);
                unprepared(kernel);
                knownBugs(kernel);
                switchedOff(kernel);
            },
            reservedMemoryMoved: moved,
            lost(how): void {
                const { kernel } = host;
                if (!kernel?.luo.enabled || host.booting) {
                    return;
                }
                const sessions = [...kernel.luo.outgoing.sessions, ...kernel.luo.incoming.sessions].filter(
                    (s) => s.files.length > 0,
                );
                const files = sessions.reduce((sum, s) => sum + s.files.length, 0);
                if (files > 0) {
                    const end = how === 'panic' ? 'The kernel panics' : 'The machine is switched off';
                    say('LU1061', {
                        about: how,
                        history: sessions.flatMap((s) => chronicle.ofSession(s)).slice(0, 12),
                        data: { how, files, sessions: sessions.map((s) => s.name) },
                        message: `${end} with ${counted(files, 'file')} in ${counted(sessions.length, 'session')} (${some(sessions.map((s) => `"${s.name}"`))}): only reboot(KEXEC) hands ${files === 1 ? 'it' : 'them'} over, so ${files === 1 ? 'it is' : 'they are'} lost.`,
                    });
                }
            },
        };
    },
);
