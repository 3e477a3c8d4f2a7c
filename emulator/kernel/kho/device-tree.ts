/**
 * The start information of an arm64 kernel (Documentation/arch/arm64/booting.rst): a flattened device tree with memory,
 * command line, initrd and, in /chosen, the handover (drivers/of/kexec.c, drivers/of/fdt.c). Its numbers are big-endian
 * cells, two for each address and size.
 */
import type { Machine } from '../../machine/machine';
import { ARM64 } from '../release/arch';
import type { BootParams, KhoSetupData } from './boot-info';
import type { Area } from './env';
import { FdtWriter } from './fdt';
import { fdtChild, fdtProperty, readFdt, type FdtNode } from './fdt-read';
import { decodeName, encodeText } from '../../text/utf8';

/** Number of bytes reserved for a tree. */
export const DEVICE_TREE_SIZE = 0x10000;

const MAGIC = 0xd00dfeed;
const PROP_KHO_FDT = 'linux,kho-fdt';
const PROP_KHO_SCRATCH = 'linux,kho-scratch';
/** The memory that a capture kernel may use (drivers/of/fdt.c). */
const PROP_USABLE = 'linux,usable-memory-range';
const PROP_INITRD_START = 'linux,initrd-start';
const PROP_INITRD_END = 'linux,initrd-end';
/** The address at which the image was loaded. A real kernel knows it from its program counter. */
const PROP_KERNEL = 'lus,kernel';

const text = (s: string): Uint8Array => encodeText(`${s}\0`);

function cell(value: number): Uint8Array {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return bytes;
}

/** Numbers of two cells each. */
function cells(...values: readonly number[]): Uint8Array {
    const bytes = new Uint8Array(values.length * 8);
    const view = new DataView(bytes.buffer);
    for (const [i, v] of values.entries()) {
        view.setBigUint64(i * 8, BigInt(v));
    }
    return bytes;
}

/**
 * The tree for a kernel. It does not contain the properties of an earlier handover: kexec deletes them before it writes
 * its own.
 */
export function buildDeviceTree(machine: Machine, params: Omit<BootParams, 'arch'>): Uint8Array {
    const w = new FdtWriter();
    w.begin('')
        .property('#address-cells', cell(2))
        .property('#size-cells', cell(2))
        .property('compatible', text('linux,dummy-virt'));
    for (const r of machine.ram) {
        w.begin(`memory@${r.start.toString(16)}`)
            .property('device_type', text('memory'))
            .property('reg', cells(r.start, r.size));
        w.property('numa-node-id', cell(r.node)).end();
    }
    w.begin('chosen')
        .property('bootargs', text(params.commandLine))
        .property(PROP_KERNEL, cells(params.kernel.addr, params.kernel.size));
    if (params.initrd) {
        w.property(PROP_INITRD_START, cells(params.initrd.addr)).property(
            PROP_INITRD_END,
            cells(params.initrd.addr + params.initrd.size),
        );
    }
    if (params.usable) {
        w.property(PROP_USABLE, cells(...params.usable.flatMap((r) => [r.addr, r.size])));
    }
    if (params.kho) {
        w.property(PROP_KHO_FDT, cells(params.kho.fdt, params.kho.fdtSize)).property(
            PROP_KHO_SCRATCH,
            cells(params.kho.scratch, params.kho.scratchSize),
        );
    }
    return w.end().end().finish();
}

/** Reads the tree at an address; undefined if there is none, or it names no kernel. */
export function readDeviceTree(machine: Machine, at: number): BootParams | undefined {
    const { memory } = machine;
    // the magic is big-endian
    if (!machine.isRam(at, DEVICE_TREE_SIZE) || memory.readU32(at) !== swap(MAGIC)) {
        return undefined;
    }
    const { root } = readFdt(memory.read(at, DEVICE_TREE_SIZE));
    const chosen = root && fdtChild(root, 'chosen');
    const kernel = chosen && area(chosen, PROP_KERNEL);
    if (!chosen || !kernel) {
        return undefined;
    }
    const start = numbers(chosen, PROP_INITRD_START, 1)?.[0];
    const end = numbers(chosen, PROP_INITRD_END, 1)?.[0];
    const bootargs = fdtProperty(chosen, 'bootargs')?.value ?? new Uint8Array(0);
    return {
        arch: ARM64,
        commandLine: decodeName(bootargs),
        kernel,
        initrd:
            start !== undefined && end !== undefined && end > start ? { addr: start, size: end - start } : undefined,
        kho: khoOf(chosen),
        usable: usableOf(chosen),
    };
}

function usableOf(chosen: FdtNode): Area[] | undefined {
    const length = fdtProperty(chosen, PROP_USABLE)?.value.length ?? 0;
    const found = numbers(chosen, PROP_USABLE, length / 8);
    return found?.flatMap((addr, i) => (i % 2 === 0 ? [{ addr, size: found[i + 1] ?? 0 }] : []));
}

/** early_init_dt_check_kho: without both properties there is no handover. */
function khoOf(chosen: FdtNode): KhoSetupData | undefined {
    const fdt = area(chosen, PROP_KHO_FDT);
    const scratch = area(chosen, PROP_KHO_SCRATCH);
    return fdt && scratch && { fdt: fdt.addr, fdtSize: fdt.size, scratch: scratch.addr, scratchSize: scratch.size };
}

function area(node: FdtNode, name: string): Area | undefined {
    const [addr, size] = numbers(node, name, 2) ?? [];
    return addr === undefined || size === undefined ? undefined : { addr, size };
}

/** `count` numbers of two cells; undefined if the property is missing, has another length, or a number is too large. */
function numbers(node: FdtNode, name: string, count: number): number[] | undefined {
    const value = fdtProperty(node, name)?.value;
    if (value?.length !== count * 8) {
        return undefined;
    }
    const view = new DataView(value.buffer, value.byteOffset);
    const found = Array.from(
        { length: count },
        (_, i) => view.getUint32(i * 8) * 0x100000000 + view.getUint32(i * 8 + 4),
    );
    return found.every(Number.isSafeInteger) ? found : undefined;
}

function swap(word: number): number {
    return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
