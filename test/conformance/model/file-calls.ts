/** The second model, of calls on a descriptor that have nothing to do with live update. */
import type { OpenFile } from './luo';
import { fnv, LARGEST, patternByte, SEAL, type MemoryFile } from './memory-file';

export interface Answer {
    ret?: number | bigint | 'fd';
    errno?: string;
    name?: string;
    size?: number | bigint;
    blocks?: number;
    nlink?: number;
    mode?: string;
    text?: string;
    fnv?: string;
}

export interface Descriptor {
    readonly file: OpenFile;
    readonly cloexec: boolean;
}

/** The recorder writes in pieces of this size. */
const PIECE = 65536;
export const fail = (errno: string): Answer => ({ errno });
/** As the recorder writes a number: one of JSON, or all of its digits. */
const exact = (n: bigint): number | bigint => (Number.isSafeInteger(Number(n)) ? Number(n) : n);
/** A word as the C library reads it: 64 bits, signed. */
export const offset = (word: string): bigint =>
    BigInt.asIntN(64, word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word));
export const zeroOr = (errno: string | undefined): Answer => (errno === undefined ? { ret: 0 } : { errno });

export function onFile({ file, cloexec }: Descriptor, op: string, [a = '', b = '', c = '']: readonly string[]): Answer {
    switch (op) {
        case 'getfl':
            return { ret: file.access | (file.append ? 0o2000 : 0) };
        case 'setappend':
            file.append = true;
            return { ret: 0 };
        case 'getfd':
            return { ret: cloexec ? 1 : 0 };
        case 'luoread':
            return file.kind === 'luotest'
                ? { ret: `${file.type}${file.id}`.length, text: `${file.type}${file.id}` }
                : fail('EINVAL');
        default:
            return file.memory ? onMemory(file, file.memory, op, [a, b, c]) : onOther(file, op, [a, b]);
    }
}

/** Files that are no memory. */
function onOther({ kind, access }: OpenFile, op: string, [a = '', b = '']: readonly string[]): Answer {
    const opened = kind === 'null' || kind === 'device';
    switch (op) {
        case 'fstat':
            return kind === 'pipe' || kind === 'socket'
                ? { ret: 0, size: 0, blocks: 0, nlink: 1, mode: kind === 'pipe' ? '10600' : '140777' }
                : { ret: 0, size: 0, blocks: 0, nlink: 1, mode: kind === 'null' ? '20666' : '600' };
        case 'truncate':
            return fail('EINVAL');
        case 'fallocate':
        case 'punch':
            return fail(
                offset(a) < 0n || offset(b) <= 0n
                    ? 'EINVAL'
                    : access === 0
                      ? 'EBADF'
                      : kind === 'pipe'
                        ? 'ESPIPE'
                        : 'ENODEV',
            );
        case 'addseals':
            return fail(access === 0 ? 'EPERM' : 'EINVAL');
        case 'mmapw':
            return fail(access === 2 ? 'ENODEV' : 'EACCES');
        case 'lseek':
            return kind === 'eventfd' || kind === 'null' ? { ret: 0 } : fail('ESPIPE');
        case 'pread':
        case 'pwrite':
        case 'puts':
            return opened ? onDevice(kind, op, a, b) : fail('ESPIPE');
        default:
            return kind === 'null' ? onDevice(kind, op, '', a) : fail('EINVAL');
    }
}

/** /dev/null swallows everything and has nothing; the device of live update does neither. */
function onDevice(kind: OpenFile['kind'], op: string, _at: string, what: string): Answer {
    if (kind !== 'null' || op === 'getseals') {
        return fail('EINVAL');
    }
    const length = op === 'puts' ? Buffer.byteLength(what) : Number(what);
    return op.startsWith('p') && op !== 'pread'
        ? { ret: length }
        : op === 'write'
          ? { ret: length }
          : bytes(Buffer.alloc(0));
}

function onMemory(file: OpenFile, m: MemoryFile, op: string, [a = '', b = '', c = '']: readonly string[]): Answer {
    switch (op) {
        case 'truncate':
            return zeroOr(m.truncate(offset(a)));
        case 'fallocate':
            return zeroOr(m.fallocate(offset(a), offset(b)));
        case 'punch':
            return zeroOr(m.punch(offset(a), offset(b)));
        case 'pwrite':
            return inPieces(Number(b), (at, n) => {
                const from = offset(a) + BigInt(at);
                return from + BigInt(n) > LARGEST
                    ? 'EINVAL'
                    : m.write(file.append ? m.size : from, pattern(Number(c), from, n));
            });
        case 'write': {
            const start = file.pos;
            return inPieces(Number(a), (at, n) => {
                if (file.pos + BigInt(n) > LARGEST) {
                    return 'EINVAL';
                }
                const from = file.append ? m.size : file.pos;
                const r = m.write(from, pattern(Number(b), start + BigInt(at), n));
                file.pos = typeof r === 'number' ? from + BigInt(r) : file.pos;
                return r;
            });
        }
        case 'puts': {
            const text = Buffer.from(b);
            return inPieces(text.length, () =>
                offset(a) + BigInt(text.length) > LARGEST ? 'EINVAL' : m.write(file.append ? m.size : offset(a), text),
            );
        }
        case 'pread': {
            const got = m.read(offset(a), offset(b));
            return typeof got === 'string' ? fail(got) : bytes(got);
        }
        case 'read': {
            const got = m.read(file.pos, offset(a));
            if (typeof got === 'string') {
                return fail(got);
            }
            file.pos += BigInt(got.length);
            return bytes(got);
        }
        case 'lseek': {
            const to =
                b === 'data' || b === 'hole'
                    ? m.seek(offset(a), b)
                    : offset(a) + (b === 'cur' ? file.pos : b === 'end' ? m.size : 0n);
            if (b === 'hole' && typeof to === 'bigint' && to < 0n) {
                return { ret: exact(to) };
            }
            if (typeof to === 'string' || to < 0n || to > LARGEST) {
                return fail(typeof to === 'string' ? to : 'EINVAL');
            }
            file.pos = to;
            return { ret: exact(to) };
        }
        case 'fstat':
            return { ret: 0, size: exact(m.size), blocks: m.blocks, nlink: m.nlink, mode: m.mode.toString(8) };
        case 'addseals':
            return zeroOr(
                m.addSeals(
                    a
                        .split(',')
                        .reduce((sum, s) => sum | (Object.entries(SEAL).find(([name]) => name === s)?.[1] ?? 0), 0),
                ),
            );
        case 'getseals':
            return { ret: m.seals };
        case 'mmapw':
            return zeroOr(m.seals & (SEAL.write | SEAL.future_write) ? 'EPERM' : undefined);
        default:
            throw new RangeError(op);
    }
}

function pattern(seed: number, from: bigint, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
        bytes[i] = patternByte(seed, from + BigInt(i));
    }
    return bytes;
}

function inPieces(length: number, write: (at: number, n: number) => number | string): Answer {
    let total = 0;
    while (total < length) {
        const n = Math.min(PIECE, length - total);
        const r = write(total, n);
        if (typeof r === 'string') {
            return total > 0 ? { ret: total } : fail(r);
        }
        total += r;
        if (r < n) {
            break;
        }
    }
    return { ret: total };
}

function bytes(got: Uint8Array): Answer {
    const text = Buffer.from(got).toString('latin1');
    return {
        ret: got.length,
        fnv: fnv(got),
        ...(got.length > 0 && got.length <= 64 && /^[ -~]*$/.test(text) ? { text } : {}),
    };
}
