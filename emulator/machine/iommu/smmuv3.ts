/**
 * Arm SMMUv3, as Linux uses it: Arm System Memory Management Unit Architecture Specification, IHI 0070: two-level
 * stream table with a split of 8 (sections 3.3.2 and 5.1), stream table entry (5.2), context descriptor (5.4), events
 * (7.3). Stage 1 tables are VMSAv8-64 with 48 bits and the kernel's page as granule: Arm Architecture Reference Manual,
 * DDI 0487, section D8.3.
 */
import { PAGES_4K, type PageGeometry } from '../arch';
import {
    addressIn,
    entryOf,
    IO_PAGE,
    readEntry,
    TableShape,
    type Decoded,
    type Entry,
    type FaultReason,
    type PageTableFormat,
    type WalkedMemory,
} from './tables';
import type { Attachment, Lookup, TableMemory, UnitFormat } from './unit';

// Descriptors.
const VALID = 1;
/** Bit 1: a table, or at level 1 (level 3 of the manual) a page; without it a block. */
const TABLE = 2;
/** AP[1] (bit 6): unprivileged access too. AP[2] (bit 7): read-only. */
const AP_UNPRIVILEGED = 1 << 6;
const AP_READ_ONLY = 1 << 7;
const INNER_SHAREABLE = 3 << 8;
const ACCESS_FLAG = 1 << 10;
const NOT_GLOBAL = 1 << 11;
/** Bits 47:12. */
const descriptorAddress = (e: Entry): number => addressIn({ low: e.low, high: e.high & 0xffff });

/** TG0 of a context descriptor, bits 7:6, by log2 of the granule. */
const GRANULES: ReadonlyMap<number, number> = new Map([
    [12, 0],
    [14, 2],
    [16, 1],
]);

/**
 * With a granule of 4 KiB, blocks are at levels 1 and 2 of the manual, which are 3 and 2 here; with larger granules,
 * they are at level 2 of the manual.
 */
function pagesOf({ shift }: PageGeometry): PageTableFormat {
    const shape = new TableShape(shift, shift === PAGES_4K.shift ? 3 : 2);
    return {
        shape,
        decode(entry: Entry, level: number): Decoded {
            if ((entry.low & VALID) === 0) {
                return { kind: 'none' };
            }
            const pa = descriptorAddress(entry);
            const table = (entry.low & TABLE) !== 0;
            if (table && level > 1) {
                return { kind: 'table', pa, level: level - 1, read: true, write: true };
            }
            // reserved: a block at level 1, or one above the largest size; without the access flag, an access faults
            // (CD.AFFD is 0)
            if (table !== (level === 1) || level > shape.largestLeaf || pa % shape.mappedBy(level) !== 0) {
                return { kind: 'bad' };
            }
            return (entry.low & ACCESS_FLAG) === 0
                ? { kind: 'none' }
                : { kind: 'leaf', pa, read: true, write: (entry.low & AP_READ_ONLY) === 0 };
        },
        table: (pa) => entryOf(pa, VALID | TABLE),
        leaf: (pa, level, _read, write) =>
            entryOf(
                pa,
                VALID |
                    (level === 1 ? TABLE : 0) |
                    AP_UNPRIVILEGED |
                    (write ? 0 : AP_READ_ONLY) |
                    INNER_SHAREABLE |
                    ACCESS_FLAG |
                    NOT_GLOBAL,
            ),
    };
}

// Stream table: first-level descriptors of 8 bytes, each with a table of 256 entries of 64 bytes.
const SPLIT = 8;
const SPAN = SPLIT + 1;
const STREAM_ENTRY = 64;
/** Config, bits 3:1. */
const CONFIG_ABORT = 0;
const CONFIG_BYPASS = 4;
const CONFIG_STAGE_1 = 5;
// Context descriptor: T0SZ (bits 5:0), TG0 (7:6), EPD1 (30), V (31), IPS (34:32), AA64 (41), ASET (47), ASID (63:48).
const T0SZ_48 = 16;
const TG0_SHIFT = 6;
const EPD1 = 1 << 30;
const CD_VALID = 0x8000_0000;
const IPS_48 = 5;
const AA64 = 1 << 9;
const ASET = 1 << 15;

/** Bits 51:6 of a table's address: with a granule of 4 KiB, the bits below 12 are zero except for small tables. */
const addressOf64 = ({ low, high }: Entry): number => (high & 0xf_ffff) * 2 ** 32 + ((low & 0xffff_ffc0) >>> 0);

/** Event numbers of section 7.3. */
const EVENTS: Readonly<Record<FaultReason, readonly [number, string]>> = {
    'root-absent': [0x02, 'C_BAD_STREAMID'],
    'context-absent': [0x04, 'C_BAD_STE'],
    'context-invalid': [0x0a, 'C_BAD_CD'],
    // the hardware does not record an abort that the entry requests; the number is that of a stream without translation
    blocked: [0x06, 'F_STREAM_DISABLED'],
    'address-width': [0x10, 'F_TRANSLATION'],
    'not-present': [0x10, 'F_TRANSLATION'],
    reserved: [0x10, 'F_TRANSLATION'],
    read: [0x13, 'F_PERMISSION'],
    write: [0x13, 'F_PERMISSION'],
    unreachable: [0x0b, 'F_WALK_EABT'],
};

/**
 * @param page whose size is its granule, as the driver chooses it (arm_lpae_restrict_pgsizes() of
 * drivers/iommu/io-pgtable-arm.c)
 */
export function smmuv3(page: PageGeometry): UnitFormat {
    const pages = pagesOf(page);
    const granule = GRANULES.get(page.shift) ?? 0;
    return {
        vendor: 'smmuv3',
        title: 'Arm SMMUv3',
        pages,
        lookup(m: WalkedMemory, root: number, requester: number, trail: number[]): Lookup {
            trail.push(root);
            const first = m.isRam(root, IO_PAGE)
                ? readEntry(m.memory, root + (requester >> SPLIT) * 8)
                : { low: 0, high: 0 };
            const span = first.low & 0x1f;
            if (span === 0 || (requester & 0xff) >= 2 ** (span - 1)) {
                return { fault: 'root-absent' };
            }
            const at = addressOf64(first) + (requester & 0xff) * STREAM_ENTRY;
            trail.push(at - (at % IO_PAGE));
            if (!m.isRam(at, STREAM_ENTRY)) {
                return { fault: 'unreachable' };
            }
            const entry = readEntry(m.memory, at);
            const config = (entry.low >>> 1) & 7;
            if ((entry.low & VALID) === 0) {
                return { fault: 'context-absent' };
            }
            if (config === CONFIG_BYPASS) {
                return { kind: 'identity', domain: 0 };
            }
            if (config === CONFIG_ABORT) {
                return { fault: 'blocked' };
            }
            if (config !== CONFIG_STAGE_1) {
                // this SMMU has no stage 2 (IDR0.S2P is 0)
                return { fault: 'context-absent' };
            }
            return contextOf(
                m,
                addressOf64({ low: entry.low, high: entry.high & 0x00ff_ffff }),
                trail,
                pages.shape,
                granule,
            );
        },
        makeRoot: (m) => m.allocate(IO_PAGE, 'stream table'),
        attach(m: TableMemory, root: number, requester: number, to: Attachment): boolean {
            const first = root + (requester >> SPLIT) * 8;
            let table = addressOf64(m.read(first));
            if ((m.read(first).low & 0x1f) === 0) {
                table = m.allocate(2 ** SPLIT * STREAM_ENTRY, 'stream table of a bus');
                if (table < 0) {
                    return false;
                }
                // arm_smmu_init_initial_stes(): streams without a domain abort
                for (let i = 0; i < 2 ** SPLIT; i++) {
                    m.write(table + i * STREAM_ENTRY, { low: VALID, high: 0 });
                }
                m.write(first, entryOf(table, SPAN));
            }
            const at = table + (requester & 0xff) * STREAM_ENTRY;
            if (to.kind !== 'paging') {
                m.write(at, { low: VALID | ((to.kind === 'identity' ? CONFIG_BYPASS : CONFIG_ABORT) << 1), high: 0 });
                return true;
            }
            // each device has its own context descriptor, which the driver keeps and refills
            const had = m.read(at);
            const kept =
                ((had.low >>> 1) & 7) === CONFIG_STAGE_1
                    ? addressOf64(had)
                    : m.allocate(STREAM_ENTRY, 'context descriptor');
            if (kept < 0) {
                return false;
            }
            m.write(kept + 8, entryOf(to.root, 0));
            m.write(kept, {
                low: (T0SZ_48 | (granule << TG0_SHIFT) | EPD1 | CD_VALID) >>> 0,
                high: (IPS_48 | AA64 | ASET | (to.domain << 16)) >>> 0,
            });
            m.write(at, entryOf(kept, VALID | (CONFIG_STAGE_1 << 1)));
            return true;
        },
        tables(m: WalkedMemory, root: number): number[] {
            const tables = [root];
            for (let i = 0; i < 2 ** SPLIT; i++) {
                const first = readEntry(m.memory, root + i * 8);
                if ((first.low & 0x1f) !== 0) {
                    tables.push(addressOf64(first));
                }
            }
            return tables;
        },
        deviceTables(m: WalkedMemory, root: number, requester: number): number[] {
            const first = readEntry(m.memory, root + (requester >> SPLIT) * 8);
            const entry =
                (first.low & 0x1f) === 0
                    ? { low: 0, high: 0 }
                    : readEntry(m.memory, addressOf64(first) + (requester & 0xff) * STREAM_ENTRY);
            return ((entry.low >>> 1) & 7) === CONFIG_STAGE_1
                ? [addressOf64({ low: entry.low, high: entry.high & 0x00ff_ffff })]
                : [];
        },
        code: (reason) => EVENTS[reason][0],
        message: ({ reason, iova, device, requester }) =>
            `arm-smmu-v3: event: ${EVENTS[reason][1]} client: 0000:${device} sid: 0x${requester.toString(16)} ssid: 0x0 iova: 0x${iova.toString(16)} ipa: 0x0`,
    };
}

function contextOf(m: WalkedMemory, cd: number, trail: number[], shape: TableShape, granule: number): Lookup {
    trail.push(cd - (cd % IO_PAGE));
    if (!m.isRam(cd, STREAM_ENTRY)) {
        return { fault: 'unreachable' };
    }
    const low = readEntry(m.memory, cd);
    const bits = 64 - (low.low & 0x3f);
    const known = ((low.low >>> TG0_SHIFT) & 3) === granule;
    if ((low.low & CD_VALID) === 0 || (low.high & AA64) === 0 || !known || bits < 25 || bits > 48) {
        return { fault: 'context-invalid' };
    }
    return {
        kind: 'paging',
        domain: low.high >>> 16,
        root: addressIn(readEntry(m.memory, cd + 8)),
        levels: shape.levelsFor(bits),
    };
}
