/** The scope *Handover*: KHO's handover to the next kernel, and that of the previous kernel. */
import { readFdt } from '../kernel/kho/fdt-read';
import type { Kho } from '../kernel/kho/kho';
import type { BlockRun } from '../kernel/kho/runs';
import type { PageGeometry } from '../machine/arch';
import { counted, hex, rangeText, sizeText } from '../text/text';
import { addressItem, bytesAt, type VisibleMemory } from './bytes';
import { nodeItems } from './fdt';
import { group, leaf, listing, type Item } from './item';
import { bytesStored } from './stored';

/** @param kho of the running kernel; undefined if there is none */
export function handoverItems(memory: VisibleMemory, kho: Kho | undefined): Item[] {
    if (!kho) {
        return [leaf('kernel', 'none is running')];
    }
    const { page } = memory;
    const outgoing = kho.enabled
        ? [
              fdtItem(memory, 'FDT (outgoing)', kho.fdt),
              preserved(memory, 'preserved memory', kho.tree ? `radix tree at ${hex(kho.tree.root)}` : 'none', () =>
                  kho.outgoingRuns(),
              ),
          ]
        : [leaf('KHO', 'disabled')];
    return [
        ...outgoing,
        scratchItem(memory, kho),
        ...(kho.incoming
            ? [
                  fdtItem(memory, 'FDT (incoming)', kho.incoming.fdt),
                  preserved(
                      memory,
                      'inherited memory',
                      `${sizeText(kho.incomingPages * page.size)}, ${sizeText(kho.unclaimed * page.size)} unclaimed`,
                      () => kho.incomingList(),
                  ),
                  preserved(memory, 'unclaimed memory', sizeText(kho.unclaimed * page.size), () => kho.unclaimedRuns()),
              ]
            : [leaf('incoming', 'none: a cold boot')]),
        leaf(
            'kexec_count',
            `${kho.kexecCount}${kho.previousRelease === undefined ? '' : `, from ${kho.previousRelease}`}`,
        ),
    ];
}

function scratchItem(memory: VisibleMemory, kho: Kho): Item {
    const size = kho.scratch.reduce((sum, a) => sum + a.size, 0);
    return group(
        'scratch',
        kho.scratch.length === 0 ? 'none' : `${sizeText(size)} in ${counted(kho.scratch.length, 'area')}`,
        () => [
            ...kho.scratch.map(
                (a, i): Item => ({
                    name: `[${i}]`,
                    value: rangeText(a.addr, a.size),
                    address: a.addr,
                    children: { named: () => [bytesAt(memory, a.addr, a.size)] },
                }),
            ),
            addressItem(memory, 'array', kho.scratchArray),
        ],
    );
}

/** Consecutive blocks of one order, and their owner if it is known. */
interface OwnedRun extends BlockRun {
    readonly owner?: string;
}

/** Preserved memory by order and runs, read from the tree on expansion. */
function preserved(memory: VisibleMemory, name: string, value: string, read: () => readonly OwnedRun[]): Item {
    return group(name, value, () => {
        const byOrder = new Map<number, OwnedRun[]>();
        for (const run of read()) {
            const runs = byOrder.get(run.order);
            if (runs) {
                runs.push(run);
            } else {
                byOrder.set(run.order, [run]);
            }
        }
        if (byOrder.size === 0) {
            return [leaf('none', '')];
        }
        return [...byOrder].map(([order, runs]) => {
            const blocks = runs.reduce((sum, r) => sum + r.blocks, 0);
            const item = listing(`order ${order}`, 'run', runs.length, (i) => runItem(memory, i, runs[i]));
            return { ...item, value: `${blocksText(memory.page, order, blocks)} in ${item.value}` };
        });
    });
}

/** `4 × 2 MiB` */
export function blocksText({ size }: PageGeometry, order: number, blocks: number): string {
    return `${blocks} × ${sizeText(size * 2 ** order)}`;
}

function runItem(memory: VisibleMemory, index: number, run: OwnedRun | undefined): Item {
    if (!run) {
        return leaf('none', '');
    }
    const pa = run.pfn * memory.page.size;
    const size = run.blocks * memory.page.size * 2 ** run.order;
    return {
        name: `[${index}]`,
        value: `${rangeText(pa, size)}${run.owner === undefined ? '' : `, ${run.owner}`}`,
        address: pa,
        frames: { pfn: run.pfn, count: run.blocks * 2 ** run.order },
        children: { named: () => [leaf('blocks', String(run.blocks)), bytesAt(memory, pa, size)] },
    };
}

/** A flattened device tree in a page: nodes, properties and damage. */
function fdtItem(memory: VisibleMemory, name: string, pa: number): Item {
    if (pa === 0) {
        return leaf(name, 'none');
    }
    return {
        name,
        value: `at ${hex(pa)}`,
        address: pa,
        stored: bytesStored(pa, memory.page.size),
        children: {
            named: () => {
                const { root, findings } = readFdt(memory.read(pa, memory.page.size));
                return [
                    ...(root ? nodeItems(memory, root) : []),
                    ...findings.map((f) => leaf(`damaged at ${hex(f.offset)}`, f.text)),
                    bytesAt(memory, pa, memory.page.size),
                ];
            },
        },
    };
}
