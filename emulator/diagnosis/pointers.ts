/**
 * Checks before the kexec of the memory that is handed over: pointers to memory that is not preserved, blocks in
 * scratch memory, and blocks that overlap.
 */
import type { Kernel } from '../kernel/kernel';
import { readFdtPage, readNativeU64 } from '../kernel/kho/root-fdt';
import { fdtProperty } from '../kernel/kho/fdt-read';
import type { Int } from '../machine/int';
import { fileKey, flbKey } from './chronicle';
import { ruleFile } from './rules';
import type { Datum, HistoryLine } from '../findings/diagnosis';
import { overlapping, preservers, scratchOverlaps } from './preserved';
import { isPreserved, orderOver, PointerWalk, type Dangling } from './pointer-walk';
import { be, pagesText } from './wording';
import { hex } from '../text/text';

/** An object that hands memory over: a file, an FLB, a subtree. */
interface Root {
    readonly text: string;
    /** The same for programs. */
    readonly data: Readonly<Record<string, Datum>>;
    readonly history: readonly HistoryLine[];
}

/** The first page frame of blocks, and the number of frames in them: one that is in two of them counts once. */
function coveredBy(blocks: readonly { readonly pfn: number; readonly count: number }[]): {
    readonly first: number;
    readonly pages: number;
} {
    const sorted = [...blocks].sort((a, b) => a.pfn - b.pfn);
    let [pages, end] = [0, 0];
    for (const { pfn, count } of sorted) {
        pages += Math.max(0, pfn + count - Math.max(end, pfn));
        end = Math.max(end, pfn + count);
    }
    return { first: sorted[0]?.pfn ?? 0, pages };
}

export const pointerRules = ruleFile(['LU1012', 'LU1013', 'LU1026'], ({ host, chronicle, typed: known, say }) => {
    const { machine } = host;
    const { history, owners, page } = machine;
    const stateText = (kernel: Kernel, pa: number): string => {
        const pfn = Math.floor(pa / page.size);
        const { memmap } = kernel;
        return memmap.stateOf(pfn) === 'free' ? 'free memory' : `memory${owners.of(memmap.ownerOf(pfn))}`;
    };

    const dangling = (kernel: Kernel, root: Root, { path, at, target }: Dangling): void => {
        const about = {
            history: [...root.history, ...chronicle.ofAddress(target)],
            data: { pointer: path, at: hex(at), target: hex(target), root: root.text, ...root.data },
        };
        say('LU1012', {
            ...about,
            about: `${hex(at)} ${hex(target)}`,
            message: `${path} of ${root.text} points to ${hex(target)}, which is not preserved (${stateText(kernel, target)}): the next kernel will read whatever the page then contains.`,
        });
    };

    /** A handle is taken for a pointer if it is the address of a known struct, or of an allocated page. */
    const handle = (kernel: Kernel, data: Int, root: Root): void => {
        const walk = new PointerWalk(kernel.kho, known, (d) => dangling(kernel, root, d));
        if (typeof data !== 'number' || data === 0 || !host.machine.isRam(data)) {
            return;
        }
        if (isPreserved(kernel.kho, data)) {
            walk.from(data, known.layoutAt(data)?.name ?? 'data');
        } else if (known.layoutAt(data) || (data % page.size === 0 && kernel.memmap.isAllocated(data / page.size))) {
            say('LU1012', {
                about: root.text,
                history: [...root.history, ...chronicle.ofAddress(data)],
                data: { pointer: 'serialized data', target: hex(data), root: root.text, ...root.data },
                message: `The serialized data of ${root.text} is the address ${hex(data)}, which is not preserved (${stateText(kernel, data)}): the next kernel will read whatever the page then contains.`,
            });
        }
    };

    const subtrees = (kernel: Kernel): void => {
        const { dataProperty, sizeProperty } = kernel.desc.kho;
        const { root } = readFdtPage(machine, kernel.kho.fdt);
        for (const child of root?.children ?? []) {
            const blob = readNativeU64(fdtProperty(child, dataProperty)?.value);
            const size = Number(
                (sizeProperty !== undefined && readNativeU64(fdtProperty(child, sizeProperty)?.value)) || 1,
            );
            const from: Root = { text: `the subtree "${child.name}"`, data: { subtree: child.name }, history: [] };
            if (typeof blob !== 'number' || !host.machine.isRam(blob, size)) {
                continue;
            }
            if (!isPreserved(kernel.kho, blob, size)) {
                say('LU1012', {
                    about: `subtree ${child.name}`,
                    history: chronicle.ofAddress(blob),
                    data: { pointer: dataProperty, target: hex(blob), size, root: from.text },
                    message: `The blob of the subtree "${child.name}" at ${hex(blob)} is not preserved (${stateText(kernel, blob)}): the next kernel will read whatever the page then contains.`,
                });
            } else {
                new PointerWalk(kernel.kho, known, (d) => dangling(kernel, from, d)).from(
                    blob,
                    known.layoutAt(blob)?.name ?? child.name,
                );
            }
        }
    };

    const scratch = (kernel: Kernel): void => {
        const found = new Map<number, { readonly pfn: number; readonly count: number }[]>();
        for (const { pfn, count, area } of scratchOverlaps(kernel, history)) {
            if (orderOver(kernel.kho, pfn) >= 0) {
                const blocks = found.get(area.addr) ?? [];
                blocks.push({ pfn, count });
                found.set(area.addr, blocks);
            }
        }
        for (const [area, blocks] of found) {
            const { first, pages } = coveredBy(blocks);
            say('LU1013', {
                about: hex(area),
                history: chronicle.ofPage(first),
                data: { address: hex(first * page.size), pages, scratch: hex(area) },
                message: `${pagesText(page, pages)} from ${hex(first * page.size)} on ${be(pages)} preserved and ${pages === 1 ? 'lies' : 'lie'} in the scratch area at ${hex(area)}: the next kernel is loaded over ${pages === 1 ? 'it' : 'them'}.`,
            });
        }
    };

    const twice = (kernel: Kernel): void => {
        const sums = new Map<
            string,
            {
                readonly by: number;
                readonly first: number;
                readonly kept: boolean;
                readonly ranges: (readonly [string, number])[];
                pages: number;
            }
        >();
        for (const { pfn, count, by } of overlapping(kernel, history)) {
            const kept = orderOver(kernel.kho, pfn) >= 0;
            // still preserved by two, or by one although the bit is gone
            if (preservers(kernel, history, pfn) >= (kept ? 2 : 1)) {
                const key = `${by} ${kept}`;
                const sum = sums.get(key) ?? { by, first: pfn, kept, ranges: [], pages: 0 };
                sum.pages += count;
                sum.ranges.push([hex(pfn * page.size), count]);
                sums.set(key, sum);
            }
        }
        for (const { by, first, kept, ranges, pages } of sums.values()) {
            const what = `${pagesText(page, pages)}${owners.of(by)}`;
            say('LU1026', {
                about: `${owners.name(by)} ${kept}`,
                history: chronicle.ofPage(first),
                data: { address: hex(first * page.size), pages, ranges, owner: owners.name(by), handedOver: kept },
                message: kept
                    ? `${what} ${be(pages)} preserved twice, the first at ${hex(first * page.size)}: KHO keeps no count, so of two restores in the next kernel the second fails.`
                    : `${what} ${pages === 1 ? 'was' : 'were'} preserved twice and unpreserved once, the first at ${hex(first * page.size)}: KHO keeps no count, so ${pages === 1 ? 'it is' : 'they are'} not handed over, although one owner still relies on ${pages === 1 ? 'it' : 'them'}.`,
            });
        }
    };

    return {
        inScratch(address, size): void {
            say('LU1013', {
                about: hex(address),
                history: chronicle.ofAddress(address),
                data: { address: hex(address), pages: size / page.size, refused: true },
                message: `${pagesText(page, size / page.size)} from ${hex(address)} on ${size === page.size ? 'overlaps' : 'overlap'} scratch memory and cannot be preserved. A kernel without CONFIG_KEXEC_HANDOVER_DEBUG does not detect this.`,
            });
        },
        handingOver(kernel): void {
            if (!kernel.kexecImage?.kho || !kernel.kho.tree) {
                return;
            }
            // blocks first: they can be the cause of dangling pointers
            scratch(kernel);
            twice(kernel);
            for (const s of kernel.luo.outgoing.sessions) {
                for (const f of s.files) {
                    handle(kernel, f.serializedData, {
                        text: `token ${hex(f.token)} of session "${s.name}" (${f.handler.compatible})`,
                        data: { session: s.name, token: hex(f.token) },
                        history: chronicle.of(fileKey(s.name, f.token)),
                    });
                }
            }
            for (const flb of kernel.luo.flbs) {
                if (flb.outgoing.count > 0) {
                    handle(kernel, flb.outgoing.data, {
                        text: `FLB "${flb.compatible}"`,
                        data: { flb: flb.name },
                        history: chronicle.of(flbKey(flb.name)),
                    });
                }
            }
            subtrees(kernel);
        },
    };
});
