/** The scope *Machine*: state that is independent of kernels, and the owners of memory. */
import type { Memmap } from '../kernel/mm/memmap';
import { layersOf, titleOf } from '../kernel/release/layers';
import type { Machine } from '../machine/machine';
import type { Host } from '../runtime/host/host';
import { counted, hex, rangeText, sizeText } from '../text/text';
import { bytesAt, memoryOf } from './bytes';
import { deviceItems } from './devices';
import { redistributorItems } from './interrupts';
import { guestItems } from './guests';
import { hostMemoryItems } from './host-memory';
import { kstateItems } from './kstate';
import { group, leaf, listing, type Children, type Item } from './item';
import { processScope } from './process';
import { bytesStored } from './stored';
import { teeItems } from './tee';

export function machineItems(host: Host): Item[] {
    const { machine, kernel } = host;
    const { memmap, pages } = kernel ?? {};
    const memory = memoryOf(machine);
    const nodes = machine.nodes.map((node): Item => {
        const ranges = machine.map.filter((r) => r.node === node);
        const size = ranges.reduce((sum, r) => sum + r.size, 0);
        const free = pages ? `, ${sizeText(pages.freePages(node) * machine.page.size)} free` : '';
        return {
            name: `node ${node}`,
            value: `${sizeText(size)}${free}`,
            children: {
                named: () => [
                    ...ranges.map((r) => ({
                        name: rangeText(r.start, r.size),
                        value: 'RAM',
                        address: r.start,
                        stored: bytesStored(r.start, r.size),
                        children: { named: () => [bytesAt(memory, r.start, r.size)] },
                    })),
                    ...(pages?.buddyinfo() ?? [])
                        .filter((b) => b.node === node)
                        .map((b) =>
                            leaf(
                                b.cma ? 'free blocks (CMA)' : 'free blocks',
                                b.blocks
                                    .map((n, order) => `${n}×order ${order}`)
                                    .filter((t) => !t.startsWith('0×'))
                                    .join(', ') || 'none',
                            ),
                        ),
                ],
            },
        };
    });
    return [
        leaf('kernel', kernel ? `${kernel.desc.name} (${kernel.display()})` : 'none is running'),
        ...(kernel && kernel.desc.layers.size > 0 ? [layerItems(kernel.desc.layers)] : []),
        leaf('clock', `${(machine.clock.now / 1e9).toFixed(6)} s`),
        leaf('boots', String(machine.boots)),
        group('memory', `${sizeText(machine.ramSize)} in ${counted(machine.nodes.length, 'node')}`, () => nodes),
        ...(kernel ? [...hostMemoryItems(kernel), ...kstateItems(kernel)] : []),
        ...deviceItems(machine, kernel),
        ...redistributorItems(machine),
        ...(machine.processors.setAside.length > 0
            ? [leaf('processors set aside', machine.processors.setAside.join(', '))]
            : []),
        ...guestItems(host),
        ...teeItems(machine, kernel),
        ...(memmap
            ? [
                  {
                      name: 'owners',
                      value: 'memory by owner',
                      kind: 'virtual' as const,
                      children: ownersOf(machine, memmap),
                  },
              ]
            : []),
        listing('processes', 'process', host.processes.length, (i) => {
            const user = host.processes.at(i);
            return user
                ? {
                      name: user.name,
                      value: `pid ${user.process.pid}, ${counted(user.process.fds.size, 'descriptor')}`,
                      children: processScope(host, user),
                  }
                : leaf('none', '');
        }),
    ];
}

/** The proposed code in the running kernel. */
function layerItems(names: ReadonlySet<string>): Item {
    const layers = layersOf(names);
    return group('layers', `proposed: ${layers.map((l) => l.name).join(', ')}`, () =>
        layers.map((l) => leaf(titleOf(l), l.summary)),
    );
}

interface Owned {
    pages: number;
    readonly runs: { pfn: number; count: number }[];
}

/** Computed when it is expanded, because it visits every folio. */
function ownersOf(machine: Machine, memmap: Memmap): Children {
    const { page } = machine;
    return {
        named: () => {
            const owners = new Map<string, Owned>();
            for (const { pfn, count, owner, state } of memmap.owned()) {
                const name = `${machine.owners.name(owner)}${state === 'preserved' ? ' (preserved)' : ''}`;
                let owned = owners.get(name);
                if (!owned) {
                    owned = { pages: 0, runs: [] };
                    owners.set(name, owned);
                }
                owned.pages += count;
                const last = owned.runs.at(-1);
                if (last && last.pfn + last.count === pfn) {
                    last.count += count;
                } else {
                    owned.runs.push({ pfn, count });
                }
            }
            return [...owners]
                .sort((a, b) => b[1].pages - a[1].pages)
                .map(
                    ([name, { pages, runs }]): Item => ({
                        name,
                        value: `${sizeText(pages * page.size)} in ${counted(runs.length, 'run')}`,
                        children: {
                            indexed: {
                                count: runs.length,
                                item: (i) => {
                                    const { pfn, count } = runs[i] ?? { pfn: 0, count: 0 };
                                    const pa = pfn * page.size;
                                    return {
                                        name: `[${i}]`,
                                        value: rangeText(pa, count * page.size),
                                        address: pa,
                                        frames: { pfn, count },
                                        evaluateName: hex(pa),
                                        children: { named: () => [bytesAt(memoryOf(machine), pa, count * page.size)] },
                                    };
                                },
                            },
                        },
                    }),
                );
        },
    };
}
