/**
 * The DMA sanitizer: compares every request of a device that reaches memory with what the software mapped for the
 * device.
 */
import { IO_PAGE, walk } from '../machine/iommu/tables';
import type { BoundDevice } from '../kernel/devices/bound';
import { TABLE_OWNER } from '../kernel/devices/tables';
import type { Area, Device } from '../machine/devices/device';
import { JournaledMap } from '../machine/journal';
import { deviceKey } from './chronicle';
import { ruleFile } from './rules';
import { hex } from '../text/text';

export const deviceRules = ruleFile(['LU1027', 'LU1028', 'LU1029', 'LU1030', 'LU1047'], (scene) => {
    const { host, chronicle, carried, strays, say } = scene;
    const { owners, pci, journal, page } = host.machine;
    /** Reported findings: a device repeats a stray request a million times. */
    const told = new JournaledMap<string, true>(journal);
    /**
     * Pages of an area that were freed while they were mapped for a device, even if they have a new owner. Sets are
     * replaced, never changed in place.
     */
    const freed = new JournaledMap<Area, ReadonlySet<number>>(journal);
    /** Whether the owner of a number is a table; a cache. */
    const tableOwners = new Map<number, boolean>();

    const isNew = (key: string): boolean => {
        const first = !told.has(key);
        if (first) {
            told.set(key, true);
        }
        return first;
    };

    /**
     * Memory of a crashed kernel, which no kernel uses; a capture kernel only reads it. What devices do there harms
     * nothing but the dump.
     */
    const isDead = (pa: number): boolean => {
        const { commandLine } = host;
        return commandLine === undefined || (commandLine.crashKernel && host.machine.nodeOf(pa) === undefined);
    };

    const nameOf = (device: Device): string => device.shape.name;

    /** The physical address to which the tables translate a request, regardless of caches; −1: none. */
    const byTables = (device: Device, iova: number): number => {
        const { iommu } = pci;
        const found = iommu?.format.lookup(host.machine, iommu.root, device.requester, []);
        if (!iommu || !found || 'fault' in found) {
            return -1;
        }
        if (found.kind === 'identity') {
            return iova;
        }
        const walked = walk(host.machine, iommu.format.pages, found.root, found.levels, iova, []);
        return 'fault' in walked ? -1 : walked.pa;
    };

    const pageText = (pa: number): string => {
        const pfn = Math.floor(pa / page.size);
        const { kernel } = host;
        if (!kernel) {
            return 'memory that the booting kernel has not allocated yet';
        }
        const state = kernel.memmap.stateOf(pfn);
        if (state === 'preserved') {
            return 'memory that the previous kernel preserved and that has not been restored';
        }
        return state === 'free' ? 'free memory' : `memory${owners.of(kernel.memmap.ownerOf(pfn))}`;
    };

    const isTableOwner = (owner: number): boolean => {
        let known = tableOwners.get(owner);
        if (known === undefined) {
            known = owners.name(owner).startsWith(`${TABLE_OWNER} `);
            tableOwners.set(owner, known);
        }
        return known;
    };

    const dataOf = (device: Device, iova: number, pa: number, write: boolean) => ({
        device: nameOf(device),
        at: device.name,
        iova: hex(iova),
        address: hex(pa),
        write,
        owner: host.kernel ? owners.name(host.kernel.memmap.ownerOf(Math.floor(pa / page.size))) : null,
    });

    /** LU1030: the running kernel has not started this device. */
    const unknownDevice = (device: Device, text: string, pa?: number): void => {
        if (isNew(`LU1030 ${nameOf(device)} ${device.intent?.boot ?? -1}`)) {
            say('LU1030', {
                about: nameOf(device),
                message: text,
                history: [
                    ...chronicle.of(deviceKey(nameOf(device))),
                    ...(pa === undefined ? [] : chronicle.ofAddress(pa)),
                ],
                data: {
                    device: nameOf(device),
                    at: device.name,
                    driver: host.kernel?.devices.of(device)?.driver ?? '',
                    program: hex(device.program?.base ?? 0),
                },
            });
        }
    };

    /** Without an IOMMU the kernel does not know which memory user space lets a device use: it may be all but free. */
    const isUnsafe = ({ intent }: Device, bound: BoundDevice | undefined, pa: number): boolean =>
        bound !== undefined &&
        bound.noIommu >= 0 &&
        intent?.boot === host.boot &&
        host.kernel?.memmap.stateOf(Math.floor(pa / page.size)) !== 'free';

    const stray = (device: Device, iova: number, pa: number, write: boolean): void => {
        const name = nameOf(device);
        const { intent } = device;
        const bound = host.kernel?.devices.of(device);
        if (isUnsafe(device, bound, pa)) {
            return;
        }
        const verb = write ? 'writes to' : 'reads';
        strays.set(name, (strays.get(name) ?? 0) + 1);
        // the first condition that holds is the cause; its consequences are not reported
        const reused =
            pci.iommu?.enabled === true &&
            bound !== undefined &&
            host.kernel?.devices.ids.wasGivenBefore(bound.domain.id) === true;
        const tables = reused ? byTables(device, iova) : pa;
        // requests that a device translates with its own cache bypass the IOMMU
        const own = device.atc?.find(Math.floor(iova / IO_PAGE), write) === Math.floor(pa / IO_PAGE);
        if (!own && tables !== pa) {
            if (isNew(`LU1047 ${name} ${host.boot}`)) {
                say('LU1047', {
                    about: name,
                    history: chronicle.ofAddress(pa),
                    data: dataOf(device, iova, pa, write),
                    message: `${name} ${verb} ${hex(pa)} through a stale translation of ${hex(iova)} that the IOMMU has cached, but its tables ${tables < 0 ? 'map nothing there' : `lead to ${hex(tables)}`}: another domain had its domain id before, and the translations cached under that id were not flushed. At ${hex(pa)} is ${pageText(pa)}.`,
                });
            }
        } else if (!own && intent?.translated === true && pci.iommu?.enabled !== true) {
            if (isNew(`LU1029 ${name} ${intent.boot}`)) {
                say('LU1029', {
                    about: name,
                    history: chronicle.ofAddress(pa),
                    data: dataOf(device, iova, pa, write),
                    message: `${name} ${verb} ${hex(pa)} while translation is off: ${hex(iova)} is an address in the domain of ${intent.name}, but is taken for a physical address. It is ${pageText(pa)}.`,
                });
            }
        } else if (intent && intent.boot !== host.boot && !carried.has(device)) {
            unknownDevice(
                device,
                `${name} ${verb} ${hex(pa)}, ${pageText(pa)}: a previous kernel started the device, and this kernel does not know of it.`,
                pa,
            );
        } else {
            const owner = host.kernel?.memmap.ownerOf(Math.floor(pa / page.size)) ?? 0;
            if (isNew(`LU1027 ${name} ${owner} ${intent?.boot ?? -1}`)) {
                say('LU1027', {
                    about: `${name} ${owner}`,
                    history: chronicle.ofAddress(pa),
                    data: dataOf(device, iova, pa, write),
                    ...(own
                        ? {
                              advice: 'When a mapping is removed, invalidate the translation in the device, too, and wait until the device confirms it. Do not enable ATS for a device that does not invalidate.',
                          }
                        : {}),
                    message: `${name} ${verb} ${hex(pa)} (${hex(iova)} for the device${own ? ', translated by its own cache' : ''}), which ${intent ? `${intent.name} has not mapped for it, or has unmapped` : 'was never mapped for it'}: it is ${pageText(pa)}.`,
                });
            }
        }
    };

    const onFreed = (pfn: number, count: number): void => {
        carried.freed(pfn, count);
        for (const b of host.kernel?.devices.bound ?? []) {
            // what user space maps is pinned, so only memory mapped by the DMA API can be freed
            for (const area of b.own.areas) {
                const from = Math.max(pfn, Math.floor(area.pa / page.size));
                const to = Math.min(pfn + count, Math.ceil((area.pa + area.length) / page.size));
                if (from < to) {
                    freed.set(
                        area,
                        new Set([...(freed.get(area) ?? []), ...Array.from({ length: to - from }, (_, i) => from + i)]),
                    );
                }
            }
        }
    };
    // pages are freed a million times in a row: without devices there is no observer
    host.machine.history.onFreed = pci.devices.length > 0 ? onFreed : null;

    return {
        dma(device, iova, pa, _length, write): void {
            const { intent } = device;
            const { kernel } = host;
            if (
                intent &&
                kernel &&
                intent.boot === kernel.boot &&
                (!intent.translated || pci.iommu?.enabled === true)
            ) {
                // a free page has owner 0, which no mapping has
                const area = intent.areaAt(iova);
                if (
                    area &&
                    kernel.memmap.ownerOf(Math.floor(pa / page.size)) === area.owner &&
                    pa - area.pa === iova - area.iova &&
                    (freed.size === 0 || freed.get(area)?.has(Math.floor(pa / page.size)) !== true)
                ) {
                    return;
                }
            }
            if (!isDead(pa) && !carried.mayUse(device, iova, pa)) {
                stray(device, iova, pa, write);
            }
        },
        walked(device, iova, trail): void {
            const { kernel } = host;
            for (const table of kernel ? trail : []) {
                const pfn = Math.floor(table / page.size);
                if (isDead(table)) {
                    continue;
                }
                if (kernel?.memmap.isAllocated(pfn) === true && isTableOwner(kernel.memmap.ownerOf(pfn))) {
                    continue;
                }
                if (kernel?.memmap.stateOf(pfn) === 'preserved' && carried.isKept(pfn)) {
                    continue;
                }
                if (isNew(`LU1028 ${carried.has(device) ? `${nameOf(device)} ${host.boot}` : pfn}`)) {
                    say('LU1028', {
                        about: hex(table),
                        history: chronicle.ofAddress(table),
                        data: { device: nameOf(device), iova: hex(iova), table: hex(table) },
                        message: `The IOMMU walks a table at ${hex(table)} to translate ${hex(iova)} for ${nameOf(device)}, but the page is no longer a table: it is ${pageText(table)}.`,
                    });
                }
            }
        },
        /** LU1030: looks for running devices that the kernel does not know once it is up. */
        phase(phase): void {
            if (phase !== 'running' || host.commandLine?.crashKernel === true) {
                return;
            }
            for (const device of pci.devices) {
                const known = (host.kernel?.devices.pci.of(device)?.incoming ?? 0) !== 0;
                if (
                    device.running &&
                    device.reachesMemory &&
                    !known &&
                    device.intent &&
                    device.intent.boot !== host.boot
                ) {
                    unknownDevice(
                        device,
                        `${nameOf(device)} is still running: a previous kernel started it, and this kernel does not know of it.`,
                    );
                }
            }
        },
    };
});
