/** Devices and memory that were preserved at the last kexec, and which of that memory the devices may still use. */
import type { Device, Intent } from '../machine/devices/device';
import { JournaledList, JournaledMap } from '../machine/journal';
import type { Kernel } from '../kernel/kernel';
import type { Host } from '../runtime/host/host';
import type { Rules } from './hearing';

/** Page frames [start, end). */
export interface Span {
    readonly start: number;
    readonly end: number;
}

export interface CarriedDevices extends Rules {
    /** It was preserved at the last kexec. */
    has(device: Device): boolean;
    /** The page was preserved at the last kexec and has not been freed since. */
    isKept(pfn: number): boolean;
    /**
     * User space of the previous kernel mapped this page for a preserved device, and the page still belongs to it.
     */
    mayUse(device: Device, iova: number, pa: number): boolean;
    /** Records that pages were freed. */
    freed(pfn: number, count: number): void;
    /** What was preserved at the last kexec, ascending. */
    readonly kept: readonly Span[];
}

/** The first span that ends after a page. */
export function nextOf(spans: readonly Span[], pfn: number): Span | undefined {
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
}

export function isCovered(spans: readonly Span[], pfn: number): boolean {
    const found = nextOf(spans, pfn);
    return found !== undefined && found.start <= pfn;
}

const NOTHING: readonly Span[] = [];

/** What a kernel hands over, as spans of pages, ascending and disjoint. */
export function keptSpans(kernel: Kernel): Span[] {
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
    return spans;
}

export function carriedDevices(host: Host): CarriedDevices {
    const { journal, pci, page } = host.machine;
    /** What was mapped for the devices at that time. */
    const carried = new JournaledMap<string, Intent>(journal);
    /**
     * What was preserved at that time, and the number of the boot that the kexec leads to. One item, replaced as a
     * whole.
     */
    const kept = new JournaledList<{ readonly spans: readonly Span[]; readonly into: number }>(journal);
    /** What was freed since, in order of time. */
    const freedSince = new JournaledList<Span>(journal);

    const isKept = (pfn: number): boolean => {
        const [then] = kept;
        return (
            then !== undefined &&
            isCovered(then.spans, pfn) &&
            host.kernel?.kho.isKhoBoot !== false &&
            !freedSince.items.some((s) => s.start <= pfn && pfn < s.end)
        );
    };

    return {
        has: (device) => carried.has(device.shape.name),
        isKept,
        get kept(): readonly Span[] {
            return kept.items[0]?.spans ?? NOTHING;
        },
        mayUse(device, iova, pa): boolean {
            const given = carried.get(device.shape.name)?.areaAt(iova);
            const { kernel } = host;
            if (!given || pci.iommu?.enabled !== true || pa - given.pa !== iova - given.iova) {
                return false;
            }
            // until the booting kernel has looked for devices, the device runs as it was programmed; afterwards it is
            // either inherited or unknown
            const known = kernel?.devices.of(device);
            const goesOn = known ? known.inherited !== null : !kernel || host.booting !== null;
            return goesOn && isKept(Math.floor(pa / page.size));
        },
        freed(pfn, count): void {
            const [then] = kept;
            if (carried.size === 0 || !then || !isCovered(then.spans, pfn)) {
                return;
            }
            const last = freedSince.at(-1);
            if (last?.end === pfn) {
                freedSince.set(freedSince.length - 1, { start: last.start, end: pfn + count });
            } else {
                freedSince.push({ start: pfn, end: pfn + count });
            }
        },
        handingOver(kernel): void {
            carried.clear();
            kept.clear();
            freedSince.clear();
            const preserved = kernel.devices.bound.items.filter((b) => b.preserved !== 0);
            if (preserved.length === 0) {
                return;
            }
            const spans = keptSpans(kernel);
            kept.push({ spans, into: kernel.boot + 1 });
            for (const b of preserved) {
                carried.set(b.device.shape.name, b.domain);
            }
        },
        /** A kernel that another kernel did not jump to has no preserved devices. */
        phase(phase): void {
            if (phase === 'boot' && kept.items[0]?.into !== host.boot) {
                carried.clear();
            }
        },
        lost: () => carried.clear(),
    };
}
