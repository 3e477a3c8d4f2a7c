/**
 * The memory that a boot loader or kexec leaves for a kernel: a device tree on arm64 (device-tree.ts); on x86-64
 * (Documentation/arch/x86/boot.rst, zero-page.rst) boot parameters, the command line, setup data; and the small header
 * by which a kernel image of this emulator names its kernel.
 */
import { type Int, intOfHalves } from '../../machine/int';
import type { Machine } from '../../machine/machine';
import type { PhysicalMemory } from '../../machine/memory';
import { machineView, type MemoryView } from '../../machine/view';
import { X86_64, type Arch } from '../release/arch';
import { buildDeviceTree, DEVICE_TREE_SIZE, readDeviceTree } from './device-tree';
import type { BootParams, KhoSetupData } from './boot-info';
import type { Area } from './env';
import { decodeName, decodeText, encodeText } from '../../text/utf8';

/** sizeof(struct boot_params). */
const BOOT_PARAMS_SIZE = 4096;
/** SETUP_KEXEC_KHO: packed u64 fdt_addr, fdt_size, scratch_addr, scratch_size. */
export const SETUP_KEXEC_KHO = 10;
const SETUP_DATA_HEADER = 16;
const KHO_DATA_SIZE = 32;
/** COMMAND_LINE_SIZE. */
const COMMAND_LINE_SIZE = 2048;

const EXT_RAMDISK_IMAGE = 0x0c0;
const EXT_RAMDISK_SIZE = 0x0c4;
const EXT_CMD_LINE = 0x0c8;
const E820_ENTRIES = 0x1e8;
const BOOT_FLAG = 0x1fe;
const HEADER_MAGIC = 0x202;
const HEADER_VERSION = 0x206;
const RAMDISK_IMAGE = 0x218;
const RAMDISK_SIZE = 0x21c;
const CMD_LINE = 0x228;
const SETUP_DATA = 0x250;
/** The protocol's preferred load address; here the address at which the kernel was loaded. */
const PREF_ADDRESS = 0x258;
const INIT_SIZE = 0x260;
const E820_TABLE = 0x2d0;
const E820_MAX = 128;
/** sizeof(struct boot_e820_entry), packed. */
const E820_ENTRY = 20;
const E820_TYPE_RAM = 1;

const HDRS = 0x53726448;
/** "LUSK", then a u32 length and the name in UTF-8. */
const KERNEL_MAGIC = 0x4b53554c;

/**
 * Size of the parameters segment in bytes: a device tree, or boot parameters, command line, setup data (whose space is
 * always reserved).
 */
export function parametersSize(commandLine: string, arch: Arch = X86_64): number {
    return arch.parameters === 'device tree'
        ? DEVICE_TREE_SIZE
        : setupDataOffset(commandLine) + SETUP_DATA_HEADER + KHO_DATA_SIZE;
}

function setupDataOffset(commandLine: string): number {
    return Math.ceil((BOOT_PARAMS_SIZE + encodeText(commandLine).length + 1) / 16) * 16;
}

/** The parameters segment for a kernel, to be placed at `at`. */
export function buildParameters(machine: Machine, at: number, params: BootParams): Uint8Array {
    if (params.arch.parameters === 'device tree') {
        return buildDeviceTree(machine, params);
    }
    const bytes = new Uint8Array(parametersSize(params.commandLine));
    const view = new DataView(bytes.buffer);
    const split = (low: number, high: number, value: number): void => {
        view.setUint32(low, value % 0x100000000, true);
        view.setUint32(high, Math.floor(value / 0x100000000), true);
    };
    view.setUint16(BOOT_FLAG, 0xaa55, true);
    view.setUint32(HEADER_MAGIC, HDRS, true);
    view.setUint16(HEADER_VERSION, 0x20f, true);
    split(RAMDISK_IMAGE, EXT_RAMDISK_IMAGE, params.initrd?.addr ?? 0);
    split(RAMDISK_SIZE, EXT_RAMDISK_SIZE, params.initrd?.size ?? 0);
    split(CMD_LINE, EXT_CMD_LINE, at + BOOT_PARAMS_SIZE);
    bytes.set(encodeText(params.commandLine), BOOT_PARAMS_SIZE);
    view.setBigUint64(PREF_ADDRESS, BigInt(params.kernel.addr), true);
    view.setUint32(INIT_SIZE, params.kernel.size, true);
    const map = (params.usable ?? wholeMemory(machine)).slice(0, E820_MAX);
    bytes[E820_ENTRIES] = map.length;
    map.forEach((range, i) => {
        view.setBigUint64(E820_TABLE + i * E820_ENTRY, BigInt(range.addr), true);
        view.setBigUint64(E820_TABLE + i * E820_ENTRY + 8, BigInt(range.size), true);
        view.setUint32(E820_TABLE + i * E820_ENTRY + 16, E820_TYPE_RAM, true);
    });
    if (params.kho) {
        const data = setupDataOffset(params.commandLine);
        view.setBigUint64(SETUP_DATA, BigInt(at + data), true);
        view.setUint32(data + 8, SETUP_KEXEC_KHO, true);
        view.setUint32(data + 12, KHO_DATA_SIZE, true);
        const { fdt, fdtSize, scratch, scratchSize } = params.kho;
        for (const [i, value] of [fdt, fdtSize, scratch, scratchSize].entries()) {
            view.setBigUint64(data + SETUP_DATA_HEADER + i * 8, BigInt(value), true);
        }
    }
    return bytes;
}

/** Parses boot parameters; undefined if there are none at this address. */
export function readParameters(machine: Machine, at: number): BootParams | undefined {
    const { memory } = machine;
    if (!machine.isRam(at, BOOT_PARAMS_SIZE) || memory.readU32(at + HEADER_MAGIC) !== HDRS) {
        return readDeviceTree(machine, at);
    }
    const joined = (low: number, high: number): Int => intOfHalves(memory.readU32(at + low), memory.readU32(at + high));
    const commandLine = joined(CMD_LINE, EXT_CMD_LINE);
    const kernel = memory.readU64(at + PREF_ADDRESS);
    const initrd = joined(RAMDISK_IMAGE, EXT_RAMDISK_IMAGE);
    const initrdSize = joined(RAMDISK_SIZE, EXT_RAMDISK_SIZE);
    if (
        typeof commandLine !== 'number' ||
        typeof kernel !== 'number' ||
        typeof initrd !== 'number' ||
        typeof initrdSize !== 'number'
    ) {
        return undefined;
    }
    return {
        arch: X86_64,
        commandLine: readText(memory, commandLine, COMMAND_LINE_SIZE),
        kernel: { addr: kernel, size: memory.readU32(at + INIT_SIZE) },
        initrd: initrdSize > 0 ? { addr: initrd, size: initrdSize } : undefined,
        kho: findKho(machine, memory.readU64(at + SETUP_DATA)),
        usable: usableAt(machine, at),
    };
}

function wholeMemory({ ram }: Machine): Area[] {
    return ram.map((r) => ({ addr: r.start, size: r.size }));
}

/** The memory of the parameters at this address; undefined if it is all that the machine has. */
function usableAt(machine: Machine, at: number): readonly Area[] | undefined {
    const map = (memoryMapAt(machineView(machine), at) ?? []).map((r) => ({ addr: r.start, size: r.size }));
    const whole = wholeMemory(machine).slice(0, E820_MAX);
    const same =
        map.length === whole.length && map.every((r, i) => r.addr === whole[i]?.addr && r.size === whole[i].size);
    return same ? undefined : map;
}

/**
 * The RAM in the boot parameters at this address (e820, type 1); undefined if there are no boot parameters. Addresses
 * and sizes in bytes.
 */
export function memoryMapAt(
    view: MemoryView,
    at: number,
): { readonly start: number; readonly size: number }[] | undefined {
    const head = view.read(at + BOOT_FLAG, HEADER_VERSION - BOOT_FLAG);
    const start = new DataView(head.buffer, head.byteOffset);
    if (start.getUint16(0, true) !== 0xaa55 || start.getUint32(HEADER_MAGIC - BOOT_FLAG, true) !== HDRS) {
        return undefined;
    }
    const count = Math.min(view.read(at + E820_ENTRIES, 1)[0] ?? 0, E820_MAX);
    const bytes = view.read(at + E820_TABLE, count * E820_ENTRY);
    const table = new DataView(bytes.buffer, bytes.byteOffset);
    return Array.from({ length: count }, (_, i) => i * E820_ENTRY)
        .filter((entry) => table.getUint32(entry + 16, true) === E820_TYPE_RAM)
        .map((entry) => ({
            start: Number(table.getBigUint64(entry, true)),
            size: Number(table.getBigUint64(entry + 8, true)),
        }))
        .filter(({ size }) => size > 0);
}

/** Follows the list of setup data (at most 64 nodes, so that a loop ends) to the one with the handover. */
function findKho(machine: Machine, head: Int): KhoSetupData | undefined {
    const { memory } = machine;
    let at = head;
    for (let i = 0; i < 64 && typeof at === 'number' && at !== 0 && machine.isRam(at, SETUP_DATA_HEADER); i++) {
        if (memory.readU32(at + 8) === SETUP_KEXEC_KHO && machine.isRam(at, SETUP_DATA_HEADER + KHO_DATA_SIZE)) {
            const data = at + SETUP_DATA_HEADER;
            const [fdt, fdtSize, scratch, scratchSize] = [0, 8, 16, 24].map((o) => memory.readU64(data + o));
            if (
                typeof fdt === 'number' &&
                typeof fdtSize === 'number' &&
                typeof scratch === 'number' &&
                typeof scratchSize === 'number'
            ) {
                return { fdt, fdtSize, scratch, scratchSize };
            }
            return undefined;
        }
        at = memory.readU64(at);
    }
    return undefined;
}

function readText(memory: PhysicalMemory, at: number, limit: number): string {
    return decodeName(memory.read(at, limit));
}

/** The header of the image of the kernel that is described under this name. */
export function kernelHeader(name: string): Uint8Array {
    const text = encodeText(name);
    const bytes = new Uint8Array(8 + text.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, KERNEL_MAGIC, true);
    view.setUint32(4, text.length, true);
    bytes.set(text, 8);
    return bytes;
}

/** The name of the kernel at this address; undefined if there is none. */
export function readKernelName(machine: Machine, at: number): string | undefined {
    const { memory } = machine;
    const { size } = machine.page;
    if (!machine.isRam(at, size) || memory.readU32(at) !== KERNEL_MAGIC) {
        return undefined;
    }
    const length = memory.readU32(at + 4);
    return length <= size - 8 ? decodeText(memory.read(at + 8, length)) : undefined;
}
