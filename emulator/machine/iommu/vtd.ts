/**
 * Intel VT-d in legacy mode: Intel Virtualization Technology for Directed I/O, Architecture Specification, revision
 * 4.1: root entry (section 9.1), context entry (9.3), second-stage paging entries (9.8), fault reasons (7.1.3).
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

const READ = 1;
const WRITE = 2;
/** PS: a 1 GiB or 2 MiB leaf. */
const PAGE = 0x80;
const PRESENT = 1;
/** Bits 3:2 of a context entry: second-stage translation, or pass-through. */
const TT_SHIFT = 2;
const TT_PASS_THROUGH = 2;
/** AW, bits 66:64: 48-bit addresses in four levels. */
const AW_48 = 2;

const pages: PageTableFormat = {
    shape: TABLES_OF_4K,
    decode({ low, high }: Entry, level: number): Decoded {
        const read = (low & READ) !== 0;
        const write = (low & WRITE) !== 0;
        if (!read && !write) {
            return { kind: 'none' };
        }
        const pa = addressIn({ low, high });
        if (level > 1 && (low & PAGE) === 0) {
            return { kind: 'table', pa, level: level - 1, read, write };
        }
        // PS is reserved in the entries of levels 4 and 5, and so are the address bits below the size of a leaf
        return level > TABLES_OF_4K.largestLeaf || pa % TABLES_OF_4K.mappedBy(level) !== 0
            ? { kind: 'bad' }
            : { kind: 'leaf', pa, read, write };
    },
    table: (pa) => entryOf(pa, READ | WRITE),
    leaf: (pa, level, read, write) => entryOf(pa, (level > 1 ? PAGE : 0) | (read ? READ : 0) | (write ? WRITE : 0)),
};

/** Fault reasons of section 7.1.3 (and what the kernel's drivers/iommu/intel/dmar.c prints for them). */
const REASONS: Readonly<Record<Exclude<FaultReason, 'not-present'>, readonly [number, string]>> = {
    'root-absent': [0x01, 'Present bit in root entry is clear'],
    'context-absent': [0x02, 'Present bit in context entry is clear'],
    blocked: [0x02, 'Present bit in context entry is clear'],
    'context-invalid': [0x03, 'Invalid context entry'],
    'address-width': [0x04, 'Access beyond MGAW'],
    write: [0x05, 'PTE Write access is not set'],
    read: [0x06, 'PTE Read access is not set'],
    unreachable: [0x07, 'Next page table ptr is invalid'],
    reserved: [0x0c, 'non-zero reserved fields in PTE'],
};

const reasonOf = (reason: FaultReason, write: boolean): readonly [number, string] =>
    REASONS[reason === 'not-present' ? (write ? 'write' : 'read') : reason];

const bus = (requester: number): number => requester >> 8;

export const VTD: UnitFormat = {
    vendor: 'vtd',
    title: 'Intel VT-d',
    pages,
    lookup(m: WalkedMemory, root: number, requester: number, trail: number[]): Lookup {
        trail.push(root);
        const r = m.isRam(root, IO_PAGE) ? readEntry(m.memory, root + bus(requester) * 16) : { low: 0, high: 0 };
        if ((r.low & PRESENT) === 0) {
            return { fault: 'root-absent' };
        }
        const table = addressIn(r);
        trail.push(table);
        if (!m.isRam(table, IO_PAGE)) {
            return { fault: 'unreachable' };
        }
        const at = table + (requester & 0xff) * 16;
        const low = readEntry(m.memory, at);
        const high = readEntry(m.memory, at + 8);
        if ((low.low & PRESENT) === 0) {
            return { fault: 'context-absent' };
        }
        const domain = (high.low >>> 8) & 0xffff;
        const type = (low.low >>> TT_SHIFT) & 3;
        const levels = (high.low & 7) + 2;
        if (type === TT_PASS_THROUGH) {
            return { kind: 'identity', domain };
        }
        return type === 3 || levels < 3 || levels > 5
            ? { fault: 'context-invalid' }
            : { kind: 'paging', domain, root: addressIn(low), levels };
    },
    makeRoot: (m) => m.allocate(IO_PAGE, 'root table'),
    attach(m: TableMemory, root: number, requester: number, to: Attachment): boolean {
        const at = root + bus(requester) * 16;
        let table = addressIn(m.read(at));
        if ((m.read(at).low & PRESENT) === 0) {
            table = m.allocate(IO_PAGE, 'context table');
            if (table < 0) {
                return false;
            }
            m.write(at, entryOf(table, PRESENT));
        }
        const context = table + (requester & 0xff) * 16;
        if (to.kind === 'blocked') {
            m.write(context, { low: 0, high: 0 });
            m.write(context + 8, { low: 0, high: 0 });
            return true;
        }
        const width = to.kind === 'paging' ? to.levels - 2 : AW_48;
        m.write(context + 8, { low: ((to.domain << 8) | width) >>> 0, high: 0 });
        m.write(
            context,
            entryOf(
                to.kind === 'paging' ? to.root : 0,
                PRESENT | ((to.kind === 'paging' ? 0 : TT_PASS_THROUGH) << TT_SHIFT),
            ),
        );
        return true;
    },
    tables(m: WalkedMemory, root: number): number[] {
        const tables = [root];
        for (let i = 0; i < 256; i++) {
            const entry = readEntry(m.memory, root + i * 16);
            if ((entry.low & PRESENT) !== 0) {
                tables.push(addressIn(entry));
            }
        }
        return tables;
    },
    deviceTables: () => [],
    code: (reason, write) => reasonOf(reason, write)[0],
    message: ({ reason, write, iova, device }) => {
        const [code, text] = reasonOf(reason, write);
        return `DMAR: [DMA ${write ? 'Write' : 'Read'} NO_PASID] Request device [${device}] fault addr 0x${iova.toString(16)} [fault reason 0x${code.toString(16).padStart(2, '0')}] ${text}`;
    },
};
