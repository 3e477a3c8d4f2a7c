/**
 * Devices that keep running over a kexec. Their memory, and the tables that lead to it on all levels, must be preserved
 * before the kexec, and must not be freed after it before the devices use other tables.
 */
import { BARS } from '../machine/devices/device-memory';
import type { BoundDevice } from '../kernel/devices/bound';
import { readTables } from '../kernel/devices/page-tables';
import type { Kernel } from '../kernel/kernel';
import { hasSeries, IOMMU_FLB } from '../kernel/release/layers';
import type { FaultReason } from '../machine/iommu/tables';
import { isCovered, nextOf, type Span } from './carried-devices';
import { ruleFile } from './rules';
import { be, pagesText } from './wording';
import { hex, listed } from '../text/text';

/** The entry of the device leads to no domain. */
const NO_DOMAIN: ReadonlySet<FaultReason> = new Set(['root-absent', 'context-absent', 'blocked']);

/** The largest number of page ranges in the data of a finding. */
const RANGES_LIMIT = 64;

export const carriedRules = ruleFile(['LU1045', 'LU1046', 'LU1048', 'LU1049', 'LU1080'], (scene) => {
    const { host, chronicle, carried, say } = scene;
    const { pci, owners, page } = host.machine;

    /** Ranges of pages, as `[address, number of pages]`, for the data of a finding; only the first of them. */
    const rangesOf = (tables: readonly number[]): readonly (readonly [string, number])[] => {
        const runs: { readonly start: number; pages: number }[] = [];
        for (const pa of [...tables].sort((a, b) => a - b)) {
            const last = runs.at(-1);
            if (last && last.start + last.pages * page.size === pa) {
                last.pages++;
            } else {
                runs.push({ start: pa, pages: 1 });
            }
        }
        return runs.slice(0, RANGES_LIMIT).map((r) => [hex(r.start), r.pages]);
    };

    /** LU1045: pages that the IOMMU reads to translate addresses of the device. */
    const checkTables = (kernel: Kernel, b: BoundDevice, spans: readonly Span[], tell: typeof say): void => {
        const { iommu } = pci;
        if (!iommu) {
            return;
        }
        const { unit } = kernel.devices;
        const name = b.device.shape.name;
        const { domain } = b;
        const tree = readTables(
            host.machine.memory,
            (pa, n) => host.machine.isRam(pa, n),
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
            (t) => !isCovered(spans, t.pa / page.size),
        );
        for (const level of new Set(missing.map((t) => t.level))) {
            const [first, ...more] = missing.filter((t) => t.level === level);
            if (first) {
                const what =
                    level === 0
                        ? 'a table of the IOMMU'
                        : `a table of level ${level} for addresses from ${hex(first.iova)} on`;
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
                        ranges: rangesOf([first, ...more].map((t) => t.pa)),
                    },
                    message: `${name} keeps running, but ${what} is not preserved, at ${hex(first.pa)}${more.length > 0 ? ` (and ${more.length} more of that level)` : ''}: the next kernel reuses the memory, and the IOMMU still reads it as a table.`,
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
        tell: typeof say,
    ): void => {
        const name = b.device.shape.name;
        let first: { readonly iova: number; readonly pfn: number; readonly pages: number } | undefined;
        let total = 0;
        for (const m of mapped.filter((x) => x.pa < BARS)) {
            const end = (m.pa + m.length) / page.size;
            for (let pfn = m.pa / page.size; pfn < end; ) {
                const span = nextOf(spans, pfn);
                const within = span !== undefined && span.start <= pfn;
                const next = Math.min(end, (within ? span.end : span?.start) ?? end);
                if (!within) {
                    total += next - pfn;
                    first ??= { iova: m.iova + pfn * page.size - m.pa, pfn, pages: next - pfn };
                }
                pfn = next;
            }
        }
        if (first) {
            const pa = first.pfn * page.size;
            const owner = host.running.memmap.ownerOf(first.pfn);
            tell('LU1046', {
                about: name,
                history: chronicle.ofAddress(pa),
                data: {
                    device: name,
                    at: b.device.name,
                    address: hex(pa),
                    iova: hex(first.iova),
                    pages: first.pages,
                    owner: owners.name(owner),
                },
                message: `${name} keeps running and can write to ${pagesText(page, total)} that ${be(total)} not preserved, from ${hex(pa)} (${hex(first.iova)} for the device) on: memory${owners.of(owner)}. The next kernel reuses the memory, and the device can still write to it.`,
            });
        }
    };

    return {
        handingOver(kernel, tell): void {
            for (const b of kernel.devices.bound.items.filter((x) => x.preserved !== 0)) {
                checkTables(kernel, b, carried.kept, tell);
            }
        },
        /** LU1048 */
        iommuFault(device, iova, write): void {
            const reason = pci.iommu?.faults.at(-1)?.reason;
            if (
                host.kernel &&
                hasSeries(host.kernel.desc.layers, 'iommu') &&
                device.intent &&
                reason &&
                NO_DOMAIN.has(reason)
            ) {
                const name = device.shape.name;
                say('LU1048', {
                    about: name,
                    data: { device: name, at: device.name, iova: hex(iova), write },
                    message: `${name} (${device.name}) is running, but the IOMMU has no domain for it and refuses every request, the first one at ${hex(iova)}.`,
                });
            }
        },
        /** LU1049: the state of the IOMMU is freed while devices use it. */
        callbackEntered(call): void {
            const finished = call.kind === 'flb' && call.flb.name === IOMMU_FLB && call.callback === 'finish';
            const live = finished ? (host.kernel?.devices.bound.items.filter((b) => b.inherited) ?? []) : [];
            const [first] = live;
            if (first) {
                say('LU1049', {
                    about: IOMMU_FLB,
                    data: { flb: IOMMU_FLB, device: first.device.shape.name, devices: live.length },
                    message: `The FLB ${IOMMU_FLB} is finished, but ${listed(live.map((b) => b.device.shape.name))} still ${live.length === 1 ? 'uses' : 'use'} the tables that it holds.`,
                });
            }
        },
        /** LU1080: the kernel panics, because it cannot know which memory the devices use. */
        translationLost(): void {
            const running = pci.devices.filter((d) => carried.has(d) && d.running);
            if (running.length > 0) {
                const names = listed(running.map((d) => d.shape.name));
                say('LU1080', {
                    about: names,
                    data: {
                        device: running[0]?.shape.name ?? '',
                        flb: IOMMU_FLB,
                        devices: running.map((d) => d.shape.name),
                    },
                    message: `The kernel panics: it cannot restore the tables by which ${names} ${running.length === 1 ? 'reaches' : 'reach'} memory. ${running.length === 1 ? 'The device keeps' : 'The devices keep'} writing until the machine is reset.`,
                });
            }
        },
    };
});

function list(folios: { readonly length: number; pfn(index: number): number }): number[] {
    return Array.from({ length: folios.length }, (_, i) => folios.pfn(i));
}
