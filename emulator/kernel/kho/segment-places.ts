/**
 * Where the segments of a kernel go (arch_kexec_kernel_image_load() of both architectures, kernel/kexec_file.c): into
 * scratch areas with KHO, into the areas of `crashkernel=` if it is to be started by a panic, else anywhere.
 */
import { Bytes } from '../../machine/bytes';
import type { Machine } from '../../machine/machine';
import { type Arch, X86_64 } from '../release/arch';
import type { KhoSetupData } from './boot-info';
import { buildParameters, kernelHeader, parametersSize } from './boot-params';
import type { Area } from './env';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const PURGATORY_SIZE = 0x8000;
/** Alignment of the copy of the scratch array. */
const SCRATCH_COPY_ALIGN = 0x10000;
/** Of kernels, and on arm64 of the device tree. */
const KERNEL_ALIGN = 2 * MiB;
/** The initial RAM disk of arm64 lies in a window of this size with the kernel. */
const INITRD_WINDOW = 32 * GiB;

/** The kernel to be loaded. */
export interface KernelFile {
    /** The kernel description's name. */
    readonly name: string;
    /** Default: x86-64. */
    readonly arch?: Arch;
    /** Bytes that the running kernel's image needs. */
    readonly imageSize: number;
    readonly commandLine: string;
    /** Bytes; 0 for none. */
    readonly initrdSize: number;
}

export interface Buffer {
    readonly name: string;
    readonly content: Bytes;
    /** Size in memory in bytes; the part beyond the content is zeroes. */
    readonly size: number;
}

/** Kernels and initrds are patterns after their headers, so that their bytes can be recognized elsewhere. */
export function kernelContent(name: string, size: number): Bytes {
    const header = Bytes.of(kernelHeader(name));
    return Bytes.concat(header, Bytes.pattern(0x6b, size - header.length, header.length));
}

/** The handover for which a kernel is loaded: the FDT and the scratch areas that it gets. */
export interface HandoverToLoad {
    readonly fdt: number;
    /** Segments are placed in these, tried in order. */
    readonly scratch: readonly Area[];
    /** The array that is copied for the next kernel; bytes. */
    readonly array: Area;
}

export interface Placement {
    readonly placed: readonly { readonly buffer: Buffer; readonly dest: number }[];
    readonly parameters: number;
    readonly commandLine: string;
    readonly setup: KhoSetupData | undefined;
}

/** What the kernel to be started by a panic gets: the areas of `crashkernel=`, and the header of the core file. */
export interface CrashPlaces {
    readonly areas: readonly Area[];
    readonly header: Uint8Array;
    /** The address of the header; undefined: anywhere in the areas. */
    readonly headerAt?: number;
}

/** Size in bytes of the pages for this many bytes. */
export function pagesFor({ page }: Machine, bytes: number): number {
    return Math.ceil(bytes / page.size) * page.size;
}

/** Where one segment may go. */
interface Place {
    /** Default: a page. */
    readonly align?: number;
    readonly min?: number;
    /** The first byte beyond. */
    readonly max?: number;
    readonly upwards?: boolean;
}

/** A kernel whose segments are being placed. */
class Places {
    readonly placed: { buffer: Buffer; dest: number }[] = [];

    constructor(
        private readonly machine: Machine,
        /** Tried in order; undefined: all memory. */
        private readonly areas: readonly Area[] | undefined,
    ) {}

    /** @returns its address; undefined if it fits nowhere */
    add(name: string, content: Bytes, size: number, place: Place): number | undefined {
        const buffer = { name, content, size: pagesFor(this.machine, size) };
        const dest = this.findHole(buffer.size, place);
        if (dest !== undefined) {
            this.placed.push({ buffer, dest });
        }
        return dest;
    }

    /** locate_mem_hole_top_down() and locate_mem_hole_bottom_up() in each area in turn. */
    private findHole(size: number, place: Place): number | undefined {
        const { machine } = this;
        const { align = machine.page.size, min = 0, max = Infinity, upwards = false } = place;
        const memory = machine.map.map((r) => ({ addr: r.start, size: r.size }));
        for (const area of this.areas ?? (upwards ? memory : memory.reverse())) {
            const from = Math.max(area.addr, min);
            const to = Math.min(area.addr + area.size, max);
            let at = upwards ? from : to - size;
            for (;;) {
                const start = (upwards ? Math.ceil(at / align) : Math.floor(at / align)) * align;
                if (start < from || start + size > to) {
                    break;
                }
                const blocker = this.placed.find((p) => start < p.dest + p.buffer.size && p.dest < start + size);
                if (!blocker) {
                    return start;
                }
                at = upwards ? blocker.dest + blocker.buffer.size : blocker.dest - size;
            }
        }
        return undefined;
    }
}

/** The destinations and contents of the segments of a kernel; undefined if one fits nowhere. */
export function placeSegments(
    machine: Machine,
    file: KernelFile,
    handover: HandoverToLoad | undefined,
    crash?: CrashPlaces,
): Placement | undefined {
    const places = new Places(machine, crash?.areas ?? handover?.scratch);
    let setup: KhoSetupData | undefined;
    if (handover) {
        const { array } = handover;
        const content = machine.memory.readBytes(array.addr, array.size);
        const scratch = places.add('scratch array', content, array.size, { align: SCRATCH_COPY_ALIGN });
        if (scratch === undefined) {
            return undefined;
        }
        setup = { fdt: handover.fdt, fdtSize: machine.page.size, scratch, scratchSize: array.size };
    }
    if (crash?.headerAt !== undefined) {
        const { header, headerAt } = crash;
        places.add('ELF core header', Bytes.of(header), header.length, { min: headerAt, upwards: true });
    }
    const load = file.arch?.name === 'arm64' ? loadArm64 : loadX86;
    const loaded = load(places, file, crash);
    if (!loaded) {
        return undefined;
    }
    const { commandLine, parameters, kernel, initrd } = loaded;
    const bytes = buildParameters(machine, parameters, {
        arch: file.arch ?? X86_64,
        commandLine,
        kernel: { addr: kernel, size: pagesFor(machine, file.imageSize) },
        initrd: initrd === undefined ? undefined : { addr: initrd, size: file.initrdSize },
        kho: setup,
        usable: crash && [...crash.areas].sort((a, b) => a.addr - b.addr),
    });
    return {
        placed: places.placed.map((p) =>
            p.dest === parameters ? { dest: p.dest, buffer: { ...p.buffer, content: Bytes.of(bytes) } } : p,
        ),
        parameters,
        commandLine,
        setup,
    };
}

/** The addresses of what an architecture loads. */
interface Loaded {
    readonly commandLine: string;
    readonly kernel: number;
    /** Undefined: there is none. */
    readonly initrd: number | undefined;
    readonly parameters: number;
}

// The parameters contain the addresses of other segments, so their contents come last.
const NO_CONTENT = Bytes.zero(0);

/** bzImage64_load(): each segment above the lowest address that it may have, from the top down. */
function loadX86(places: Places, file: KernelFile, crash: CrashPlaces | undefined): Loaded | undefined {
    const header = crash && addCoreHeader(places, crash, {});
    if (crash && header === undefined) {
        return undefined;
    }
    const commandLine = withCoreHeader(file, header);
    const min = 0x3000;
    const purgatory = places.add('purgatory', Bytes.pattern(0x70, PURGATORY_SIZE), PURGATORY_SIZE, { min });
    const parameters = places.add('boot parameters', NO_CONTENT, parametersSize(commandLine, file.arch), { min });
    const kernel = places.add('kernel', kernelContent(file.name, file.imageSize), file.imageSize, {
        align: KERNEL_ALIGN,
        min: MiB,
    });
    const initrd = addInitrd(places, file, { min: 16 * MiB });
    return purgatory === undefined || parameters === undefined || kernel === undefined || initrd === false
        ? undefined
        : { commandLine, kernel, initrd, parameters };
}

/**
 * image_load() and load_other_segments(): the kernel as low as possible, with the initial RAM disk behind it and the
 * device tree at the top; if they do not fit there, it goes to the next place.
 */
function loadArm64(places: Places, file: KernelFile, crash: CrashPlaces | undefined): Loaded | undefined {
    const { length } = places.placed;
    let min = 0;
    for (;;) {
        const kernel = places.add('kernel', kernelContent(file.name, file.imageSize), file.imageSize, {
            align: KERNEL_ALIGN,
            min,
            upwards: true,
        });
        if (kernel === undefined) {
            return undefined;
        }
        min = kernel + file.imageSize;
        const header = crash && addCoreHeader(places, crash, { align: 64 * KiB, min });
        const commandLine = withCoreHeader(file, header);
        const max = Math.floor(kernel / GiB) * GiB + INITRD_WINDOW;
        const initrd = addInitrd(places, file, { min, max, upwards: true });
        const size = parametersSize(commandLine, file.arch);
        const parameters = places.add('boot parameters', NO_CONTENT, size, { align: KERNEL_ALIGN, min });
        if (initrd !== false && parameters !== undefined && (!crash || header !== undefined)) {
            return { commandLine, kernel, initrd, parameters };
        }
        places.placed.length = length;
    }
}

/** The header of the core file, for a kernel that is started by a panic. */
function addCoreHeader(places: Places, { header, headerAt }: CrashPlaces, place: Place): number | undefined {
    // chosen by the caller: then it is there already
    return headerAt ?? places.add('ELF core header', Bytes.of(header), header.length, place);
}

function withCoreHeader({ commandLine }: KernelFile, header: number | undefined): string {
    return header === undefined ? commandLine : `elfcorehdr=0x${header.toString(16)} ${commandLine}`;
}

/** @returns its address; undefined if there is none; false if it fits nowhere */
function addInitrd(places: Places, { initrdSize }: KernelFile, place: Place): number | undefined | false {
    return initrdSize > 0
        ? (places.add('initrd', Bytes.pattern(0x69, initrdSize), initrdSize, place) ?? false)
        : undefined;
}
