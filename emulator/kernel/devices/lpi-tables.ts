/**
 * The tables of message interrupts (LPIs) of a GICv3 in memory, and what a kernel does that finds those of the kernel
 * before it still in use (drivers/irqchip/irq-gic-v3-its.c).
 */
import { Bytes } from '../../machine/bytes';
import type { Machine } from '../../machine/machine';
import type { KernelLog } from '../klog';
import type { PageAllocator } from '../mm/buddy';
import type { Memblock } from '../mm/memblock';
import type { Memmap } from '../mm/memmap';
import { hexDigits } from '../../text/text';

/** Bytes of either table: LPI_PROPBASE_SZ, and LPI_PENDBASE_SZ, which is rounded up to 64 KiB. */
const LPI_TABLE = 0x1_0000;
/** lpi_prop_prio | LPI_PROP_GROUP1: turned off, with the usual priority (GICV3_PRIO_IRQ), as on QEMU's machine. */
const OFF = 0xc0 | 2;
const PROPERTY_TABLE = 'LPI property table';
const PENDING_TABLE = 'LPI pending table';
/** struct linux_efi_memreserve. */
const RESERVATIONS = 'UEFI memory reservations';

interface LpiEnv {
    readonly machine: Machine;
    readonly memmap: Memmap;
    readonly memblock: Memblock;
    readonly pages: PageAllocator;
    readonly log: KernelLog;
    /** It was started to dump the memory of a kernel that has crashed. */
    readonly crashKernel: boolean;
}

/** The tables of the previous kernel, which the redistributors still use. */
export interface OldTables {
    readonly property: number;
    /**
     * Reserved by the firmware: `kept`. Reserved for something else, which is overwritten: `filled`. Not reserved: the
     * kernel turns the interrupts off first, `disabled`.
     */
    readonly became: 'kept' | 'filled' | 'disabled';
    /** Pages of the property table, and who owns them in this kernel. */
    readonly pages: number;
    readonly owners: readonly string[];
}

/**
 * its_init() and its_cpu_init(): the redistributors of all processors get their tables.
 * @returns the tables that were in use, if there were any
 */
export function setUpLpiTables(env: LpiEnv): OldTables | undefined {
    const { machine, log } = env;
    const { redistributors } = machine.pci.interrupts;
    if (!redistributors) {
        return undefined;
    }
    const { enabled, property } = redistributors;
    const found = enabled ? oldTables(env, property) : undefined;
    if (found && found.became !== 'disabled') {
        log.log('info', 'GICv3: Using preallocated redistributor tables');
        machine.memory.writeBytes(property, propertiesOff());
        log.log('info', `GICv3: using LPI property table @${address(property)}`);
        redistributors.pending.forEach((at, cpu) => {
            if (!isReserved(env, at)) {
                notReserved(env, at);
                log.warning('its_cpu_init_lpis', `pending table of CPU${cpu} is not reserved`);
            }
            log.log('info', `GICv3: CPU${cpu}: using reserved LPI pending table @${address(at)}`);
        });
        return found;
    }
    const table = allocate(env, PROPERTY_TABLE);
    if (table === undefined) {
        log.log('err', 'Failed to allocate PROPBASE');
        return found;
    }
    machine.memory.writeBytes(table, propertiesOff());
    keep(env, table, PROPERTY_TABLE);
    log.log('info', `GICv3: using LPI property table @${address(table)}`);
    const pending: number[] = [];
    for (let cpu = 0; cpu < machine.cpus; cpu++) {
        const at = allocate(env, PENDING_TABLE);
        if (at === undefined) {
            log.log('err', `Failed to allocate PENDBASE for CPU${cpu}`);
            return found;
        }
        pending.push(at);
    }
    pending.forEach((at, cpu) => {
        if (enabled) {
            log.log('warn', `GICv3: CPU${cpu}: Booted with LPIs enabled, memory probably corrupted`);
        }
        log.log('info', `GICv3: CPU${cpu}: using allocated LPI pending table @${address(at)}`);
        keep(env, at, PENDING_TABLE);
    });
    redistributors.enable(table, pending);
    return found;
}

/** enabled_lpis_allowed(): the tables are used again if their memory is reserved, for whatever it is. */
function oldTables(env: LpiEnv, property: number): OldTables {
    const { machine, memmap, crashKernel } = env;
    const { size } = machine.page;
    const owners = new Set<string>();
    for (let pfn = Math.floor(property / size); pfn * size < property + LPI_TABLE; pfn++) {
        owners.add(machine.owners.name(memmap.ownerOf(pfn)));
    }
    const found = { property, pages: LPI_TABLE / size, owners: [...owners] };
    const kept = machine.firmware.reserved.items.some((r) => r.addr === property);
    if (crashKernel || isReserved(env, property)) {
        return { ...found, became: kept || crashKernel ? 'kept' : 'filled' };
    }
    notReserved(env, property);
    return { ...found, became: 'disabled' };
}

/** gic_check_reserved_range(): one region of memblock, which joins neighbours with the same flags, contains it all. */
function isReserved({ memblock }: LpiEnv, addr: number): boolean {
    let at = addr;
    let flags: number | undefined;
    for (const r of memblock.reserved) {
        if (at < addr + LPI_TABLE && r.base <= at && at < r.base + r.size) {
            if (flags !== undefined && r.flags !== flags) {
                return false;
            }
            ({ flags } = r);
            at = r.base + r.size;
        }
    }
    return at >= addr + LPI_TABLE;
}

function notReserved({ log }: LpiEnv, addr: number): void {
    log.log('warn', `GICv3: Expected reserved range [${address(addr)}:${address(addr + LPI_TABLE - 1)}], not found`);
}

/** efi_mem_reserve_persistent(): also for all kernels that kexec starts, until the machine is switched off. */
function keep(env: LpiEnv, addr: number, owner: string): void {
    const { machine, memblock, pages } = env;
    const { firmware, page, owners } = machine;
    if (firmware.kind === 'none') {
        return;
    }
    const add = (at: number, size: number, what: string): void => {
        firmware.reserved.push({ addr: at, size, owner: what });
        memblock.reserve(at, size, what);
    };
    if (firmware.reserved.length === 0) {
        const list = pages.alloc(0, { owner: owners.id(RESERVATIONS) });
        if (list >= 0) {
            add(list * page.size, page.size, RESERVATIONS);
        }
    }
    add(addr, LPI_TABLE, owner);
}

/** A table that is aligned to its size; undefined: ENOMEM. */
function allocate({ machine: { owners, page }, pages }: LpiEnv, owner: string): number | undefined {
    const order = Math.log2(LPI_TABLE / page.size);
    const pfn = pages.alloc(order, { owner: owners.id(owner), zero: true });
    return pfn < 0 ? undefined : pfn * page.size;
}

function propertiesOff(): Bytes {
    return Bytes.of(new Uint8Array(LPI_TABLE).fill(OFF));
}

/** %pa */
function address(n: number): string {
    return `0x${hexDigits(n, 16)}`;
}
