/**
 * Devices that go on over a kexec: before it, whether everything is preserved that they can reach; after it, what is theirs still.
 * What is asked here are the invariants of devices that keep running: their memory and the tables before it are preserved, on all levels,
 * and nobody gives them away before the device sees others.
 */
import type { BoundDevice } from '../kernel/devices/bound';
import { readTables } from '../kernel/devices/page-tables';
import type { Kernel } from '../kernel/kernel';
import type { LogLine } from '../kernel/klog';
import type { Device, Intent } from '../machine/devices/device';
import { type FaultReason, walk } from '../machine/iommu/tables';
import { Seq, Table } from '../machine/journal';
import type { Frame } from '../runtime/code';
import type { Phase } from '../runtime/listener';
import type { Rules } from './rules';
import type { Scene } from './scene';
import type { Say } from '../findings/diagnosis';
import { pagesText } from './wording';
import { hex, listed } from '../text/text';

/** Page frames [start, end). */
interface Span {
    readonly start: number;
    readonly end: number;
}

export interface CarriedDevices extends Rules {
    /** A page that a device which came along was given by the previous kernel's user space, and that is still its own. */
    mayUse(device: Device, iova: number, pa: number): boolean;
    /** It was preserved at the last kexec. */
    has(device: Device): boolean;
    /** A page that was preserved at the last kexec, and that nobody has given away since. */
    isKept(pfn: number): boolean;
    freed(pfn: number, count: number): void;
    fault(device: Device, iova: number, write: boolean): void;
    /** Where the tables say that a request goes, whatever the IOMMU has cached; −1: nowhere. */
    byTables(device: Device, iova: number): number;
}

/** The entry of the device leads to no domain. */
const NO_DOMAIN: ReadonlySet<FaultReason> = new Set(['root-absent', 'context-absent', 'blocked']);

export function carriedDevices(scene: Scene): CarriedDevices {
    const { vm, chronicle, say } = scene;
    const { journal, pci, owners, page } = vm.machine;
    /** The devices that were preserved at the last kexec, and what they had been given then. */
    const carried = new Table<string, Intent>(journal);
    /** What was preserved then, ascending; one list, replaced as a whole. */
    const kept = new Seq<readonly Span[]>(journal);
    /** What was freed since then, in its order. */
    const freedSince = new Seq<Span>(journal);

    /** The first one that ends behind a page. */
    const nextOf = (spans: readonly Span[], pfn: number): Span | undefined => {
        let low = 0;
        let high = spans.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if ((spans[middle]?.end ?? 0) <= pfn) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return spans[low];
    };

    const covered = (spans: readonly Span[], pfn: number): Span | undefined => {
        const found = nextOf(spans, pfn);
        return found && found.start <= pfn ? found : undefined;
    };

    const isKept = (pfn: number): boolean => {
        const spans = kept.items[0];
        return (
            spans !== undefined &&
            covered(spans, pfn) !== undefined &&
            vm.power.kernel?.kho.isKhoBoot !== false &&
            !freedSince.items.some((s) => s.start <= pfn && pfn < s.end)
        );
    };

    const byTables = (device: Device, iova: number): number => {
        const { iommu } = pci;
        const found = iommu?.format.lookup(vm.machine, iommu.root, device.requester, []);
        if (!iommu || !found || 'fault' in found) {
            return -1;
        }
        if (found.kind === 'identity') {
            return iova;
        }
        const walked = walk(vm.machine, iommu.format.pages, found.root, found.levels, iova, []);
        return 'fault' in walked ? -1 : walked.pa;
    };

    /** LU1045: pages that the IOMMU reads on the way to what the device sees. */
    const checkTables = (kernel: Kernel, b: BoundDevice, spans: readonly Span[], tell: Say): void => {
        const { iommu } = pci;
        if (!iommu) {
            return;
        }
        const { unit } = kernel.devices;
        const name = b.device.shape.name;
        const { domain } = b;
        const tree = readTables(
            vm.machine.memory,
            (pa, n) => vm.machine.isRam(pa, n),
            iommu.format.pages,
            domain.root,
            domain.levels,
        );
        const above = [...list(unit.tablesAt(unit.root)), ...list(unit.tablesOf(b.device))].map((pfn) => ({
            pa: pfn * page.size,
            level: 0,
            iova: 0,
        }));
        const missing = [...above, ...(typeof tree === 'string' ? [] : tree.tables)].filter(
            (t) => !covered(spans, t.pa / page.size),
        );
        for (const level of new Set(missing.map((t) => t.level))) {
            const [first, ...more] = missing.filter((t) => t.level === level);
            if (first) {
                const what =
                    level === 0
                        ? 'a table of the IOMMU'
                        : `a table of level ${level}, for addresses from ${hex(first.iova)} on`;
                tell('LU1045', {
                    about: `${name} ${level}`,
                    history: chronicle.ofAddress(first.pa),
                    data: {
                        device: name,
                        at: b.device.name,
                        table: hex(first.pa),
                        pages: 1,
                        level,
                        tables: 1 + more.length,
                    },
                    message: `${name} keeps running, but ${what}, at ${hex(first.pa)}${more.length > 0 ? ` and ${more.length} more of that level are` : ' is'} not preserved: somebody else gets the page, and the IOMMU reads it all the same.`,
                });
            }
        }
        if (typeof tree !== 'string') {
            checkMemory(b, tree.mapped, spans, tell);
        }
    };

    /** LU1046: memory that the device can write to. */
    const checkMemory = (
        b: BoundDevice,
        mapped: readonly { readonly iova: number; readonly pa: number; readonly length: number }[],
        spans: readonly Span[],
        tell: Say,
    ): void => {
        const name = b.device.shape.name;
        let first: { readonly iova: number; readonly pfn: number; readonly pages: number } | undefined;
        let total = 0;
        for (const m of mapped) {
            const end = (m.pa + m.length) / page.size;
            for (let pfn = m.pa / page.size; pfn < end; ) {
                const span = nextOf(spans, pfn);
                const isCovered = span !== undefined && span.start <= pfn;
                const next = Math.min(end, (isCovered ? span.end : span?.start) ?? end);
                if (!isCovered) {
                    total += next - pfn;
                    first ??= { iova: m.iova + pfn * page.size - m.pa, pfn, pages: next - pfn };
                }
                pfn = next;
            }
        }
        if (first) {
            const pa = first.pfn * page.size;
            const owner = owners.name(vm.running.memmap.ownerOf(first.pfn));
            tell('LU1046', {
                about: name,
                history: chronicle.ofAddress(pa),
                data: {
                    device: name,
                    at: b.device.name,
                    address: hex(pa),
                    iova: hex(first.iova),
                    pages: first.pages,
                    owner,
                },
                message: `${name} keeps running and can write to ${pagesText(page, total)} of memory that are not preserved, from ${hex(pa)} (${hex(first.iova)} for the device) on: memory of ${owner}. Somebody else gets it, and the device goes on.`,
            });
        }
    };

    return {
        has: (device) => carried.has(device.shape.name),
        isKept,
        byTables,
        mayUse(device, iova, pa): boolean {
            const given = carried.get(device.shape.name)?.areaAt(iova);
            const { kernel } = vm.power;
            if (!given || pci.iommu?.enabled !== true || pa - given.pa !== iova - given.iova) {
                return false;
            }
            // until the kernel that comes up has looked, the device goes on as it was told; from then on it is one that came along, or nobody's
            const known = kernel?.devices.of(device);
            const goesOn = known ? known.inherited !== null : !kernel || vm.power.booting !== null;
            return goesOn && isKept(Math.floor(pa / page.size));
        },
        freed(pfn, count): void {
            if (carried.size === 0 || !kept.items[0] || !covered(kept.items[0], pfn)) {
                return;
            }
            const last = freedSince.at(-1);
            if (last?.end === pfn) {
                freedSince.set(freedSince.length - 1, { start: last.start, end: pfn + count });
            } else {
                freedSince.push({ start: pfn, end: pfn + count });
            }
        },
        handingOver(kernel, tell): void {
            carried.clear();
            kept.clear();
            freedSince.clear();
            const preserved = kernel.devices.bound.items.filter((b) => b.preserved !== 0);
            if (preserved.length === 0) {
                return;
            }
            const spans: Span[] = [];
            for (const run of kernel.kho
                .outgoingRuns()
                .map((r) => ({ start: r.pfn, end: r.pfn + r.blocks * 2 ** r.order }))
                .sort((a, b) => a.start - b.start)) {
                const last = spans.at(-1);
                if (last && last.end >= run.start) {
                    spans[spans.length - 1] = { start: last.start, end: Math.max(last.end, run.end) };
                } else {
                    spans.push(run);
                }
            }
            kept.push(spans);
            for (const b of preserved) {
                carried.set(b.device.shape.name, b.domain);
                checkTables(kernel, b, spans, tell);
            }
        },
        /** LU1048 */
        fault(device, iova, write): void {
            const reason = pci.iommu?.faults.at(-1)?.reason;
            if (vm.kernel?.desc.layers.has('iommu') === true && device.intent && reason && NO_DOMAIN.has(reason)) {
                const name = device.shape.name;
                say('LU1048', {
                    about: name,
                    data: { device: name, at: device.name, iova: hex(iova), write },
                    message: `${name} is running, but the IOMMU has no domain for it (${device.name}): every request is refused, the first one at ${hex(iova)}.`,
                });
            }
        },
        /** LU1049: what the devices go by is given back before them. */
        callbackEntered(name: string, _frame: Frame): void {
            const live =
                name === 'iommu_core.finish' ? (vm.kernel?.devices.bound.items.filter((b) => b.inherited) ?? []) : [];
            const [first] = live;
            if (first) {
                say('LU1049', {
                    about: 'iommu_core',
                    data: { flb: 'iommu_core', device: first.device.shape.name, devices: live.length },
                    message: `The FLB iommu_core is finished, but ${live.map((b) => b.device.shape.name).join(', ')} still ${live.length === 1 ? 'goes' : 'go'} by what it holds.`,
                });
            }
        },
        /** LU1080: the kernel has stopped, as it cannot know what the devices do. */
        log(line: LogLine): void {
            const running = pci.devices.filter((d) => carried.has(d.shape.name) && d.running);
            if (line.level === 'emerg' && line.text.includes('iommu: cannot re') && running.length > 0) {
                const names = listed(running.map((d) => d.shape.name));
                say('LU1080', {
                    about: names,
                    data: {
                        device: running[0]?.shape.name ?? '',
                        flb: 'iommu_core',
                        devices: running.map((d) => d.shape.name),
                    },
                    message: `The kernel stops: it cannot restore by which tables ${names} ${running.length === 1 ? 'reaches' : 'reach'} memory. ${running.length === 1 ? 'It goes' : 'They go'} on writing until the machine is reset.`,
                });
            }
        },
        /** A kernel that was switched on has nothing from before. */
        phase(phase: Phase): void {
            if (phase === 'boot' && vm.machine.pci.devices.every((d) => !d.intent)) {
                carried.clear();
            }
        },
    };
}

function list(folios: { readonly length: number; pfn(index: number): number }): number[] {
    return Array.from({ length: folios.length }, (_, i) => folios.pfn(i));
}
