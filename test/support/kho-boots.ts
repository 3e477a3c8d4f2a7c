/** Boots kernels on a machine, without processes or scenarios: the memory half of a boot sequence. */
import { DEFAULT_EARLY_MEMORY } from '../../emulator/kernel/release/early-memory';
import { X86_64 } from '../../emulator/kernel/release/arch';
import { KHO_V4 } from '../../emulator/kernel/release/kho-format';
import assert from 'node:assert/strict';
import type { Machine } from '../../emulator/machine/machine';
import { PageAllocator } from '../../emulator/kernel/mm/buddy';
import { Memblock } from '../../emulator/kernel/mm/memblock';
import { Memmap } from '../../emulator/kernel/mm/memmap';
import { MEMORY_DEFAULTS } from '../../emulator/kernel/mm/parameters';
import { Vmalloc } from '../../emulator/kernel/mm/vmalloc';
import {
    freeReserved,
    khoInit,
    khoMemoryInit,
    khoPopulate,
    memblockFreeAll,
    memblockInit,
    nodeSpans,
} from '../../emulator/kernel/kho/boot';
import type { BootContext, BootDescription } from '../../emulator/kernel/kho/boot-context';
import { earlyAllocations } from '../../emulator/kernel/kho/early-allocations';
import { parametersSize, readKernelName, readParameters } from '../../emulator/kernel/kho/boot-params';
import type { LogLevel } from '../../emulator/kernel/klog';
import { coldLoad, loadFile } from '../../emulator/kernel/kho/kexec-image';
import type { KernelFile } from '../../emulator/kernel/kho/segment-places';
import { Kho } from '../../emulator/kernel/kho/kho';
import { DEFAULT_SCRATCH, type ScratchSizes } from '../../emulator/kernel/kho/scratch';
import type { Host } from './kho-host';

export const DESCRIPTION: BootDescription = {
    numa: true,
    debug: true,
    format: KHO_V4,
    arch: X86_64,
    release: '7.2.13',
    early: DEFAULT_EARLY_MEMORY,
    kfence: false,
    zoneDma: true,
    bounceBuffers: MEMORY_DEFAULTS.bounceBuffers,
    iommuOff: false,
};
export const KERNEL: KernelFile = {
    name: '7.2',
    imageSize: X86_64.early.image,
    commandLine: 'kho=on liveupdate=on',
    // of the recorded machines
    initrdSize: 0x2b5000,
};

export interface BootedHost extends Host {
    memblock: Memblock;
    scratch: readonly { addr: number; size: number }[];
}

export interface BootOptions {
    description?: BootDescription;
    kho?: boolean;
    sizes?: ScratchSizes;
}

export function cold(machine: Machine, options: BootOptions = {}): BootedHost {
    return bootFrom(machine, coldLoad({ machine }, KERNEL) ?? assert.fail('no room'), options);
}

/** Loads the same kernel and jumps. */
export function kexec(host: BootedHost, options: BootOptions = {}): BootedHost {
    const image = loadFile(host.env, KERNEL, host.kho);
    assert.ok('copyToDestinations' in image, String(image));
    return bootFrom(host.machine, image.copyToDestinations(), options);
}

export function bootFrom(machine: Machine, parameters: number, options: BootOptions = {}): BootedHost {
    const result = tryBoot(machine, parameters, options);
    assert.ok(!('panic' in result), 'panic' in result ? result.panic : '');
    return result;
}

export function tryBoot(
    machine: Machine,
    parameters: number,
    options: BootOptions = {},
): BootedHost | { panic: string } {
    const description = options.description ?? DESCRIPTION;
    const params = readParameters(machine, parameters) ?? assert.fail('no boot parameters');
    assert.equal(readKernelName(machine, params.kernel.addr), '7.2');
    const lines: string[] = [];
    const log = {
        log: (level: LogLevel, text: string) => lines.push(`${level}: ${text}`),
        warning: (where: string, text: string) => lines.push(`WARN ${where}: ${text}`),
    };
    const memmap = new Memmap(machine.journal);
    const memblock = new Memblock(machine.journal, machine.page);
    const ctx: BootContext = { machine, memmap, memblock, log, description, commandLine: params.commandLine.length };
    memblockInit(ctx, {
        image: params.kernel,
        initrd: params.initrd,
        parameters: [{ addr: parameters, size: parametersSize(params.commandLine) }],
    });
    const { kho: setup } = params;
    const incoming = setup && khoPopulate(ctx, setup.fdt, setup.fdtSize, setup.scratch, setup.scratchSize);
    const early = earlyAllocations(ctx);
    if (early) {
        return early;
    }
    const memory = khoMemoryInit(ctx, incoming, options.kho ?? true, options.sizes ?? DEFAULT_SCRATCH);
    if ('panic' in memory) {
        return memory;
    }
    const allocator = new PageAllocator(machine, memmap, nodeSpans(machine, description.numa));
    memblockFreeAll(ctx, allocator);
    const env = { machine, memmap, allocator, log, options: description };
    const kho = new Kho(env, memory.enabled, incoming, memory.scratch, memory.scratchArray);
    kho.setIncoming(memory.runs, memory.pages);
    khoInit(kho);
    if (params.initrd) {
        freeReserved(machine, memmap, allocator, params.initrd);
    }
    machine.journal.edit(machine).boots++;
    return {
        machine,
        env,
        kho,
        vmalloc: new Vmalloc(machine.journal, machine.memory, allocator),
        log: lines,
        memblock,
        scratch: memory.scratch,
    };
}

/** A folio with a recognizable content, preserved. */
export function preservedFolio(host: Host, order: number, seed: number): number {
    const pfn = host.env.allocator.alloc(order, { owner: host.machine.owners.id(`memfd ${seed}`) });
    assert.ok(pfn >= 0);
    const { size } = host.machine.page;
    host.machine.memory.fillPattern(pfn * size, size << order, seed, 0);
    assert.equal(host.kho.preserveFolio(pfn), 0);
    return pfn;
}
