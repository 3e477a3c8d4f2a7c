/**
 * The state of vCPUs as saved by a VMM: bytes in the emulator's own layout, because KVM only returns registers and user
 * space chooses the format (KVM_GET_REGS, KVM_GET_LAPIC). A header, then an entry per vCPU; little-endian.
 *
 * | header: at | bytes | what |
 * |---|---|---|
 * | 0 | 8 | magic, "LUSVCPU" and a zero byte |
 * | 8 | 4 | version, 1 |
 * | 12 | 4 | number of vCPUs |
 * | 16 | 8 | size of the guest's memory in bytes |
 * | 24 | 8 | FNV-1a of the entries |
 *
 * | entry: at | bytes | what |
 * |---|---|---|
 * | 0 | 8 | rip |
 * | 8 | 8 | rsp |
 * | 16 | 8 | rflags |
 * | 24 | 8 | rsi: the first address of the vCPU's range |
 * | 32 | 8 | rdx: number of pages of that range |
 * | 40 | 8 | rcx: number of pages that its program has written so far |
 * | 48 | 8 | rbx: bytes per second that it writes |
 * | 56 | 32 | pending interrupts, a bit per vector (IRR of the local APIC) |
 */
import { Fnv1a64 } from '../../machine/fnv';
import { decodeText, encodeText } from '../../text/utf8';

const MAGIC = 'LUSVCPU\0';
const VERSION = 1;
export const STATE_HEADER = 32;
export const STATE_ENTRY = 88;
const IRR = 56;
const VECTORS = 256;

/** The saved state of one vCPU. */
export interface SavedVcpu {
    readonly start: number;
    readonly pages: number;
    readonly count: number;
    /** Bytes per second. */
    readonly rate: number;
    /** Vectors, ascending. */
    readonly pending: readonly number[];
}

export interface SavedState {
    /** Bytes of guest memory. */
    readonly memory: number;
    readonly vcpus: readonly SavedVcpu[];
}

/** The registers of a vCPU that its program does not use. */
export function registersOf(index: number, v: SavedVcpu): readonly (readonly [name: string, value: bigint])[] {
    return [
        // an address in the loop that writes, depending on its progress
        ['rip', 0xffff_ffff_8100_0000n + BigInt(v.count % 0x40) * 4n],
        ['rsp', 0xffff_c900_0000_4000n + BigInt(index) * 0x8000n],
        ['rflags', 0x202n],
        ['rsi', BigInt(v.start)],
        ['rdx', BigInt(v.pages)],
        ['rcx', BigInt(v.count)],
        ['rbx', BigInt(v.rate)],
    ];
}

export function stateSize(vcpus: number): number {
    return STATE_HEADER + vcpus * STATE_ENTRY;
}

export function encodeState(state: SavedState): Uint8Array {
    const out = new Uint8Array(stateSize(state.vcpus.length));
    const view = new DataView(out.buffer);
    for (const [i, v] of state.vcpus.entries()) {
        const at = STATE_HEADER + i * STATE_ENTRY;
        for (const [r, [, value]] of registersOf(i, v).entries()) {
            view.setBigUint64(at + r * 8, value, true);
        }
        for (const vector of v.pending) {
            const byte = at + IRR + (vector >> 3);
            out[byte] = (out[byte] ?? 0) | (1 << (vector & 7));
        }
    }
    out.set(encodeText(MAGIC));
    view.setUint32(8, VERSION, true);
    view.setUint32(12, state.vcpus.length, true);
    view.setBigUint64(16, BigInt(state.memory), true);
    view.setBigUint64(24, checksum(out), true);
    return out;
}

/** @returns undefined if it is no saved state, or one that was changed */
export function decodeState(bytes: Uint8Array): SavedState | undefined {
    if (bytes.length < STATE_HEADER || decodeText(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
        return undefined;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const n = view.getUint32(12, true);
    if (view.getUint32(8, true) !== VERSION || bytes.length < stateSize(n)) {
        return undefined;
    }
    const all = bytes.subarray(0, stateSize(n));
    if (view.getBigUint64(24, true) !== checksum(all)) {
        return undefined;
    }
    const vcpus = Array.from({ length: n }, (_, i): SavedVcpu => {
        const at = STATE_HEADER + i * STATE_ENTRY;
        const register = (r: number): number => Number(view.getBigUint64(at + r * 8, true));
        const pending = Array.from({ length: VECTORS }, (_v, vector) => vector).filter(
            (vector) => ((all[at + IRR + (vector >> 3)] ?? 0) & (1 << (vector & 7))) !== 0,
        );
        return { start: register(3), pages: register(4), count: register(5), rate: register(6), pending };
    });
    return { memory: Number(view.getBigUint64(16, true)), vcpus };
}

/** The number of vCPUs in a header; undefined: it is no header. */
export function vcpusOf(header: Uint8Array): number | undefined {
    return header.length >= STATE_HEADER && decodeText(header.subarray(0, MAGIC.length)) === MAGIC
        ? new DataView(header.buffer, header.byteOffset).getUint32(12, true)
        : undefined;
}

function checksum(bytes: Uint8Array): bigint {
    const hash = new Fnv1a64();
    hash.bytes(bytes.subarray(STATE_HEADER));
    return BigInt(`0x${hash.digest()}`);
}
