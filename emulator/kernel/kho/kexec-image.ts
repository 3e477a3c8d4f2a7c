/**
 * Loading a kernel with kexec and jumping into it (kernel/kexec_file.c, kernel/kexec_core.c,
 * arch/x86/kernel/kexec-bzimage64.c).
 */
import { type Err, err } from '../release/errno';
import { Bytes } from '../../machine/bytes';
import { costId } from '../../machine/costs';
import type { Hasher } from '../../machine/hash';
import { JournaledRecord } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import { X86_64 } from '../release/arch';
import { buildParameters } from './boot-params';
import type { KhoSetupData } from './boot-info';
import type { KhoEnv } from './env';
import type { Kho } from './kho';
import { SCRATCH_ENTRY } from './scratch';
import {
    type Buffer,
    type CrashPlaces,
    type HandoverToLoad,
    type KernelFile,
    kernelContent,
    pagesFor,
    type Placement,
    placeSegments,
} from './segment-places';

const JUMP = costId('jump');
const PURGATORY = costId('purgatory');
const KEXEC_LOAD = costId('kexec_load');

/** A piece of an image: its contents are kept in pages of the running kernel until the jump. */
export interface KexecSegment {
    readonly name: string;
    /** Its destination, and its size in memory in bytes. */
    readonly dest: number;
    readonly size: number;
    /** Blocks of pages that hold its contents, in order. */
    readonly blocks: readonly { readonly pfn: number; readonly order: number }[];
}

export class KexecImage extends JournaledRecord {
    constructor(
        readonly env: KhoEnv,
        readonly kernel: string,
        readonly commandLine: string,
        readonly segments: readonly KexecSegment[],
        /** The future address of the boot parameters. */
        readonly parameters: number,
        /** The handover that the next kernel will get. */
        readonly kho: KhoSetupData | undefined,
        /** KEXEC_PRESERVE_CONTEXT. */
        readonly preserveContext = false,
    ) {
        super(env.machine.journal);
    }

    /** Unloads: the source pages are freed. */
    free(): void {
        freeSegments(this.env, this.segments);
    }

    /**
     * The copying at the jump: every segment is copied to its destination. @returns the address of the boot parameters.
     */
    copyToDestinations(): number {
        const { memory, clock, page } = this.env.machine;
        clock.charge(JUMP);
        clock.chargeBytes(
            PURGATORY,
            this.segments.reduce((sum, s) => sum + s.size, 0),
        );
        // Without KHO, a destination can be the source of another segment, because the destinations are not confined.
        const contents = this.segments.map((s) => ({
            s,
            parts: s.blocks.map((b) => memory.readBytes(b.pfn * page.size, page.size << b.order)),
        }));
        for (const { s, parts } of contents) {
            memory.writeBytes(s.dest, Bytes.concat(...parts).slice(0, s.size));
        }
        return this.parameters;
    }

    hash(hasher: Hasher): void {
        hasher
            .str(this.kernel)
            .str(this.commandLine)
            .num(this.parameters)
            .u32(this.preserveContext ? 1 : 0);
        for (const s of this.segments) {
            hasher.num(s.dest).num(s.size);
            for (const b of s.blocks) {
                hasher.num(b.pfn).u32(b.order);
            }
        }
    }
}

/**
 * kexec_file_load. With KHO on, every segment lies in scratch areas, and the next kernel gets the handover.
 * @returns EADDRNOTAVAIL if a segment fits nowhere, ENOMEM; with nothing left allocated.
 */
export function loadFile(env: KhoEnv, file: KernelFile, kho: Kho | undefined): KexecImage | Err {
    const placement = placeSegments(env.machine, file, kho && handoverOf(kho));
    return placement
        ? finish(env, file, placement.placed, placement.parameters, placement.setup)
        : err('EADDRNOTAVAIL');
}

/** kho_fill_kimage(): undefined if KHO is off. */
function handoverOf(kho: Kho): HandoverToLoad | undefined {
    return kho.enabled && kho.fdt !== 0
        ? {
              fdt: kho.fdt,
              scratch: kho.scratch,
              array: { addr: kho.scratchArray, size: kho.scratch.length * SCRATCH_ENTRY },
          }
        : undefined;
}

/** A kernel in the memory of `crashkernel=`, ready to be started by a panic. Addresses in bytes. */
export interface CrashImage {
    readonly kernel: string;
    readonly commandLine: string;
    readonly parameters: number;
    /** Set by kernels that give a handover to this image, too. */
    readonly kho: KhoSetupData | undefined;
}

/**
 * kexec_file_load() with KEXEC_FILE_ON_CRASH: the segments are written to their destinations at once.
 * @returns EADDRNOTAVAIL if a segment does not fit into the areas, or there are none
 */
export function loadCrashImage(
    machine: Machine,
    file: KernelFile,
    crash: CrashPlaces,
    kho: Kho | undefined,
): CrashImage | Err {
    const placement = placeSegments(machine, file, kho && handoverOf(kho), crash);
    if (!placement) {
        return err('EADDRNOTAVAIL');
    }
    const { placed, parameters, commandLine, setup } = placement;
    machine.clock.chargeBytes(
        KEXEC_LOAD,
        placed.reduce((sum, p) => sum + p.buffer.size, 0),
    );
    write(machine, placed);
    return { kernel: file.name, commandLine, parameters, kho: setup };
}

/**
 * Puts a kernel into scratch for a handover that is already in memory, as the kernel that created it would have done.
 * @returns the address of the boot parameters; undefined if a segment fits into no scratch area.
 */
export function loadForHandover(machine: Machine, file: KernelFile, handover: HandoverToLoad): number | undefined {
    const placement = placeSegments(machine, file, handover);
    write(machine, placement?.placed);
    return placement?.parameters;
}

function write(machine: Machine, placed: Placement['placed'] = []): void {
    for (const { dest, buffer } of placed) {
        machine.memory.writeBytes(dest, buffer.content);
        machine.memory.zero(dest + buffer.content.length, buffer.size - buffer.content.length);
    }
}

/**
 * kexec_load(2), as kexec-tools uses it without -s: segments at the caller's addresses, no handover.
 * @returns EADDRNOTAVAIL if a segment would be outside of memory, ENOMEM.
 */
export function loadSegments(env: KhoEnv, file: KernelFile, preserveContext = false): KexecImage | Err {
    const placed = fixedSegments(env, file);
    return placed
        ? finish(env, file, placed, parametersAddress(env.machine, file), undefined, preserveContext)
        : err('EADDRNOTAVAIL');
}

/**
 * Acts as a boot loader: puts a kernel, its initrd and its parameters into memory.
 * @returns the address of the boot parameters; undefined if the machine has too little memory.
 */
export function coldLoad(env: Pick<KhoEnv, 'machine'>, file: KernelFile): number | undefined {
    const placed = fixedSegments(env, file);
    write(env.machine, placed);
    return placed && parametersAddress(env.machine, file);
}

function parametersAddress(machine: Machine, file: KernelFile): number {
    return (file.arch ?? X86_64).parametersAddress(machine);
}

function fixedSegments(
    { machine }: Pick<KhoEnv, 'machine'>,
    file: KernelFile,
): { buffer: Buffer; dest: number }[] | undefined {
    const arch = file.arch ?? X86_64;
    const at = arch.parametersAddress(machine);
    const kernel = { addr: arch.kernelAddress(machine), size: pagesFor(machine, file.imageSize) };
    const initrd =
        file.initrdSize > 0 ? { addr: arch.initrdAddress(machine, file.initrdSize), size: file.initrdSize } : undefined;
    const parameters = buildParameters(machine, at, {
        arch,
        commandLine: file.commandLine,
        kernel,
        initrd,
        kho: undefined,
    });
    const piece = (name: string, dest: number, content: Bytes): { buffer: Buffer; dest: number } => ({
        dest,
        buffer: { name, content, size: pagesFor(machine, content.length) },
    });
    const placed = [
        piece('boot parameters', at, Bytes.of(parameters)),
        piece('kernel', kernel.addr, kernelContent(file.name, file.imageSize)),
        ...(initrd ? [piece('initrd', initrd.addr, Bytes.pattern(0x69, initrd.size))] : []),
    ];
    return placed.every((p) => machine.isRam(p.dest, p.buffer.size)) ? placed : undefined;
}

/** Copies the contents into pages of the running kernel. */
function finish(
    env: KhoEnv,
    file: KernelFile,
    placed: readonly { buffer: Buffer; dest: number }[],
    parameters: number,
    kho: KhoSetupData | undefined,
    preserveContext = false,
): KexecImage | Err {
    const { machine, allocator } = env;
    const { size, maxOrder } = machine.page;
    const owner = machine.owners.id('kexec image');
    machine.clock.chargeBytes(
        KEXEC_LOAD,
        placed.reduce((sum, p) => sum + p.buffer.size, 0),
    );
    const segments: KexecSegment[] = [];
    for (const { dest, buffer } of placed) {
        const blocks: { pfn: number; order: number }[] = [];
        segments.push({ name: buffer.name, dest, size: buffer.size, blocks });
        let done = 0;
        let largest = maxOrder;
        while (done < buffer.size) {
            let order = largest;
            while (order > 0 && size << order > buffer.size - done) {
                order--;
            }
            const pfn = allocator.alloc(order, { owner });
            if (pfn < 0) {
                if (order === 0) {
                    freeSegments(env, segments);
                    return err('ENOMEM');
                }
                largest = order - 1;
                continue;
            }
            blocks.push({ pfn, order });
            const part = buffer.content.slice(done, done + (size << order));
            machine.memory.zero(pfn * size, size << order);
            machine.memory.writeBytes(pfn * size, part);
            done += size << order;
        }
    }
    return new KexecImage(env, file.name, file.commandLine, segments, parameters, kho, preserveContext);
}

function freeSegments(env: KhoEnv, segments: readonly KexecSegment[]): void {
    for (const segment of segments) {
        for (const { pfn, order } of segment.blocks) {
            env.allocator.free(pfn, order);
        }
    }
}
