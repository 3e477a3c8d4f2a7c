/**
 * The boot of a kernel: from boot parameters in memory to registered handlers. start_kernel() in std/kernel.lus calls
 * the steps.
 */
import { PAGES_4K } from '../../machine/arch';
import { readCommandLine, type CommandLine } from '../../kernel/command-line/command-line';
import { hugePagesWanted } from '../../kernel/hugetlb/parameters';
import { Kernel } from '../../kernel/kernel';
import type { KernelLog } from '../../kernel/klog';
import {
    fillPageCache,
    freeReserved,
    khoInit,
    khoMemoryInit,
    khoPopulate,
    memblockFreeAll,
    memblockInit,
    nodeSpans,
} from '../../kernel/kho/boot';
import type { BootContext } from '../../kernel/kho/boot-context';
import { parametersSize } from '../../kernel/kho/boot-params';
import type { BootParams } from '../../kernel/kho/boot-info';
import { Err } from '../../kernel/release/errno';
import type { Area, IncomingHandover, KhoEnv } from '../../kernel/kho/env';
import { Kho } from '../../kernel/kho/kho';
import { layersOf, titleOf } from '../../kernel/release/layers';
import { parameterBuild } from '../../kernel/release/unknown-parameters';
import { seriesOf } from '../../kernel/release/version';
import { reservePlaces } from '../../kernel/kho/places';
import { registerFlb } from '../../kernel/luo/registration';
import {
    NO_RESERVED_MEMORY,
    preserveNamed,
    RESERVE_MEM,
    reserveNamed,
    type ReservedMemory,
} from '../../kernel/kho/reserve-mem';
import { readFdtPage, retrieveSubtree } from '../../kernel/kho/root-fdt';
import { type EarlyReservations, reserveEarly } from '../../kernel/mm/early-reservations';
import { PageAllocator } from '../../kernel/mm/buddy';
import { KfencePool } from '../../kernel/mm/kfence';
import { Memblock } from '../../kernel/mm/memblock';
import { Memmap } from '../../kernel/mm/memmap';
import { usableMemory, within } from '../../kernel/mm/usable-memory';
import { costId } from '../../machine/costs';
import { JournaledRecord } from '../../machine/journal';
import { BootHugePages } from './boot-huge-pages';
import { ProgramError } from '../../language/values';
import type { BootableKernel } from './kernels';
import { declaredFlb, registerHandler } from './modules';
import { KernelPanic } from './kernel-panic';
import type { Host } from './host';
import { hex } from '../../text/text';
import { setUpLpiTables } from '../../kernel/devices/lpi-tables';
import { type EarlyStage, takeEarlyMemory } from '../../kernel/kho/early-allocations';
import { encodeText } from '../../text/utf8';
import { placeImage } from '../../kernel/kho/kaslr';
import { IMAGE_PLACE } from '../../machine/chooser';
import { scratchAreas } from '../../kernel/kho/scratch';

const MiB = 2 ** 20;

const BOOT_EARLY = costId('boot_early');
const BOOT_MEMMAP = costId('boot_memmap');
const BOOT_INITCALLS = costId('boot_initcalls');
const BOOT_USERSPACE = costId('boot_userspace');

/** One boot, up to user space. Its input is the machine and the address of the boot parameters. */
export class Boot extends JournaledRecord {
    private readonly memmap: Memmap;
    private readonly pages: PageAllocator;
    private readonly context: BootContext;
    private readonly parameters: Area;
    /** Where it runs. */
    private readonly image: Area;
    readonly hugePages: BootHugePages;
    private readonly env: KhoEnv;
    readonly commandLine: CommandLine;
    readonly handover: IncomingHandover | null = null;
    readonly reserveMem: ReservedMemory = NO_RESERVED_MEMORY;
    readonly reservations: EarlyReservations = { crashKernel: [], cma: [] };
    /** The time at which the PCI scan began, in nanoseconds. */
    readonly scanBegan: number = 0;

    constructor(
        private readonly host: Host,
        readonly kernel: BootableKernel,
        at: number,
        private readonly params: BootParams,
    ) {
        super(host.machine.journal);
        const { machine } = host;
        const { desc } = kernel;
        const given = readCommandLine(params.commandLine, {
            ...parameterBuild(desc, params.arch.name),
            page: machine.page,
            zeroScratchSizes: desc.kho.zeroScratchSizes,
        });
        this.commandLine = desc.kho.offInCrashKernel && given.crashKernel ? { ...given, kho: false } : given;
        this.parameters = { addr: at, size: parametersSize(params.commandLine, params.arch) };
        // The decompressor knows the firmware's map, and moves the image before the kernel decides what it uses.
        this.image = this.placeImage();
        const used = usableMemory(within(machine.ram, params.usable), given, this.image);
        if (used !== machine.ram) {
            machine.use(used, !given.numaOff);
        }
        const log: KernelLog = {
            log: (level, text) => host.log(level, text),
            warning: (where, text) => host.warn(`${text} (${where})`),
        };
        this.memmap = new Memmap(machine.journal);
        this.pages = new PageAllocator(machine, this.memmap, nodeSpans(machine, desc.numa));
        this.pages.clock = machine.clock;
        this.pages.inject = () => host.injections.hit('page_alloc', host.boot) !== undefined;
        this.pages.injectsNothing = () => host.injections.spares('page_alloc', host.boot);
        const options = {
            numa: desc.numa,
            debug: desc.khoDebug,
            format: desc.kho,
            arch: params.arch,
            release: desc.release,
            flaws: desc.flaws,
            deferredInit: desc.options.has('deferred_init'),
        };
        this.context = {
            machine,
            memmap: this.memmap,
            memblock: new Memblock(machine.journal, machine.page),
            log,
            description: {
                ...options,
                early: desc.early,
                kfence: desc.options.has('kfence'),
                zoneDma: desc.zoneDma,
                bounceBuffers: given.bounceBuffers,
                iommuOff: given.iommuOff,
            },
            commandLine: encodeText(params.commandLine).length,
            onIncompatible: (expected) => host.tell((l) => l.handoverIncompatible?.('KHO', expected, null)),
        };
        this.env = { machine, memmap: this.memmap, allocator: this.pages, log, options };
        this.hugePages = new BootHugePages(host, this.context, hugePagesWanted(given, machine.page));
    }

    /** setup_arch(): reads all of RAM, and the handover from setup data. */
    setupArch(): undefined {
        const { host, params, context } = this;
        const begin = host.machine.clock.now;
        const { release, layers, version } = this.kernel.desc;
        host.log('notice', `Linux version ${release}`);
        for (const layer of layersOf(layers)) {
            const queued = layer.status === `queued for ${seriesOf(version)}`;
            const what = queued ? 'not released yet' : `proposed, not part of Linux ${release}`;
            host.log('notice', `${what}: ${titleOf(layer)}: ${layer.summary}`);
        }
        host.log('notice', `Command line: ${params.commandLine}`);
        this.logMemory();
        memblockInit(context, { image: this.image, initrd: params.initrd, parameters: [this.parameters] });
        const { kho } = params;
        const { khoBuilt } = this.kernel.desc;
        if (kho && !khoBuilt && params.arch.parameters === 'setup data') {
            host.log(
                'warn',
                'KHO: this kernel was passed KHO data, but is built without CONFIG_KEXEC_HANDOVER: ignoring it',
            );
        }
        if (kho && khoBuilt) {
            const found = khoPopulate(context, kho.fdt, kho.fdtSize, kho.scratch, kho.scratchSize);
            host.machine.journal.edit<Boot>(this).handover = found ?? null;
        }
        for (const name of this.commandLine.malformed) {
            host.log('warn', `Malformed early option '${name}'`);
        }
        if (!this.handover && this.commandLine.kho) {
            const problem = reservePlaces(context);
            if (problem !== undefined) {
                throw new ProgramError(problem);
            }
        }
        this.takeMemory('direct map');
        const reserved = reserveEarly(context, this.commandLine);
        if ('panic' in reserved) {
            throw new KernelPanic(reserved.panic);
        }
        host.machine.journal.edit<Boot>(this).reservations = reserved;
        host.machine.clock.charge(BOOT_EARLY);
        return this.stage('setup_arch', begin);
    }

    /** The memory map, if the command line changes it. */
    private logMemory(): void {
        const { host, commandLine } = this;
        const { machine } = host;
        if (commandLine.memoryLimit > 0) {
            host.log('notice', `Memory limited to ${Math.floor(commandLine.memoryLimit / MiB)}MB`);
        }
        if (commandLine.mapChanges.length > 0) {
            host.log('info', 'e820: user-defined physical RAM map:');
            for (const r of machine.map) {
                const digits = (n: number): string => `0x${n.toString(16).padStart(16, '0')}`;
                host.log('info', `user: [mem ${digits(r.start)}-${digits(r.start + r.size - 1)}] usable`);
            }
        }
        if (commandLine.numaOff && this.kernel.desc.numa) {
            host.log('info', 'NUMA turned off');
        }
    }

    /** The decompressor: moves the image to its place. */
    private placeImage(): Area {
        const { host, params, kernel, commandLine, parameters } = this;
        const { machine } = host;
        const { kernel: image, initrd, kho } = params;
        if (!kernel.desc.kaslr || !commandLine.kaslr || !params.arch.placesImage) {
            return image;
        }
        const scratch = kho && kernel.desc.khoBuilt ? scratchAreas(machine, kho.scratch, kho.scratchSize) : undefined;
        const avoid = [parameters, ...(initrd ? [initrd] : [])];
        const { mapChanges } = commandLine;
        const addr = placeImage(machine, { image, avoid, scratch, mapChanges }, (n) =>
            host.interpreter.scheduler.pick(IMAGE_PLACE, n),
        );
        if (addr !== image.addr) {
            machine.memory.writeBytes(addr, machine.memory.readBytes(image.addr, image.size));
        }
        return { addr, size: image.size };
    }

    /** Allocations before the page allocator runs; with a handover they are limited to scratch memory. */
    private takeMemory(stage: EarlyStage): void {
        const failed = takeEarlyMemory(this.context, stage);
        if (failed) {
            throw new KernelPanic(failed.panic);
        }
    }

    /** start_kernel() from setup_arch() to mm_core_init(): its allocations, and the rest of the command line. */
    earlyMemory(): undefined {
        const { host, context, commandLine, handover } = this;
        this.takeMemory('per-CPU areas');
        for (const line of commandLine.invalid) {
            host.log('err', line);
        }
        if (commandLine.unknown !== undefined) {
            host.log('notice', commandLine.unknown);
        }
        host.machine.journal.edit<Boot>(this).reserveMem = reserveNamed(
            context,
            handover ?? undefined,
            commandLine.reserveMem,
        );
        this.takeMemory('hash tables');
        return undefined;
    }

    /** Scratch areas of the previous kernel. */
    get handoverScratch(): readonly Area[] {
        return this.handover?.scratch ?? [];
    }

    /** The address of a blob of the previous kernel; 0 if there is none. */
    incomingBlob(name: string): number {
        const { handover, env } = this;
        if (!handover) {
            return 0;
        }
        const found = retrieveSubtree(
            readFdtPage(env.machine, handover.fdt).root,
            env.machine.page,
            name,
            () => undefined,
            env.options.format,
        );
        return found instanceof Err || typeof found.phys !== 'number' ? 0 : found.phys;
    }

    /** mm_core_init(): reserves preserved memory, or new scratch areas; then the page allocator opens. */
    mmCoreInit(): undefined {
        const { host, context, commandLine } = this;
        const { clock } = host.machine;
        const begin = clock.now;
        const handover = this.handover ?? undefined;
        // phys_to_virt() of an address that the map of the memory does not have
        if (handover && !host.machine.map.some((r) => handover.fdt >= r.start && handover.fdt < r.start + r.size)) {
            host.tell((l) => l.captureFaulted?.(handover.fdt));
            throw new KernelPanic(
                `Unable to handle kernel paging request: the KHO FDT at ${hex(handover.fdt)} lies outside the memory of this kernel`,
            );
        }
        const memory = khoMemoryInit(context, handover, commandLine.kho, commandLine.khoScratch);
        if ('panic' in memory) {
            throw new KernelPanic(memory.panic);
        }
        // the cost is that of pages of the smallest size; larger pages are fewer
        clock.chargeBytes(BOOT_MEMMAP, host.machine.ramSize * (PAGES_4K.size / host.machine.page.size));
        memblockFreeAll(context, this.pages);
        const sampled = this.kernel.desc.flaws.has('kho_bitmaps_in_kfence');
        const kfence = sampled ? KfencePool.of(host.machine, context.memblock) : undefined;
        const env: KhoEnv = { ...this.env, kfence };
        const kho = new Kho(env, memory.enabled, handover, memory.scratch, memory.scratchArray);
        kho.setIncoming(memory.runs, memory.pages);
        const kernel = new Kernel(
            host.machine,
            this.kernel.desc,
            commandLine,
            host.boot,
            this.memmap,
            this.pages,
            kho,
            env,
        );
        kernel.folios.failMigration = () => host.injections.hit('migrate_pages', kernel.boot) !== undefined;
        kernel.folios.onChange = (how, head, order, to) => host.tell((l) => l.folioChanged?.(how, head, order, to));
        for (const line of host.earlyLog) {
            kernel.log.push(line);
        }
        host.earlyLog.clear();
        const e = host.machine.journal.edit(kernel);
        e.reserveMem = this.reserveMem;
        e.crashKernel = this.reservations.crashKernel;
        const regions = kho.retrieveSubtree(RESERVE_MEM);
        if (!(regions instanceof Err) && typeof regions.phys === 'number') {
            kho.keep(regions.phys, 'reserve_mem FDT');
        }
        for (const r of this.reserveMem.regions.filter((x) => x.revived)) {
            kho.keep(r.addr, `reserve_mem ${r.name}`, r.size);
        }
        host.machine.journal.edit(host.kernelState).kernel = kernel;
        // FLBs of proposed layers are used before any handler is registered
        for (const name of layersOf(this.kernel.desc.layers).flatMap((l) => l.flbs)) {
            registerFlb(host.machine.journal, kernel.luo, declaredFlb(host, name));
        }
        if (this.reserveMem.lost.length > 0) {
            host.tell((l) => l.reservedMemoryMoved?.(this.reserveMem));
        }
        this.setUpInterrupts();
        return this.stage('mm_core_init', begin);
    }

    /** init_IRQ(): the first user of the page allocator. */
    private setUpInterrupts(): void {
        const { host, memmap, pages, commandLine } = this;
        const { memblock, log } = this.context;
        const { machine } = host;
        const { lpis, crashKernel } = commandLine;
        const found = lpis ? setUpLpiTables({ machine, memmap, memblock, pages, log, crashKernel }) : undefined;
        if (found && found.became !== 'kept') {
            host.tell((l) => l.interruptTablesInUse?.(found));
        }
    }

    /** smp_init(): INIT and SIPI for each processor that is not known to be set aside. */
    smpInit(): undefined {
        const { machine } = this.host;
        machine.processors.bringUp(machine.boots);
    }

    /** kho_init(), and the end of the initial RAM disk. */
    khoInit(): undefined {
        khoInit(this.host.running.kho);
        for (const area of this.reservations.cma) {
            const { size } = this.host.machine.page;
            this.memmap.markCma(area.addr / size, (area.addr + area.size) / size);
            freeReserved(this.host.machine, this.memmap, this.pages, area);
        }
        const { initrd } = this.params;
        const { machine } = this.host;
        // relocate_initrd(): beyond the memory of this kernel, there is nothing to free
        if (
            initrd &&
            machine.map.some((r) => initrd.addr >= r.start && initrd.addr + initrd.size <= r.start + r.size)
        ) {
            freeReserved(machine, this.memmap, this.pages, initrd);
        }
        return undefined;
    }

    /** Preserves the memory of `reserve_mem=`; logs a failure. */
    private preserveNamed(): void {
        const { host } = this;
        const {
            kho,
            reserveMem: { regions },
        } = host.running;
        const failed = kho.enabled && regions.length > 0 ? preserveNamed(kho, regions) : 0;
        if (failed !== 0) {
            host.log('err', `KHO: the reserved regions cannot be preserved: ${failed.name}`);
            for (const r of regions.filter((x) => kho.touchesScratch(x.addr, x.size))) {
                host.tell((l) => l.inScratch?.(r.addr, r.size));
            }
        }
    }

    /** late_initcalls: memfd and the handlers of the kernel's description register with LUO. */
    registerHandlers(): undefined {
        const { host } = this;
        const { luo } = host.running;
        const begin = host.machine.clock.now;
        host.machine.clock.charge(BOOT_INITCALLS);
        this.preserveNamed();
        if (!luo.enabled) {
            return this.stage('initcalls', begin);
        }
        for (const name of this.kernel.handlers) {
            registerHandler(host, name);
        }
        return this.stage('initcalls', begin);
    }

    /** The scan of the PCI buses: subsystem initcalls. */
    scanPci(inherit: boolean): undefined {
        this.host.machine.journal.edit<Boot>(this).scanBegan = this.host.machine.clock.now;
        this.host.running.devices.pci.scan(inherit);
        return undefined;
    }

    /** The drivers of devices: device_initcall. */
    probeDevices(): undefined {
        this.host.running.devices.probe();
        return this.stage('PCI and IOMMU', this.scanBegan);
    }

    /**
     * User space starts. The model assumes that a host that was switched on has run for a while and reclaimed the pages
     * that its boot read from disk. After a kexec the page cache is filled at once, so that memory that was not
     * preserved is overwritten.
     */
    startUserspace(): undefined {
        const { host } = this;
        if (host.kernelState.panicExpected !== null) {
            host.interpreter.fail('failed-call', 'this kernel should panic during boot, but it does not.');
            return undefined;
        }
        const begin = host.machine.clock.now;
        host.machine.clock.charge(BOOT_USERSPACE);
        if (host.boot > 0 || host.running.kho.isKhoBoot) {
            fillPageCache(host.machine, this.pages, this.kernel.desc.pageCache);
        }
        host.machine.journal.edit(host.kernelState).booting = null;
        this.stage('user space', begin);
        host.phase('running');
        return undefined;
    }

    private stage(name: string, begin: number): undefined {
        this.host.tell((l) => l.stage?.(name, begin));
        return undefined;
    }

    display(): string {
        return `boot of "${this.kernel.desc.name}", parameters at ${hex(this.parameters.addr)}`;
    }
}
