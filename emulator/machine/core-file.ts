/**
 * ELF64 core files of physical memory, in the format of QEMU's dump-guest-memory and /proc/vmcore: PT_LOAD segments by
 * physical address, and notes. The reader accepts any file: each defect is a finding, and the intact parts of a damaged
 * file can be read.
 */
import { counted, hex } from '../text/text';
import type { ArchName } from './arch';
import { PHYS_LIMIT } from './memory';
import { decodeText, encodeText } from '../text/utf8';

const HEADER = 64;
const PROGRAM_HEADER = 56;
const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ET_CORE = 4;
const EM_X86_64 = 62;
const EM_AARCH64 = 183;
const PT_LOAD = 1;
const PT_NOTE = 4;
/** e_phnum if there are more program headers than it can hold: their number is in sh_info of section 0. */
const PN_XNUM = 0xffff;
const NOTE_HEADER = 12;
/** Bytes of notes that are read at most; a machine has one note of a few hundred bytes for each processor. */
const NOTES_LIMIT = 16 * 1024 * 1024;
/** Segments that are read at most; a machine with more is split into single pages. */
const SEGMENTS_LIMIT = 1 << 20;

/** Bytes of a file, from any source. */
export interface ByteSource {
    readonly length: number;
    /** A copy of at most `length` bytes from `offset` on; fewer at the end. */
    read(offset: number, length: number): Uint8Array;
}

export function sourceOf(bytes: Uint8Array): ByteSource {
    return { length: bytes.length, read: (offset, length) => bytes.slice(offset, offset + length) };
}

/** A run of physical memory in the file. Addresses and sizes in bytes. */
export interface CoreSegment {
    readonly pa: number;
    readonly size: number;
    /** Offset of its bytes in the file; only the first `stored` are in the file, the rest is zeroes. */
    readonly offset: number;
    readonly stored: number;
}

export interface CoreNote {
    readonly name: string;
    readonly type: number;
    readonly content: Uint8Array;
}

export interface CoreFinding {
    readonly code:
        | 'not-elf'
        | 'headers-outside'
        | 'segment-cut'
        | 'segment-nowhere'
        | 'segments-overlap'
        | 'segments-share'
        | 'note-damaged'
        | 'not-core';
    /** Offset in the file. */
    readonly offset: number;
    readonly text: string;
}

export interface CoreFile {
    readonly machine: ArchName | 'other';
    /** Ascending, without overlaps. */
    readonly segments: readonly CoreSegment[];
    readonly notes: readonly CoreNote[];
    readonly findings: readonly CoreFinding[];
}

const at64 = (view: DataView, at: number): number =>
    view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;

function viewOf(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

const NOTHING = { machine: 'other', segments: [], notes: [] } as const;

/** Reads the headers of a core file; never throws. A file of another kind gives only findings. */
export function readCoreFile(file: ByteSource): CoreFile {
    const header = file.read(0, HEADER);
    const why = notElf(header);
    if (why !== undefined) {
        return { ...NOTHING, findings: [{ code: 'not-elf', offset: 0, text: why }] };
    }
    const findings: CoreFinding[] = [];
    const view = viewOf(header);
    const type = view.getUint16(16, true);
    if (type !== ET_CORE) {
        findings.push({ code: 'not-core', offset: 16, text: `this ELF file is of type ${type}, not a core file` });
    }
    const machine = view.getUint16(18, true);
    const table = at64(view, 32);
    const entry = view.getUint16(54, true);
    const wanted = headerCount(file, view);
    const room = entry >= PROGRAM_HEADER && table < file.length ? Math.floor((file.length - table) / entry) : 0;
    const count = Math.min(wanted, room, SEGMENTS_LIMIT);
    if (count < wanted) {
        findings.push({
            code: 'headers-outside',
            offset: 32,
            text: `the file should have ${counted(wanted, 'program header')} of ${counted(entry, 'byte')} at offset ${hex(table)}, but has ${count}`,
        });
    }
    const found: CoreSegment[] = [];
    const total = { stored: 0 };
    const notes: CoreNote[] = [];
    const headers = file.read(table, count * entry);
    const v = viewOf(headers);
    for (let i = 0; i < count && (i + 1) * entry <= headers.length; i++) {
        const at = i * entry;
        const kind = v.getUint32(at, true);
        const piece = {
            offset: at64(v, at + 8),
            pa: at64(v, at + 24),
            stored: at64(v, at + 32),
            size: at64(v, at + 40),
        };
        if (kind === PT_LOAD) {
            addSegment(file, piece, table + at, found, total, findings);
        } else if (kind === PT_NOTE) {
            readNotes(file, piece.offset, piece.stored, notes, findings);
        }
    }
    const segments = disjoint(found, findings);
    return {
        machine: machine === EM_X86_64 ? 'x86-64' : machine === EM_AARCH64 ? 'arm64' : 'other',
        segments,
        notes,
        findings,
    };
}

function notElf(header: Uint8Array): string | undefined {
    const magic = String.fromCharCode(...header.subarray(0, 8));
    if (magic.startsWith('KDUMP   ') || magic.startsWith('makedump')) {
        return 'this is a compressed kdump file, not ELF: convert it, or dump with makedumpfile -E';
    }
    if (header.length < HEADER || !magic.startsWith('\x7fELF')) {
        return 'this is not an ELF file';
    }
    return header[4] === ELFCLASS64 && header[5] === ELFDATA2LSB
        ? undefined
        : 'this ELF file is not 64-bit little-endian';
}

function headerCount(file: ByteSource, view: DataView): number {
    const count = view.getUint16(56, true);
    if (count !== PN_XNUM) {
        return count;
    }
    const section = file.read(at64(view, 40), HEADER);
    return section.length === HEADER ? viewOf(section).getUint32(44, true) : count;
}

type Piece = Pick<CoreSegment, 'pa' | 'size' | 'offset' | 'stored'>;

function addSegment(
    file: ByteSource,
    piece: Piece,
    at: number,
    found: CoreSegment[],
    total: { stored: number },
    findings: CoreFinding[],
): void {
    const where = `the segment for 0x${piece.pa.toString(16)}`;
    if (piece.pa + piece.size > PHYS_LIMIT) {
        findings.push({
            code: 'segment-nowhere',
            offset: at,
            text: `${where} (${counted(piece.size, 'byte')}) extends beyond physical memory`,
        });
        return;
    }
    // Memory whose bytes are not in the file is unknown. Only if fewer bytes are stored than the segment has memory,
    // the rest is zeroes.
    const stored = Math.min(piece.stored, piece.size);
    const there = Math.max(0, Math.min(stored, file.length - piece.offset));
    if (there < stored) {
        findings.push({
            code: 'segment-cut',
            offset: at,
            text: `${where} should have ${counted(stored, 'byte')} at offset ${hex(piece.offset)}, but the file has only ${there}`,
        });
    }
    const size = there < stored ? there : piece.size;
    // Otherwise a small file could claim any amount of memory.
    if (total.stored + there > file.length) {
        findings.push({ code: 'segments-share', offset: at, text: `${where} shares its bytes with other segments` });
        return;
    }
    if (size > 0) {
        found.push({ pa: piece.pa, size, offset: piece.offset, stored: there });
        total.stored += there;
    }
}

function disjoint(found: CoreSegment[], findings: CoreFinding[]): CoreSegment[] {
    const sorted = found.sort((a, b) => a.pa - b.pa || a.offset - b.offset);
    const result: CoreSegment[] = [];
    let end = 0;
    let said = false;
    for (const s of sorted) {
        const skip = Math.max(0, end - s.pa);
        if (skip > 0 && !said) {
            said = true;
            findings.push({
                code: 'segments-overlap',
                offset: s.offset,
                text: `several segments hold the memory at 0x${s.pa.toString(16)}; the segment that begins first is used`,
            });
        }
        if (skip < s.size) {
            result.push({
                pa: s.pa + skip,
                size: s.size - skip,
                offset: s.offset + skip,
                stored: Math.max(0, s.stored - skip),
            });
            end = s.pa + s.size;
        }
    }
    return result;
}

const align4 = (n: number): number => Math.ceil(n / 4) * 4;

function readNotes(file: ByteSource, offset: number, size: number, notes: CoreNote[], findings: CoreFinding[]): void {
    const bytes = file.read(offset, Math.min(size, NOTES_LIMIT));
    const view = viewOf(bytes);
    for (let at = 0; at + NOTE_HEADER <= bytes.length; ) {
        const nameSize = view.getUint32(at, true);
        const length = view.getUint32(at + 4, true);
        const content = at + NOTE_HEADER + align4(nameSize);
        if (content + length > bytes.length) {
            findings.push({
                code: 'note-damaged',
                offset: offset + at,
                text: `a note of ${counted(length, 'byte')} extends beyond its segment`,
            });
            return;
        }
        const name = decodeText(bytes.subarray(at + NOTE_HEADER, at + NOTE_HEADER + Math.max(0, nameSize - 1)));
        notes.push({ name, type: view.getUint32(at + 8, true), content: bytes.slice(content, content + length) });
        at = content + align4(length);
    }
}

/** A run of memory to be written. */
export interface CoreContent {
    readonly pa: number;
    readonly size: number;
}

const ALIGN = 4096;
/** Bytes that are read from memory and written at once. */
const CHUNK = 1024 * 1024;

/**
 * The bytes of a core file, piece by piece: header, notes, program headers, then the runs, each at a page boundary of
 * the file.
 * @param runs ascending, without overlaps.
 * @param read returns the bytes of memory; called for 1 MiB at most.
 */
export function* writeCoreFile(
    machine: ArchName,
    runs: readonly CoreContent[],
    notes: readonly CoreNote[],
    read: (pa: number, length: number) => Uint8Array,
): Generator<Uint8Array> {
    yield coreHeaders(machine, runs, notes);
    for (const run of runs) {
        for (let done = 0; done < run.size; done += CHUNK) {
            yield read(run.pa + done, Math.min(CHUNK, run.size - done));
        }
        const rest = run.size % ALIGN;
        if (rest > 0) {
            yield new Uint8Array(ALIGN - rest);
        }
    }
}

/**
 * The part of a core file before its memory, up to a page boundary: header, program headers, notes.
 * @param inPlace offsets of memory are its physical addresses, as in the header that a kernel leaves for its capture
 * kernel (fs/proc/vmcore.c)
 */
export function coreHeaders(
    machine: ArchName,
    runs: readonly CoreContent[],
    notes: readonly CoreNote[],
    inPlace = false,
): Uint8Array {
    const noteBytes = notes.map(encodeNote);
    const notesLength = noteBytes.reduce((n, b) => n + b.length, 0);
    const headers = runs.length + (notesLength > 0 ? 1 : 0);
    const extended = headers >= PN_XNUM;
    const notesAt = HEADER + headers * PROGRAM_HEADER + (extended ? HEADER : 0);
    const first = Math.ceil((notesAt + notesLength) / ALIGN) * ALIGN;
    const head = new Uint8Array(first);
    const view = viewOf(head);
    const put64 = (at: number, value: number): void => {
        view.setUint32(at, value % 0x1_0000_0000, true);
        view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
    };
    head.set([0x7f, 0x45, 0x4c, 0x46, ELFCLASS64, ELFDATA2LSB, 1]);
    view.setUint16(16, ET_CORE, true);
    view.setUint16(18, machine === 'arm64' ? EM_AARCH64 : EM_X86_64, true);
    view.setUint32(20, 1, true);
    put64(32, HEADER);
    view.setUint16(52, HEADER, true);
    view.setUint16(54, PROGRAM_HEADER, true);
    view.setUint16(56, extended ? PN_XNUM : headers, true);
    if (extended) {
        const section = HEADER + headers * PROGRAM_HEADER;
        put64(40, section);
        view.setUint16(58, HEADER, true);
        view.setUint16(60, 1, true);
        view.setUint32(section + 44, headers, true);
    }
    let at = HEADER;
    const program = (type: number, offset: number, pa: number, size: number): void => {
        view.setUint32(at, type, true);
        view.setUint32(at + 4, type === PT_LOAD ? 7 : 0, true);
        put64(at + 8, offset);
        put64(at + 24, pa);
        put64(at + 32, size);
        put64(at + 40, size);
        put64(at + 48, type === PT_LOAD ? ALIGN : 4);
        at += PROGRAM_HEADER;
    };
    if (notesLength > 0) {
        program(PT_NOTE, notesAt, 0, notesLength);
        let to = notesAt;
        for (const bytes of noteBytes) {
            head.set(bytes, to);
            to += bytes.length;
        }
    }
    let offset = first;
    for (const run of runs) {
        program(PT_LOAD, inPlace ? run.pa : offset, run.pa, run.size);
        offset += Math.ceil(run.size / ALIGN) * ALIGN;
    }
    return head;
}

function encodeNote(note: CoreNote): Uint8Array {
    const name = encodeText(`${note.name}\0`);
    const content = NOTE_HEADER + align4(name.length);
    const bytes = new Uint8Array(content + align4(note.content.length));
    const view = viewOf(bytes);
    view.setUint32(0, name.length, true);
    view.setUint32(4, note.content.length, true);
    view.setUint32(8, note.type, true);
    bytes.set(name, NOTE_HEADER);
    bytes.set(note.content, content);
    return bytes;
}
