/** The physical memory that devices can reach, as their IOMMU reads it from its tables now. */
import { readTables } from '../../kernel/devices/page-tables';
import type { Device } from '../../machine/devices/device';
import { walk } from '../../machine/iommu/tables';
import type { Machine } from '../../machine/machine';

/** Memory that a device can reach at its own addresses [iova, iova+length). Bytes. */
export interface Reach {
    readonly device: string;
    readonly iova: number;
    readonly pa: number;
    readonly length: number;
}

export interface DeviceReach {
    readonly device: string;
    /** The way of its requests: `domain 3, tables at 0x1234000`. */
    readonly through: string;
    readonly ranges: readonly Reach[];
    /** The number of ranges that are not in the list. */
    readonly more: number;
    /** Why the tables cannot be read, and the device reaches nothing; undefined: they can. */
    readonly fault: string | undefined;
}

/** The most ranges of a device. */
const MOST = 2000;

type Target =
    | { readonly kind: 'all'; readonly through: string }
    | { readonly kind: 'tables'; readonly root: number; readonly levels: number; readonly through: string }
    | { readonly kind: 'none'; readonly why: string };

function targetOf(machine: Machine, device: Device): Target {
    const { iommu } = machine.pci;
    if (!device.reachesMemory) {
        return { kind: 'none', why: 'a bus master bit on its path is off' };
    }
    if (!iommu?.enabled) {
        return { kind: 'all', through: iommu ? 'translation is off' : 'there is no IOMMU' };
    }
    const { requester } = device;
    const found = iommu.contexts.get(requester) ?? iommu.format.lookup(machine, iommu.root, requester, []);
    if ('fault' in found) {
        return { kind: 'none', why: `the IOMMU has no entry for it (${found.fault})` };
    }
    return found.kind === 'identity'
        ? { kind: 'all', through: `domain ${found.domain}, addresses are physical` }
        : {
              kind: 'tables',
              root: found.root,
              levels: found.levels,
              through: `domain ${found.domain}, tables at 0x${found.root.toString(16)}`,
          };
}

/** What each device of a machine can reach. Reads the tables of each domain once. */
export function reachOf(machine: Machine): DeviceReach[] {
    const { pci, memory } = machine;
    const read = new Map<number, ReturnType<typeof readTables>>();
    return pci.devices.map((device): DeviceReach => {
        const { name } = device.shape;
        const target = targetOf(machine, device);
        const none = { device: name, ranges: [], more: 0 };
        if (target.kind === 'none') {
            return { ...none, through: '', fault: target.why };
        }
        if (target.kind === 'all') {
            const ranges = machine.ram.map(({ start, size }) => ({
                device: name,
                iova: start,
                pa: start,
                length: size,
            }));
            return { device: name, through: target.through, ranges, more: 0, fault: undefined };
        }
        let tree = read.get(target.root);
        if (tree === undefined && pci.iommu) {
            tree = readTables(
                memory,
                (pa, n) => machine.isRam(pa, n),
                pci.iommu.format.pages,
                target.root,
                target.levels,
            );
            read.set(target.root, tree);
        }
        if (tree === undefined || typeof tree === 'string') {
            return { ...none, through: target.through, fault: `the tables are wrong: ${tree ?? 'unreadable'}` };
        }
        return {
            device: name,
            through: target.through,
            ranges: tree.mapped.slice(0, MOST).map((m) => ({ device: name, ...m })),
            more: Math.max(0, tree.mapped.length - MOST),
            fault: undefined,
        };
    });
}

/** How a device reaches a page. */
export interface PathToPage {
    readonly device: string;
    readonly iova: number;
    readonly through: string;
    /** The tables that a request reads, the topmost first. */
    readonly tables: readonly number[];
    readonly write: boolean;
}

/** The ways from devices to a physical address. */
export function pathsTo(machine: Machine, pa: number, all: readonly DeviceReach[]): PathToPage[] {
    return all.flatMap(({ device, ranges, through }): PathToPage[] => {
        const range = ranges.find((r) => pa >= r.pa && pa < r.pa + r.length);
        const found = machine.pci.devices.find((d) => d.shape.name === device);
        if (!range || !found) {
            return [];
        }
        const iova = range.iova + pa - range.pa;
        const target = targetOf(machine, found);
        const tables: number[] = [];
        const { iommu } = machine.pci;
        if (target.kind !== 'tables' || !iommu) {
            return [{ device, iova, through, tables, write: true }];
        }
        const way = walk(machine, iommu.format.pages, target.root, target.levels, iova, tables);
        return [{ device, iova, through, tables, write: 'write' in way && way.write }];
    });
}
