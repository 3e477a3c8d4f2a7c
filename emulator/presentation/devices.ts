/**
 * Devices, their configuration and rings, and the IOMMU with its tables in memory; no items if the machine has none.
 */
import type { BoundDevice } from '../kernel/devices/bound';
import type { Kernel } from '../kernel/kernel';
import type { Device } from '../machine/devices/device';
import type { Iommu } from '../machine/iommu/iommu';
import { IO_PAGE, readEntry, type Decoded } from '../machine/iommu/tables';
import type { Target } from '../machine/iommu/unit';
import type { Machine } from '../machine/machine';
import { PCI_COMMAND, PCI_DEVICE_ID, PCI_SECONDARY_BUS, PCI_VENDOR_ID } from '../machine/pci/config';
import type { PciFunction } from '../machine/pci/function';
import { bytesAt, memoryOf, rowsOf } from './bytes';
import { processorItems, remappingItems, vectorItem } from './interrupts';
import { iommufdItems } from './iommufd';
import { group, leaf, listing, type Item } from './item';
import { deviceMemoryItem } from './device-memory';
import { diskItem } from './disks';
import { busItem, ownerOf } from './pci';
import { duration } from '../text/durations';
import { counted, countOf, hex, hexDigits, rangeText, sizeText } from '../text/text';
import { bytesStored } from './stored';

const CONFIG_SIZE = 256;
/** The size of an entry of a table. */
const ENTRY = 8;

/** @param kernel the running kernel; null if there is none */
export function deviceItems(machine: Machine, kernel: Kernel | null): Item[] {
    const { pci } = machine;
    if (pci.devices.length === 0 && !pci.iommu) {
        return [];
    }
    return [
        busItem(machine, kernel),
        group('devices', countOf(pci.devices.length, 'device'), () => [
            ...pci.bridges.map(bridgeItem),
            ...pci.devices.map((d) => deviceItem(machine, kernel, d)),
        ]),
        ...processorItems(machine),
        ...(pci.iommu ? [iommuItem(machine, pci.iommu)] : []),
        ...iommufdItems(kernel),
    ];
}

function configItem(f: PciFunction): Item {
    const { config } = f;
    const id = (at: number): string => hexDigits(config.read(at, 2), 4);
    return {
        name: 'config',
        value: `${id(PCI_VENDOR_ID)}:${id(PCI_DEVICE_ID)}, command ${hex(config.read(PCI_COMMAND, 2))}`,
        kind: 'virtual',
        children: rowsOf(CONFIG_SIZE, hex, (at, n) => Uint8Array.from({ length: n }, (_, i) => config.read(at + i, 1))),
    };
}

const stateOf = (f: PciFunction): Item[] => [
    leaf('power', f.power === 0 ? 'D0' : f.power === 3 ? 'D3hot' : `D${f.power}`),
    leaf('bus master', f.busMaster ? 'on' : 'off'),
    configItem(f),
];

function bridgeItem(f: PciFunction): Item {
    const what = f.upstream ? 'bridge' : 'root port';
    return group(f.name, `${what} to bus ${hexDigits(f.config.read(PCI_SECONDARY_BUS, 1), 2)}`, () => stateOf(f));
}

function deviceItem(machine: Machine, kernel: Kernel | null, d: Device): Item {
    const bound = kernel?.devices.of(d);
    return {
        name: d.shape.name,
        value: `${d.kind} at ${d.name}, ${d.running ? 'running' : 'idle'}`,
        evaluateName: d.shape.name,
        children: {
            named: () => [
                leaf('owner', ownerOf(kernel, d)),
                leaf('driver', bound?.driver === undefined || bound.driver === '' ? 'none' : bound.driver),
                leaf('domain', bound ? bound.domain.display() : 'none'),
                ...stateOf(d),
                leaf(
                    'DMA',
                    `${counted(d.writes, 'write')}, ${counted(d.reads, 'read')}, ${sizeText(d.bytes)}; ${counted(d.faults, 'fault')}, ${d.dropped} dropped`,
                ),
                ...(d.program
                    ? [
                          leaf(
                              'registers',
                              `ring ${hex(d.program.base)}, ${sizeText(d.program.length)}; ${counted(d.program.size, 'byte')} every ${duration(d.program.every)}; head ${d.round}`,
                          ),
                      ]
                    : []),
                ...(d.link
                    ? [leaf('link', `${counted(d.link.lost, 'frame')} lost, blackout ${duration(d.link.blackout)}`)]
                    : []),
                ...(d.disk ? [diskItem(machine, d, d.disk)] : []),
                ...(d.memory ? [deviceMemoryItem(d.memory)] : []),
                listing('vectors', 'vector', d.msix.length, (i) => vectorItem(machine, d, i)),
                ...ringItems(machine, bound, d),
                ...(d.atc
                    ? [
                          listing('ATC', 'translation', d.atc.size, (i) => {
                              const e = [...(d.atc?.entries() ?? [])][i];
                              return e
                                  ? leaf(
                                        `[${i}]`,
                                        `domain ${e.domain}, ${hex(e.page * IO_PAGE)} → ${hex(e.frame * IO_PAGE)}, ${e.read ? 'r' : '-'}${e.write ? 'w' : '-'}`,
                                    )
                                  : leaf('none', '');
                          }),
                      ]
                    : []),
                ...(bound
                    ? [
                          listing('mappings', 'mapping', bound.domain.areas.length, (i) => {
                              const a = bound.domain.areas[i];
                              return a
                                  ? {
                                        name: `${hex(a.iova)}`,
                                        value: `${rangeText(a.pa, a.length)}, ${machine.owners.name(a.owner)}`,
                                        address: a.pa,
                                        stored: bytesStored(a.pa, a.length),
                                        children: { named: () => [bytesAt(memoryOf(machine), a.pa, a.length)] },
                                    }
                                  : leaf('none', '');
                          }),
                      ]
                    : []),
            ],
        },
    };
}

/** The memory of the device's rings, at its physical address if its domain maps it. */
function ringItems(machine: Machine, bound: BoundDevice | undefined, d: Device): Item[] {
    const { program } = d;
    if (!program) {
        return [leaf('rings', 'not set')];
    }
    const area = bound?.domain.areaAt(program.base);
    const text = `device address ${hex(program.base)}, ${sizeText(program.length)}; ${counted(program.size, 'byte')} every ${duration(program.every)}, round ${d.round}`;
    if (!area) {
        return [leaf('rings', text)];
    }
    const pa = area.pa + program.base - area.iova;
    return [
        {
            name: 'rings',
            value: text,
            address: pa,
            children: {
                named: () => [
                    bytesAt(memoryOf(machine), pa, Math.min(program.length, area.iova + area.length - program.base)),
                ],
            },
        },
    ];
}

function iommuItem(machine: Machine, iommu: Iommu): Item {
    return group('IOMMU', iommu.display(), () => [
        leaf('root', iommu.root === 0 ? 'not set' : hex(iommu.root)),
        group('tables', 'as in memory', () =>
            machine.pci.devices.map((d) => {
                const found = iommu.format.lookup(machine, iommu.root, d.requester, []);
                return 'fault' in found
                    ? leaf(`${d.bdf} ${d.shape.name}`, `nothing: ${found.fault}`)
                    : targetItem(machine, iommu, `${d.bdf} ${d.shape.name}`, found);
            }),
        ),
        listing('IOTLB', 'entry', [...iommu.tlb.entries()].length, (i) => {
            const e = [...iommu.tlb.entries()][i];
            return e
                ? leaf(
                      `[${i}]`,
                      `domain ${e.domain}, ${hex(e.page * IO_PAGE)} → ${hex(e.frame * IO_PAGE)}, ${e.read ? 'r' : '-'}${e.write ? 'w' : '-'}`,
                  )
                : leaf('none', '');
        }),
        ...remappingItems(machine),
        listing('faults', 'fault', iommu.faults.length, (i) => {
            const f = iommu.faults.at(i);
            return f
                ? leaf(
                      `[${i}]`,
                      `${f.write ? 'write' : 'read'} at ${hex(f.iova)} by ${hexDigits(f.requester, 4)}: ${f.reason} (${hex(f.code)})`,
                  )
                : leaf('none', '');
        }),
    ]);
}

function targetItem(machine: Machine, iommu: Iommu, name: string, t: Target): Item {
    return t.kind === 'identity'
        ? leaf(name, `domain ${t.domain}: physical addresses`)
        : {
              name,
              value: `domain ${t.domain}, ${counted(t.levels, 'level')} at ${hex(t.root)}`,
              address: t.root,
              children: tableChildren(machine, iommu, t.root, t.levels, 0),
          };
}

/** The present entries of a table. */
function tableChildren(
    machine: Machine,
    iommu: Iommu,
    table: number,
    level: number,
    base: number,
): NonNullable<Item['children']> {
    const { pages } = iommu.format;
    const { shape } = pages;
    const named = (): Item[] => {
        if (!machine.isRam(table, shape.size)) {
            return [leaf('none', `no memory at ${hex(table)}`)];
        }
        return Array.from({ length: shape.entries }, (_, i) => {
            const at = table + i * ENTRY;
            const entry: Decoded = pages.decode(readEntry(machine.memory, at), level);
            const item = entryItem(machine, iommu, entry, level, base + i * shape.mappedBy(level));
            return item && { ...item, stored: { address: at, size: ENTRY, shown: { as: 'address' } as const } };
        }).filter((item) => item !== undefined);
    };
    return { named };
}

function entryItem(machine: Machine, iommu: Iommu, e: Decoded, level: number, iova: number): Item | undefined {
    const name = hex(iova);
    if (e.kind === 'none') {
        return undefined;
    }
    if (e.kind === 'bad') {
        return leaf(name, 'reserved bits are set');
    }
    return e.kind === 'leaf'
        ? {
              name,
              value: `${rangeText(e.pa, iommu.format.pages.shape.mappedBy(level))}, ${e.read ? 'r' : '-'}${e.write ? 'w' : '-'}`,
              address: e.pa,
          }
        : {
              name,
              value: `table of level ${e.level} at ${hex(e.pa)}`,
              address: e.pa,
              children: tableChildren(machine, iommu, e.pa, e.level, iova),
          };
}
