/**
 * Interrupt remapping of AMD-Vi: AMD I/O Virtualization Technology (IOMMU) Specification, publication 48882, revision
 * 3.08: the fields of a device table entry for interrupts (section 2.2.2.1, table 7: IV, IntTabLen, table root, IntCtl)
 * and entries of 32 bits of tables without guest virtual APIC (section 2.2.5). Each device has a table of its own.
 */
import { IO_PAGE } from '../iommu/tables';
import { isInterruptAddress, processorOf, DESTINATION_UNIT, type Destination, type Message } from './message';
import type { InterruptEntry, InterruptFaultReason, RemappingFormat, Route } from './remapping';
import { hexDigits } from '../../text/text';

const DEVICE_ENTRY = 32;
/** Where the third 64-bit word of a device table entry begins: bits 191:128. */
const INTERRUPT_WORD = 16;
/** IV, bit 128. */
const VALID = 1;
/** IntTabLen, bits 132:129: the table has two to the power of it entries, at most 2048. */
const LENGTH_SHIFT = 1;
const LONGEST = 11;
/** Bits 51:6 of the table's address; it is aligned to 128 bytes. */
const ADDRESS_LOW = 0xffff_ff80;
const ADDRESS_HIGH = 0xf_ffff;
/** IntCtl, bits 189:188: fixed and arbitrated interrupts are refused, passed on, or remapped. */
const CONTROL_SHIFT = 28;
const PASS = 1;
const REMAP = 2;
/** Bits 10:0 of a message's data are the index of the entry. */
const INDEX = 0x7ff;

// Bits of an entry.
const REMAP_ENABLE = 1;
const TYPE_SHIFT = 2;
const ARBITRATED = 1;
const LOGICAL = 0x40;
const DESTINATION_SHIFT = 8;
const VECTOR_SHIFT = 16;

/**
 * The entries of a table that the driver makes: DTE_INTTABLEN of drivers/iommu/amd/amd_iommu_types.h, without 2K
 * support.
 */
const ENTRIES = 512;

/** Event codes of section 2.5.1, and the flag that says that it was an interrupt (bit 51: I). */
const ILLEGAL_DEV_TABLE_ENTRY = 1;
const IO_PAGE_FAULT = 2;
const EVENT_INTERRUPT = 0x8;

const hex4 = (n: number): string => `0x${hexDigits(n, 4)}`;

const codeOf = (reason: InterruptFaultReason): number =>
    reason === 'table' || reason === 'request' ? ILLEGAL_DEV_TABLE_ENTRY : IO_PAGE_FAULT;

/** Offset of the interrupt word of a device's entry in a device table. */
export function interruptWordAt(deviceTable: number, requester: number): number {
    return deviceTable + requester * DEVICE_ENTRY + INTERRUPT_WORD;
}

/**
 * The interrupt word for a device with a table of {@link ENTRIES}, as two halves; 0: it has no table, and its messages
 * pass unchanged.
 */
export function interruptWord(table: number): { readonly low: number; readonly high: number } {
    return table === 0
        ? { low: 0, high: 0 }
        : {
              low: ((table % 2 ** 32) + VALID + (Math.log2(ENTRIES) << LENGTH_SHIFT)) >>> 0,
              high: (Math.floor(table / 2 ** 32) | (REMAP << CONTROL_SHIFT)) >>> 0,
          };
}

/** The table of a device's entry and the number of its entries; undefined: none. */
function tableOf(low: number, high: number): { readonly table: number; readonly entries: number } {
    return {
        table: (high & ADDRESS_HIGH) * 2 ** 32 + ((low & ADDRESS_LOW) >>> 0),
        entries: 2 ** ((low >>> LENGTH_SHIFT) & 0xf),
    };
}

function decode(word: number): InterruptEntry | undefined {
    const destination = (word >>> DESTINATION_SHIFT) & 0xff;
    if (((word >>> TYPE_SHIFT) & 7) > ARBITRATED || (word & 0xff00_0080) !== 0) {
        return undefined;
    }
    return {
        kind: 'remapped',
        to: {
            cpu: (word & LOGICAL) === 0 ? destination : processorOf(destination),
            vector: (word >>> VECTOR_SHIFT) & 0xff,
        },
        source: undefined,
    };
}

export const AMD_INTERRUPTS: RemappingFormat = {
    entrySize: 4,
    entries: ENTRIES,
    tableOfDevice: true,
    wide: false,
    posts: false,
    route(m, { on, table: deviceTable }, cache, requester, { address, data }, trail): Route {
        if (!on || !isInterruptAddress(address)) {
            return { kind: 'as-is' };
        }
        const index = data & INDEX;
        const key = requester * 0x1_0000 + index;
        const known = cache.get(key);
        if (known) {
            return { ...known, index };
        }
        const word = interruptWordAt(deviceTable, requester);
        trail.push(word - (word % IO_PAGE));
        if (!m.isRam(word, 8)) {
            return { kind: 'fault', reason: 'table', index };
        }
        const low = m.memory.readU32(word);
        const high = m.memory.readU32(word + 4);
        const control = (high >>> CONTROL_SHIFT) & 3;
        if ((low & VALID) === 0 || control === PASS) {
            return { kind: 'as-is' };
        }
        const { table, entries } = tableOf(low, high);
        if (control !== REMAP || entries > 2 ** LONGEST) {
            return { kind: 'fault', reason: control === 0 ? 'compatibility' : 'request', index };
        }
        if (index >= entries) {
            return { kind: 'fault', reason: 'index', index };
        }
        const at = table + index * 4;
        trail.push(at - (at % IO_PAGE));
        if (!m.isRam(at, 4)) {
            return { kind: 'fault', reason: 'table', index };
        }
        const bits = m.memory.readU32(at);
        if ((bits & REMAP_ENABLE) === 0) {
            return { kind: 'fault', reason: 'not-present', index };
        }
        const entry = decode(bits);
        if (!entry) {
            return { kind: 'fault', reason: 'reserved', index };
        }
        cache.set(key, entry);
        return { ...entry, index };
    },
    message: (index: number, { cpu }: Destination): Message => ({
        address: 0xfee0_0000 + (cpu & 0xff) * DESTINATION_UNIT,
        data: index,
    }),
    words: (entry) => [
        entry?.kind === 'remapped'
            ? (REMAP_ENABLE | ((entry.to.cpu & 0xff) << DESTINATION_SHIFT) | (entry.to.vector << VECTOR_SHIFT)) >>> 0
            : 0,
    ],
    code: codeOf,
    text: ({ reason, device, address, domain }) => {
        const event = codeOf(reason) === IO_PAGE_FAULT ? 'IO_PAGE_FAULT' : 'ILLEGAL_DEV_TABLE_ENTRY';
        return `AMD-Vi: Event logged [${event} device=0000:${device} domain=${hex4(domain)} address=0x${address.toString(16)} flags=${hex4(EVENT_INTERRUPT)}]`;
    },
};
