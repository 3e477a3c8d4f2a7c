/**
 * Open /dev/iommu files: address spaces, hardware page tables and their preservation, domains of the previous kernel.
 */
import { orderOver } from '../diagnosis/pointer-walk';
import type { Hwpt } from '../kernel/devices/hwpt';
import type { Ioas } from '../kernel/devices/ioas';
import { Iommufd } from '../kernel/devices/iommufd';
import type { Kernel } from '../kernel/kernel';
import { countOf, hex, sizeText } from '../text/text';
import { group, leaf, listing, type Item } from './item';

/** Empty if /dev/iommu is not open and there are no incoming domains. */
export function iommufdItems(kernel: Kernel | null): Item[] {
    const open = kernel ? openIommufds(kernel) : [];
    const restored = kernel?.devices.unit.restored.items ?? [];
    if (!kernel || open.length + restored.length === 0) {
        return [];
    }
    return [
        group(
            'iommufd',
            `${open.length} open${restored.length > 0 ? `, ${countOf(restored.length, 'domain')} of the previous kernel` : ''}`,
            () => [
                ...open.map((i, n) => iommufdItem(kernel, i, n)),
                ...(restored.length === 0
                    ? []
                    : [
                          group('incoming domains', countOf(restored.length, 'domain'), () =>
                              restored.map((d) => {
                                  const devices = kernel.devices.bound.items
                                      .filter((b) => b.domain === d)
                                      .map((b) => b.device.shape.name);
                                  return group(
                                      `domain ${d.id}`,
                                      `${countOf(d.tableCount, 'table')} at ${hex(d.root)}, used by ${devices.join(', ') || 'no device'}`,
                                      () => [
                                          listing('tables', 'table', d.tableCount, (i) =>
                                              tableItem(kernel, d.tablePages[i] ?? 0, i),
                                          ),
                                      ],
                                  );
                              }),
                          ),
                      ]),
            ],
        ),
    ];
}

/** The iommufds that a process, session or device refers to. */
function openIommufds(kernel: Kernel): Iommufd[] {
    const files = [
        ...kernel.processes.items.flatMap((p) => [...p.fds.entries()].map(([, file]) => file)),
        ...[kernel.luo.outgoing, kernel.luo.incoming].flatMap((l) =>
            l.sessions.items.flatMap((s) => s.files.items.map((f) => f.file)),
        ),
    ];
    const all = [...files.map((f) => f?.priv), ...kernel.devices.bound.items.map((b) => b.iommufd)];
    return [...new Set(all.filter((i) => i instanceof Iommufd))];
}

function iommufdItem(kernel: Kernel, i: Iommufd, n: number): Item {
    return group(
        `[${n}]`,
        `${countOf(i.spaces.length, 'address space')}, ${countOf(i.hwpts.length, 'hardware page table')}`,
        () => [...i.spaces.items.map(spaceItem), ...i.hwpts.map((h) => hwptItem(kernel, h))],
    );
}

function spaceItem(ioas: Ioas): Item {
    return group(
        `address space ${ioas.id}`,
        `${countOf(ioas.mappings.length, 'mapping')}${ioas.immutable ? ', immutable' : ''}`,
        () =>
            ioas.mappings.items.map((m) =>
                leaf(
                    hex(m.iova),
                    `${sizeText(m.length)} of ${m.file.name} from offset ${hex(m.offset)}${m.sealed ? ', sealed' : ''}${m.pinned ? ', pinned' : ''}`,
                ),
            ),
    );
}

function hwptItem(kernel: Kernel, h: Hwpt): Item {
    const mark = h.token === null ? 'not marked' : `marked as ${hex(h.token)}`;
    const state = h.incoming ? 'from the previous kernel' : h.preserved === 0 ? mark : `${mark}, preserved`;
    return {
        name: `hardware page table ${h.id}`,
        value: `domain ${h.domain.id}, ${state}`,
        kind: 'virtual',
        ...(h.preserved === 0 ? {} : { address: h.preserved }),
        children: {
            named: () => [
                ...(h.preserved === 0 ? [] : [{ name: 'entry', value: hex(h.preserved), address: h.preserved }]),
                leaf(
                    'devices',
                    kernel.devices.bound.items
                        .filter((b) => b.domain === h.domain)
                        .map((b) => b.device.shape.name)
                        .join(', ') || 'none',
                ),
                listing('tables', 'table', h.domain.tableCount, (i) =>
                    tableItem(kernel, h.domain.tablePages[i] ?? 0, i),
                ),
            ],
        },
    };
}

/** A page of tables, and whether it is preserved. */
function tableItem(kernel: Kernel, pa: number, i: number): Item {
    return {
        name: `[${i}]`,
        value: `${hex(pa)}, ${orderOver(kernel.kho, pa / kernel.page.size) < 0 ? 'not preserved' : 'preserved'}`,
        address: pa,
        frames: { pfn: Math.floor(pa / kernel.page.size), count: 1 },
    };
}
