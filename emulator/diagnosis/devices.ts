/**
 * The sanitizer of devices: every request that goes to memory is compared with what the software meant when it
 * programmed the device.
 */
import { IO_PAGE, walk } from '../machine/iommu/tables';
import { TABLE_OWNER } from '../kernel/devices/tables';
import type { Area, Device } from '../machine/devices/device';
import { JournaledMap } from '../machine/journal';
import { deviceKey } from './chronicle';
import { ruleFile } from './rules';
import { hex } from '../text/text';

export const deviceRules = ruleFile(['LU1027', 'LU1028', 'LU1029', 'LU1030', 'LU1047'], (scene) => {
    const { host, chronicle, carried, strays, say } = scene;
    const { owners, pci, journal, page } = host.machine;
    /** What has been said: a device that goes astray does so a million times. */
    const told = new JournaledMap<string, true>(journal);
    /**
     * Pages of an area that were freed while a device had them, whoever has them now. Sets are replaced, never changed
     * in place.
     */
    const freed = new JournaledMap<Area, ReadonlySet<number>>(journal);
    /** Owners of tables by their number: a memo. */
    const tableOwners = new Map<number, boolean>();

    const isNew = (key: string): boolean => {
        const first = !told.has(key);
        if (first) {
            told.set(key, true);
        }
        return first;
    };

    const who = (device: Device): string => device.shape.name;

    /** Where the tables say that a request goes, whatever the IOMMU has cached; −1: nowhere. */
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
            return 'memory that the kernel which comes up has yet to give away';
        }
        const state = kernel.memmap.stateOf(pfn);
        if (state === 'preserved') {
            return 'memory that the previous kernel preserved, and that nobody has restored';
        }
        return state === 'free' ? 'free memory' : `memory of ${owners.name(kernel.memmap.ownerOf(pfn))}`;
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
        device: who(device),
        at: device.name,
        iova: hex(iova),
        address: hex(pa),
        write,
        owner: host.kernel ? owners.name(host.kernel.memmap.ownerOf(Math.floor(pa / page.size))) : null,
    });

    /** LU1030: nobody in the kernel that runs has set this device going. */
    const unknownDevice = (device: Device, text: string, pa?: number): void => {
        if (isNew(`LU1030 ${who(device)} ${device.intent?.boot ?? -1}`)) {
            say('LU1030', {
                about: who(device),
                message: text,
                history: [
                    ...chronicle.of(deviceKey(who(device))),
                    ...(pa === undefined ? [] : chronicle.ofAddress(pa)),
                ],
                data: {
                    device: who(device),
                    at: device.name,
                    driver: host.kernel?.devices.of(device)?.driver ?? '',
                    program: hex(device.program?.base ?? 0),
                },
            });
        }
    };

    const stray = (device: Device, iova: number, pa: number, write: boolean): void => {
        const name = who(device);
        const { intent } = device;
        const verb = write ? 'writes to' : 'reads';
        strays.set(name, (strays.get(name) ?? 0) + 1);
        // the first of these that holds is the cause; what follows from it is not said as well
        const bound = host.kernel?.devices.of(device);
        const reused =
            pci.iommu?.enabled === true &&
            bound !== undefined &&
            host.kernel?.devices.ids.wasGivenBefore(bound.domain.id) === true;
        const tables = reused ? byTables(device, iova) : pa;
        // what a device remembers itself goes past the IOMMU
        const own = device.atc?.find(Math.floor(iova / IO_PAGE), write) === Math.floor(pa / IO_PAGE);
        if (!own && tables !== pa) {
            if (isNew(`LU1047 ${name} ${host.boot}`)) {
                say('LU1047', {
                    about: name,
                    history: chronicle.ofAddress(pa),
                    data: dataOf(device, iova, pa, write),
                    message: `${name} ${verb} ${hex(pa)} by what the IOMMU has cached for ${hex(iova)}, but its tables ${tables < 0 ? 'have nothing there' : `lead to ${hex(tables)}`}: the id of its domain was another one's before, and nobody has flushed what was cached under it. At ${hex(pa)} lies ${pageText(pa)}.`,
                });
            }
        } else if (!own && intent?.translated === true && pci.iommu?.enabled !== true) {
            if (isNew(`LU1029 ${name} ${intent.boot}`)) {
                say('LU1029', {
                    about: name,
                    history: chronicle.ofAddress(pa),
                    data: dataOf(device, iova, pa, write),
                    message: `${name} ${verb} ${hex(pa)} while translation is off: ${hex(iova)} is an address of the domain of ${intent.name}, and is taken for a physical one. There lies ${pageText(pa)}.`,
                });
            }
        } else if (intent && intent.boot !== host.boot && !carried.has(device)) {
            unknownDevice(
                device,
                `${name} ${verb} ${hex(pa)}, ${pageText(pa)}: a kernel before this one set it going, and this one knows nothing of it.`,
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
                              advice: 'Whoever takes a mapping away has the device forget it as well, and waits until it has: a device that does not is not to be given ATS.',
                          }
                        : {}),
                    message: `${name} ${verb} ${hex(pa)} (${hex(iova)} for the device${own ? ', by a translation that it remembers itself' : ''}), which ${intent?.name ?? 'nobody'} has not given to it, or has taken back: it is ${pageText(pa)}.`,
                });
            }
        }
    };

    const onFreed = (pfn: number, count: number): void => {
        carried.freed(pfn, count);
        for (const b of host.kernel?.devices.bound ?? []) {
            // what user space maps is pinned, so only what the DMA API gave away can be freed
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
    // pages are freed a million times in a row: without devices nobody is told
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
                // a page that nobody has belongs to owner 0, which no mapping has
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
            if (!carried.mayUse(device, iova, pa)) {
                stray(device, iova, pa, write);
            }
        },
        walked(device, iova, trail): void {
            const { kernel } = host;
            for (const table of kernel ? trail : []) {
                const pfn = Math.floor(table / page.size);
                if (kernel?.memmap.isAllocated(pfn) === true && isTableOwner(kernel.memmap.ownerOf(pfn))) {
                    continue;
                }
                if (kernel?.memmap.stateOf(pfn) === 'preserved' && carried.isKept(pfn)) {
                    continue;
                }
                if (isNew(`LU1028 ${carried.has(device) ? `${who(device)} ${host.boot}` : pfn}`)) {
                    say('LU1028', {
                        about: hex(table),
                        history: chronicle.ofAddress(table),
                        data: { device: who(device), iova: hex(iova), table: hex(table) },
                        message: `The IOMMU walks a table at ${hex(table)} to translate ${hex(iova)} for ${who(device)}, but that is no table any more: it is ${pageText(table)}.`,
                    });
                }
            }
        },
        /** A kernel is up: is something going on that it knows nothing of? */
        phase(phase): void {
            if (phase !== 'running') {
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
                        `${who(device)} is still running: a kernel before this one set it going, and this one knows nothing of it.`,
                    );
                }
            }
        },
    };
});
