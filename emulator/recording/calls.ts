/** Runs the steps of a recording: the same system calls as in a scenario, through the same code. */
import { Err } from '../kernel/release/errno';
import * as fcntl from '../kernel/fs/fcntl';
import { installFd } from '../kernel/fs/process';
import { Stat } from '../kernel/fs/syscalls/file';
import { Bytes } from '../machine/bytes';
import { intOf, plus } from '../machine/int';
import { JournaledList } from '../machine/journal';
import { newFileOfKind } from '../runtime/host/callbacks';
import { HOST_NATIVES } from '../runtime/natives';
import { setProcessVar } from '../runtime/host/processes';
import type { ScenarioProcess } from '../runtime/host/scenario-process';
import type { Value } from '../language/types';
import { isInt } from '../language/values';
import type { NativeFunction } from '../runtime/natives/native';
import type { Host } from '../runtime/host/host';
import { workOf } from '../runtime/host/syscall-entry';
import type { KernelWork } from '../runtime/purpose';
import type { Answer } from './recording';
import type { CallStep, MemfdFlag, Seal, Whence } from './step';

/** How a call runs on the thread of its process. */
export type Make =
    /** Runs without interruption. */
    | { readonly kind: 'direct'; readonly run: (host: Host, process: ScenarioProcess) => Value | Err }
    /** A function of the standard library that runs in the kernel. */
    | {
          readonly kind: 'std';
          readonly code: string;
          readonly args: (host: Host, process: ScenarioProcess) => readonly Value[];
          readonly work: (host: Host, args: readonly Value[]) => KernelWork;
      };

export interface PlannedCall {
    readonly make: Make;
    /** Converts its result to an answer of the recording. */
    readonly answer: (result: Value | Err) => Answer;
    /** The slot for the new descriptor. */
    readonly fills?: string | undefined;
    /** The slot that is empty from then on. */
    readonly empties?: string;
}

/** The recorder writes in pieces of this size. */
const PIECE = 65536;
/** Answers contain bytes as text up to this length. */
const TEXT_LIMIT = 64;

const SEAL_BITS: Readonly<Record<Seal, number>> = {
    seal: fcntl.F_SEAL_SEAL,
    shrink: fcntl.F_SEAL_SHRINK,
    grow: fcntl.F_SEAL_GROW,
    write: fcntl.F_SEAL_WRITE,
    future_write: fcntl.F_SEAL_FUTURE_WRITE,
    exec: fcntl.F_SEAL_EXEC,
};
const MFD: Readonly<Record<MemfdFlag, number>> = {
    none: 0,
    seal: fcntl.MFD_ALLOW_SEALING,
    cloexec: fcntl.MFD_CLOEXEC,
    noexec: fcntl.MFD_NOEXEC_SEAL,
};
const WHENCE: Readonly<Record<Whence, number>> = {
    set: fcntl.SEEK_SET,
    cur: fcntl.SEEK_CUR,
    end: fcntl.SEEK_END,
    data: fcntl.SEEK_DATA,
    hole: fcntl.SEEK_HOLE,
};

/** The descriptor in a slot of a process; −1 if it was never filled. Slots are variables of the process. */
function fdIn(process: ScenarioProcess, slot: string): Value {
    return process.vars.has(slot) ? process.vars.get(slot) : -1;
}

const failed = (r: Err): Answer => ({ errno: r.name });
export const done = (r: Value | Err): Answer => (r instanceof Err ? failed(r) : { ret: isInt(r) ? r : 0 });
const newFd = (r: Value | Err): Answer => (r instanceof Err ? failed(r) : { ret: 'fd' });

type Args = (fd: (slot: string) => Value, host: Host) => readonly Value[];

/** A system call by its name in the language. */
export function sys(name: string, args: Args): Make {
    const native: NativeFunction | undefined = HOST_NATIVES.fd.methods.get(name) ?? HOST_NATIVES.functions.get(name);
    if (!native) {
        throw new RangeError(`no system call is called ${name}`);
    }
    const values = (host: Host, process: ScenarioProcess): readonly Value[] =>
        args((slot) => fdIn(process, slot), host);
    return native.code === undefined
        ? { kind: 'direct', run: (host, process) => native.call?.(host, [...values(host, process)]) }
        : { kind: 'std', code: native.code, args: values, work: (host, given) => workOf(host, native, given) };
}

/** Runs a call without interruption, as a part of a step with several calls. */
function now(host: Host, process: ScenarioProcess, name: string, ...args: readonly Value[]): Value | Err {
    const make = sys(name, () => args);
    if (make.kind !== 'direct') {
        throw new RangeError(`${name} does not run to its end at once`);
    }
    return make.run(host, process);
}

const u64 = (n: bigint): Value => intOf(BigInt.asUintN(64, n));

export function planCall(c: CallStep): PlannedCall {
    switch (c.op) {
        case 'open':
            return { make: sys('open', () => [c.path, fcntl.O_RDWR]), answer: newFd, fills: c.slot };
        case 'create_session':
        case 'retrieve_session':
            return { make: sys(c.op, (fd) => [fd(c.device), c.name, c.readonly]), answer: newFd, fills: c.slot };
        case 'get_name':
            return {
                make: sys('get_name', (fd) => [fd(c.fd), false]),
                answer: (r) => (r instanceof Err ? failed(r) : { ret: 0, name: String(r) }),
            };
        case 'preserve':
            return {
                make: sys('preserve_fd', (fd) => [fd(c.session), fd(c.fd), u64(c.token), c.readonly]),
                answer: done,
            };
        case 'retrieve':
            return {
                make: sys('retrieve_fd', (fd) => [fd(c.session), u64(c.token), c.readonly]),
                answer: newFd,
                fills: c.slot,
            };
        case 'finish':
            return { make: sys('finish', (fd) => [fd(c.fd), false]), answer: done };
        case 'raw':
            return { make: sys('ioctl', (fd) => [fd(c.fd), c.nr, c.size, Bytes.of(c.data), false]), answer: done };
        case 'luofile':
            return {
                make: { kind: 'direct', run: (host, process) => luofile(host, process, c.type, u64(c.id)) },
                answer: newFd,
                fills: c.slot,
            };
        case 'luoread':
            return {
                make: { kind: 'direct', run: (host, process) => luoread(host, process, fdIn(process, c.fd)) },
                answer: (r) => (typeof r === 'string' ? { ret: r.length, text: r } : textAnswer(r)),
            };
        case 'memfd':
            return { make: sys('memfd_create', () => ['memfd', MFD[c.flags], null]), answer: newFd, fills: c.slot };
        case 'pipe':
            return { make: sys('pipe', () => []), answer: newFd, fills: c.slot };
        case 'socket':
            return { make: sys('socket', () => []), answer: newFd, fills: c.slot };
        case 'eventfd':
            return { make: sys('eventfd', () => [0, 0]), answer: newFd, fills: c.slot };
        case 'tmpfile':
            return { make: sys('tmpfile', () => ['/dev/shm']), answer: newFd, fills: c.slot };
        case 'tmpnamed':
            return {
                make: sys('open', (_fd, host) => [
                    `/dev/shm/${c.slot}-${host.interpreter.ticks}`,
                    fcntl.O_RDWR | fcntl.O_CREAT,
                ]),
                answer: newFd,
                fills: c.slot,
            };
        case 'dup':
            return { make: sys('dup', (fd) => [fd(c.fd)]), answer: newFd, fills: c.slot };
        case 'close':
            return { make: sys('close', (fd) => [fd(c.fd)]), answer: done, empties: c.fd };
        case 'rlimit':
            return { make: sys('setrlimit_nofile', () => [c.limit]), answer: done };
        default:
            return planFileCall(c);
    }
}

type FileOp =
    | 'truncate'
    | 'fallocate'
    | 'punch'
    | 'pwrite'
    | 'write'
    | 'puts'
    | 'pread'
    | 'read'
    | 'lseek'
    | 'fstat'
    | 'addseals'
    | 'getseals'
    | 'getfl'
    | 'setappend'
    | 'getfd'
    | 'mmapw';
type OfOp<C, O> = C extends { readonly op: infer P } ? (P extends O ? C : never) : never;

/** Calls on a descriptor that are not part of live update. */
function planFileCall(c: OfOp<CallStep, FileOp>): PlannedCall {
    switch (c.op) {
        case 'truncate':
            return { make: sys('truncate', (fd) => [fd(c.fd), c.length]), answer: done };
        case 'fallocate':
            return { make: sys('fallocate', (fd) => [fd(c.fd), c.offset, c.length, false]), answer: done };
        case 'punch':
            return { make: sys('punch', (fd) => [fd(c.fd), c.offset, c.length]), answer: done };
        case 'pwrite':
            return {
                make: {
                    kind: 'direct',
                    run: (host, process) =>
                        inPieces(c.length, (at, n) =>
                            now(
                                host,
                                process,
                                'pwrite',
                                fdIn(process, c.fd),
                                Bytes.pattern(c.seed, n, plus(c.offset, at)),
                                plus(c.offset, at),
                            ),
                        ),
                },
                answer: done,
            };
        case 'write':
            return {
                make: {
                    kind: 'direct',
                    run: (host, process) => writePattern(host, process, fdIn(process, c.fd), c.length, c.seed),
                },
                answer: done,
            };
        case 'puts':
            return { make: sys('pwrite', (fd) => [fd(c.fd), Bytes.text(c.text), c.offset]), answer: done };
        case 'pread':
            return { make: sys('pread', (fd) => [fd(c.fd), c.length, c.offset]), answer: readAnswer };
        case 'read':
            return { make: sys('read', (fd) => [fd(c.fd), c.length]), answer: readAnswer };
        case 'lseek':
            return { make: sys('lseek', (fd) => [fd(c.fd), c.offset, WHENCE[c.whence]]), answer: done };
        case 'fstat':
            return { make: sys('stat', (fd) => [fd(c.fd)]), answer: statAnswer };
        case 'addseals':
            return {
                make: sys('add_seals', (fd) => [fd(c.fd), c.seals.reduce((sum, s) => sum | SEAL_BITS[s], 0)]),
                answer: done,
            };
        case 'getseals':
            return { make: sys('get_seals', (fd) => [fd(c.fd)]), answer: done };
        case 'getfl':
            return {
                make: sys('getfl', (fd) => [fd(c.fd)]),
                answer: (r) =>
                    typeof r === 'number'
                        ? { ret: r & (fcntl.O_ACCMODE | fcntl.O_APPEND | fcntl.O_NONBLOCK) }
                        : done(r),
            };
        case 'setappend':
            return { make: sys('setfl', (fd) => [fd(c.fd), fcntl.O_APPEND]), answer: done };
        case 'getfd':
            return { make: sys('getfd', (fd) => [fd(c.fd)]), answer: done };
        case 'mmapw':
            return { make: sys('mmap_write', (fd) => [fd(c.fd)]), answer: done };
    }
}

/** After the call: its descriptor is in the slot, or the slot is empty. */
export function settle(host: Host, process: string, plan: PlannedCall, result: Value | Err): void {
    if (plan.fills !== undefined && !(result instanceof Err)) {
        setProcessVar(host, process, plan.fills, result instanceof JournaledList ? (result.items[0] as Value) : result);
    }
    if (plan.empties !== undefined) {
        setProcessVar(host, process, plan.empties, -1);
    }
}

// ---------------------------------------------------------------- steps that are not exactly one system call

/** The ioctl of the test handlers' device that creates a file. */
function luofile(host: Host, process: ScenarioProcess, type: string, id: Value): Value | Err {
    const file = newFileOfKind(
        host,
        'luotest',
        new Map<string, Value>([
            ['kind_name', type],
            ['id', id],
        ]),
    );
    return installFd(process.process, file, false);
}

/** read() of a test handler's file returns its type and id; other files are read as usual. */
function luoread(host: Host, process: ScenarioProcess, fd: Value): Value | Err {
    const file = typeof fd === 'number' ? process.process.fds.get(fd) : undefined;
    return file?.kind === 'luotest'
        ? `${String(file.fields[0])}${String(file.fields[1])}`
        : now(host, process, 'read', fd, TEXT_LIMIT);
}

/** The position in the pattern; 0 if the file has no position. */
function writePattern(host: Host, process: ScenarioProcess, fd: Value, length: number, seed: number): Value | Err {
    const pos = now(host, process, 'lseek', fd, 0, fcntl.SEEK_CUR);
    const start = pos !== undefined && isInt(pos) ? pos : 0;
    return inPieces(length, (at, n) => now(host, process, 'write', fd, Bytes.pattern(seed, n, plus(start, at))));
}

/** Writes `length` bytes in the recorder's pieces. Returns the bytes written, or the error of the first piece. */
function inPieces(length: number, write: (at: number, n: number) => Value | Err): Value | Err {
    let total = 0;
    do {
        const n = Math.min(PIECE, length - total);
        const r = write(total, n);
        if (typeof r !== 'number') {
            return total > 0 ? total : r;
        }
        total += r;
        if (r < n) {
            break;
        }
    } while (total < length);
    return total;
}

// ---------------------------------------------------------------- answers

function textAnswer(r: Value | Err): Answer {
    return r instanceof Bytes ? { ret: r.length, ...textOf(r) } : done(r);
}

function readAnswer(r: Value | Err): Answer {
    return r instanceof Bytes ? { ret: r.length, fnv: r.fnv1a64(), ...textOf(r) } : done(r);
}

/** The bytes as text if they are short and printable. */
function textOf(r: Bytes): { readonly text?: string } {
    if (r.length === 0 || r.length > TEXT_LIMIT) {
        return {};
    }
    const text = String.fromCharCode(...r.toUint8Array());
    return /^[ -~]*$/.test(text) ? { text } : {};
}

function statAnswer(r: Value | Err): Answer {
    return r instanceof Stat
        ? { ret: 0, size: r.size, blocks: r.blocks, nlink: r.nlink, mode: r.mode.toString(8) }
        : done(r);
}
