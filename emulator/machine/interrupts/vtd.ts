/**
 * Interrupt remapping and posting of Intel VT-d: Intel Virtualization Technology for Directed I/O, Architecture
 * Specification, revision 4.1: requests in the remappable format (section 5.1.2.2), interrupt remapping table entries
 * for remapped (9.9) and for posted interrupts (9.10), fault conditions (7.1.3 and 5.1.4.1). Destinations are 32 bits
 * wide, as in x2APIC mode.
 */
import { IO_PAGE } from '../iommu/tables';
import { isInterruptAddress, processorOf, type Destination, type Message } from './message';
import {
    passes,
    type InterruptEntry,
    type InterruptFaultReason,
    type RemappingFormat,
    type Route,
    type SourceCheck,
} from './remapping';

// Words of an entry: bits 31:0, 63:32, 95:64, 127:96.
const PRESENT = 1;
/** DM, bit 2. */
const LOGICAL = 4;
/** DLM, bits 7:5: devices send fixed and lowest priority. */
const MODE_SHIFT = 5;
const LOWEST_PRIORITY = 1;
/** URG of a posted entry, bit 14. */
const URGENT = 0x4000;
/** IM, bit 15: the entry is a posted one. */
const POSTED = 0x8000;
const VECTOR_SHIFT = 16;
/**
 * Reserved bits: 14:12 and 31:24 of a remapped entry, 7:2, 13:12 and 31:24 of a posted one, 127:84 of a remapped one.
 */
const RESERVED_REMAPPED = 0xff00_7000;
const RESERVED_POSTED = 0xff00_30fc;
/** SQ (bits 81:80) and SVT (83:82), in the third word. */
const SQ_SHIFT = 16;
const SVT_SHIFT = 18;
const VERIFY_REQUESTER = 1;
const VERIFY_BUS = 2;
/** The part of the function number that SQ ignores: nothing, its bit 2, bits 2:1, all of it. */
const IGNORED = [0, 4, 6, 7];
/** The format bit (4), SHV (3), bit 15 of the handle (2) of a message's address. */
const REMAPPABLE = 0x10;
const SUBHANDLE_VALID = 8;
const HANDLE_15 = 4;

/** Fault reasons of section 7.1.3 (and what drivers/iommu/intel/dmar.c prints for them). */
const REASONS: Readonly<Record<InterruptFaultReason, readonly [number, string]>> = {
    request: [0x20, 'Detected reserved fields in the decoded interrupt-remapped request'],
    index: [0x21, 'Interrupt index exceeded the interrupt-remapping table size'],
    'not-present': [0x22, 'Present field in the IRTE entry is clear'],
    table: [0x23, 'Error accessing interrupt-remapping table pointed by IRTA_REG'],
    reserved: [0x24, 'Detected reserved fields in the IRTE entry'],
    compatibility: [0x25, 'Blocked a compatibility format interrupt request'],
    source: [0x26, 'Blocked an interrupt request due to source-id verification failure'],
    descriptor: [0x27, 'Error accessing a posted-interrupt descriptor'],
    'descriptor-reserved': [0x28, 'Detected reserved fields in a posted-interrupt descriptor'],
};

function checkOf(word: number): SourceCheck | undefined | 'reserved' {
    const requester = word & 0xffff;
    const type = (word >>> SVT_SHIFT) & 3;
    switch (type) {
        case 0:
            return undefined;
        case VERIFY_REQUESTER:
            return { mask: 0xffff & ~(IGNORED[(word >>> SQ_SHIFT) & 3] ?? 0), requester, lastBus: -1 };
        // bus numbers from bits 15:8 of SID to bits 7:0
        case VERIFY_BUS:
            return { mask: 0, requester: requester >> 8, lastBus: requester & 0xff };
        default:
            return 'reserved';
    }
}

/** The contents of four words; undefined: reserved bits are set. */
function decode([first, second, third, fourth]: readonly [number, number, number, number]): InterruptEntry | undefined {
    const source = checkOf(third);
    const vector = (first >>> VECTOR_SHIFT) & 0xff;
    if (source === 'reserved' || third >>> 20 !== 0) {
        return undefined;
    }
    if ((first & POSTED) !== 0) {
        if ((first & RESERVED_POSTED) !== 0 || (second & 0x3f) !== 0) {
            return undefined;
        }
        return {
            kind: 'posted',
            descriptor: fourth * 2 ** 32 + second,
            vector,
            urgent: (first & URGENT) !== 0,
            source,
        };
    }
    if ((first & RESERVED_REMAPPED) !== 0 || fourth !== 0 || ((first >>> MODE_SHIFT) & 7) > LOWEST_PRIORITY) {
        return undefined;
    }
    return { kind: 'remapped', to: { cpu: (first & LOGICAL) === 0 ? second : processorOf(second), vector }, source };
}

const sourceWord = (s: SourceCheck | undefined): number => (s ? (VERIFY_REQUESTER << SVT_SHIFT) | s.requester : 0);

export const VTD_INTERRUPTS: RemappingFormat = {
    entrySize: 16,
    // INTR_REMAP_TABLE_ENTRIES of drivers/iommu/intel/irq_remapping.c
    entries: 0x1_0000,
    tableOfDevice: false,
    wide: true,
    posts: true,
    route(m, { on, table, entries, strict }, cache, requester, { address, data }, trail): Route {
        if (!on || !isInterruptAddress(address)) {
            return { kind: 'as-is' };
        }
        if ((address & REMAPPABLE) === 0) {
            return strict ? { kind: 'fault', reason: 'compatibility', index: -1 } : { kind: 'as-is' };
        }
        const handle = ((address >>> 5) & 0x7fff) + ((address & HANDLE_15) === 0 ? 0 : 0x8000);
        const subhandle = (address & SUBHANDLE_VALID) !== 0;
        const index = handle + (subhandle ? data & 0xffff : 0);
        if (subhandle && data >>> 16 !== 0) {
            return { kind: 'fault', reason: 'request', index };
        }
        if (index >= entries) {
            return { kind: 'fault', reason: 'index', index };
        }
        let entry = cache.get(index);
        if (!entry) {
            const at = table + index * 16;
            trail.push(at - (at % IO_PAGE));
            if (!m.isRam(at, 16)) {
                return { kind: 'fault', reason: 'table', index };
            }
            const first = m.memory.readU32(at);
            if ((first & PRESENT) === 0) {
                return { kind: 'fault', reason: 'not-present', index };
            }
            entry = decode([first, m.memory.readU32(at + 4), m.memory.readU32(at + 8), m.memory.readU32(at + 12)]);
            if (!entry) {
                return { kind: 'fault', reason: 'reserved', index };
            }
            cache.set(index, entry);
        }
        return passes(entry.source, requester) ? { ...entry, index } : { kind: 'fault', reason: 'source', index };
    },
    message: (index: number, _to: Destination): Message => ({
        address:
            (0xfee0_0000 + (index & 0x7fff) * 32 + REMAPPABLE + SUBHANDLE_VALID + (index > 0x7fff ? HANDLE_15 : 0)) >>>
            0,
        data: 0,
    }),
    words(entry) {
        if (!entry) {
            return [0, 0, 0, 0];
        }
        if (entry.kind === 'posted') {
            const { descriptor, vector, urgent, source } = entry;
            return [
                (PRESENT | POSTED | (urgent ? URGENT : 0) | (vector << VECTOR_SHIFT)) >>> 0,
                descriptor % 2 ** 32,
                sourceWord(source),
                Math.floor(descriptor / 2 ** 32),
            ];
        }
        return [(PRESENT | (entry.to.vector << VECTOR_SHIFT)) >>> 0, entry.to.cpu, sourceWord(entry.source), 0];
    },
    code: (reason) => REASONS[reason][0],
    text: ({ reason, device, index }) =>
        `DMAR: [INTR-REMAP] Request device [${device}] fault index 0x${Math.max(index, 0).toString(16)} [fault reason 0x${REASONS[reason][0].toString(16)}] ${REASONS[reason][1]}`,
};
