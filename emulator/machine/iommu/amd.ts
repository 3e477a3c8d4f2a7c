/**
 * AMD-Vi: AMD I/O Virtualization Technology (IOMMU) Specification, publication 48882, revision 3.08: device table entry
 * (section 2.2.2.1, table 7), I/O page tables with the level of the next table in each entry (section 2.2.3), event log
 * (section 2.5).
 */
import {
    addressIn,
    IO_PAGE,
    TABLES_OF_4K,
    entryOf,
    readEntry,
    type Decoded,
    type Entry,
    type FaultReason,
    type PageTableFormat,
    type WalkedMemory,
} from './tables';
import type { Attachment, Lookup, TableMemory, UnitFormat } from './unit';
import { hexDigits } from '../../text/text';

/** PR of a page table entry, V of a device table entry. */
const PRESENT = 1;
/** TV of a device table entry: the translation fields are valid. */
const TRANSLATION_VALID = 2;
/**
 * Bits 11:9: the level of the table that the entry leads to; 0: it maps memory itself. In a device table entry: the
 * paging mode.
 */
const LEVEL_SHIFT = 9;
/** FC (bit 60), IR and IW (bits 61 and 62), in the upper half. */
const COHERENT = 1 << 28;
const READ = 1 << 29;
const WRITE = 1 << 30;
/** Bytes of a device table entry. The table of a segment has one for each requester. */
const DEVICE_ENTRY = 32;
const REQUESTERS = 0x10000;

const pages: PageTableFormat = {
    shape: TABLES_OF_4K,
    decode({ low, high }: Entry, level: number): Decoded {
        if ((low & PRESENT) === 0) {
            return { kind: 'none' };
        }
        const next = (low >>> LEVEL_SHIFT) & 7;
        const pa = addressIn({ low, high: high & 0xf_ffff });
        const read = (high & READ) !== 0;
        const write = (high & WRITE) !== 0;
        if (next === 0) {
            return level > TABLES_OF_4K.largestLeaf || pa % TABLES_OF_4K.mappedBy(level) !== 0
                ? { kind: 'bad' }
                : { kind: 'leaf', pa, read, write };
        }
        // 7 is a page of a size that its address encodes, which Linux uses only for 32 KiB and the like
        return next >= level ? { kind: 'bad' } : { kind: 'table', pa, level: next, read, write };
    },
    table: (pa, level) => entryOf(pa, PRESENT | ((level - 1) << LEVEL_SHIFT), READ | WRITE),
    leaf: (pa, _level, read, write) => entryOf(pa, PRESENT, COHERENT | (read ? READ : 0) | (write ? WRITE : 0)),
};

/** Event codes of section 2.5.1. */
const ILLEGAL_DEV_TABLE_ENTRY = 1;
const IO_PAGE_FAULT = 2;
const DEV_TAB_HARDWARE_ERROR = 3;

function codeOf(reason: FaultReason): number {
    return reason === 'root-absent'
        ? DEV_TAB_HARDWARE_ERROR
        : reason === 'context-invalid' || reason === 'context-absent'
          ? ILLEGAL_DEV_TABLE_ENTRY
          : IO_PAGE_FAULT;
}

/** Flag RW of an event: the request was a write. */
const EVENT_WRITE = 0x20;
const NAMES = ['', 'ILLEGAL_DEV_TABLE_ENTRY', 'IO_PAGE_FAULT', 'DEV_TAB_HARDWARE_ERROR'];
const hex4 = (n: number): string => `0x${hexDigits(n, 4)}`;

export const AMD: UnitFormat = {
    vendor: 'amd',
    title: 'AMD-Vi',
    pages,
    lookup(m: WalkedMemory, root: number, requester: number, trail: number[]): Lookup {
        const at = root + requester * DEVICE_ENTRY;
        trail.push(at - (at % IO_PAGE));
        if (!m.isRam(at, DEVICE_ENTRY)) {
            return { fault: 'root-absent' };
        }
        const low = readEntry(m.memory, at);
        const domain = m.memory.readU32(at + 8) & 0xffff;
        if ((low.low & PRESENT) === 0) {
            // V = 0: everything passes untranslated; Linux does not use this
            return { kind: 'identity', domain: 0 };
        }
        if ((low.low & TRANSLATION_VALID) === 0) {
            return { fault: 'blocked' };
        }
        const levels = (low.low >>> LEVEL_SHIFT) & 7;
        if (levels === 0) {
            return (low.high & (READ | WRITE)) === 0 ? { fault: 'blocked' } : { kind: 'identity', domain };
        }
        return levels === 7 ? { fault: 'context-invalid' } : { kind: 'paging', domain, root: addressIn(low), levels };
    },
    makeRoot(m: TableMemory): number {
        const table = m.allocate(REQUESTERS * DEVICE_ENTRY, 'device table');
        // init_device_table(): V and TV without a mode and without rights block every device
        for (let i = 0; table >= 0 && i < REQUESTERS; i++) {
            m.write(table + i * DEVICE_ENTRY, { low: PRESENT | TRANSLATION_VALID, high: 0 });
        }
        return table;
    },
    attach(m: TableMemory, root: number, requester: number, to: Attachment): boolean {
        const at = root + requester * DEVICE_ENTRY;
        m.write(at + 8, { low: to.kind === 'blocked' ? 0 : to.domain, high: 0 });
        const levels = to.kind === 'paging' ? to.levels : 0;
        m.write(
            at,
            entryOf(
                to.kind === 'paging' ? to.root : 0,
                PRESENT | TRANSLATION_VALID | (levels << LEVEL_SHIFT),
                to.kind === 'blocked' ? 0 : READ | WRITE,
            ),
        );
        return true;
    },
    tables: (_m, root) => [root],
    deviceTables: () => [],
    code: codeOf,
    message: ({ code, write, iova, domain, device }) =>
        `AMD-Vi: Event logged [${NAMES[code] ?? ''} device=0000:${device} domain=${hex4(domain)} address=0x${iova.toString(16)} flags=${hex4(write ? EVENT_WRITE : 0)}]`,
};
