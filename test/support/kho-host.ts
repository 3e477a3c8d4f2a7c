/** A machine with one kernel's memory management, for tests of KHO without a kernel. */
import { X86_64 } from '../../emulator/kernel/release/arch';
import { KHO_V4 } from '../../emulator/kernel/release/kho-format';
import type { PageGeometry } from '../../emulator/machine/arch';
import { Hasher } from '../../emulator/machine/hash';
import type { IommuVendor } from '../../emulator/machine/iommu/unit';
import { Machine, type RamRange } from '../../emulator/machine/machine';
import { PageAllocator } from '../../emulator/kernel/mm/buddy';
import { Memmap } from '../../emulator/kernel/mm/memmap';
import { Vmalloc } from '../../emulator/kernel/mm/vmalloc';
import type { IncomingHandover, KhoEnv } from '../../emulator/kernel/kho/env';
import type { LogLevel } from '../../emulator/kernel/klog';
import { Kho } from '../../emulator/kernel/kho/kho';

export const MiB = 1024 * 1024;
export const GiB = 1024 * MiB;

export interface Host {
    machine: Machine;
    env: KhoEnv;
    kho: Kho;
    vmalloc: Vmalloc;
    log: string[];
}

export interface HostOptions {
    numa?: boolean;
    debug?: boolean;
    /** The end of a scratch area that starts at the bottom of memory. */
    scratchEnd?: number;
    /** That of the architecture where it is left out. */
    page?: PageGeometry;
    /** None where it is left out. */
    iommu?: IommuVendor | undefined;
}

/** Two nodes of 256 MiB unless ranges are given; scratch is the first 8 MiB; all memory is free. */
export function makeHost(
    options: HostOptions = {},
    ranges: readonly RamRange[] = [
        { start: 0, size: 256 * MiB, node: 0 },
        { start: 256 * MiB, size: 256 * MiB, node: 1 },
    ],
): Host {
    const host = hostOn(new Machine({ ranges, page: options.page, iommu: options.iommu }), options, undefined);
    host.env.allocator.release(0, host.machine.ramSize / host.machine.page.size);
    return host;
}

/** A kernel's worth of structures on a machine; no memory is free yet. */
function hostOn(machine: Machine, options: HostOptions, incoming: IncomingHandover | undefined): Host {
    const { size } = machine.page;
    const memmap = new Memmap(machine.journal);
    const spans = machine.map.map((r) => ({
        node: r.node,
        start: r.start / size,
        end: (r.start + r.size) / size,
    }));
    const allocator = new PageAllocator(machine, memmap, spans);
    const scratchEnd = options.scratchEnd ?? 8 * MiB;
    memmap.markCma(0, scratchEnd / size);
    const log: string[] = [];
    const env: KhoEnv = {
        machine,
        memmap,
        allocator,
        log: {
            log: (level: LogLevel, text: string) => log.push(`${level}: ${text}`),
            warning: (where: string, text: string) => log.push(`WARN ${where}: ${text}`),
        },
        options: {
            numa: options.numa ?? true,
            debug: options.debug ?? false,
            format: KHO_V4,
            arch: X86_64,
            release: '7.2.13',
        },
    };
    const kho = new Kho(env, true, incoming, [{ addr: 0, size: scratchEnd }], 0);
    return { machine, env, kho, vmalloc: new Vmalloc(machine.journal, machine.memory, allocator), log };
}

export function fingerprint(host: Host): string {
    const hasher = new Hasher();
    host.machine.hash(hasher);
    host.env.memmap.hash(hasher);
    host.env.allocator.hash(hasher);
    host.kho.hash(hasher);
    host.vmalloc.hash(hasher);
    return hasher.digest();
}
