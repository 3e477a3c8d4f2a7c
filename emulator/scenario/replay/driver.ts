/** Makes the steps of a recording in the emulator: the same system calls, by the same way that a scenario makes them. */
import { Err, err, errOfCode } from '../../kernel/errno';
import * as fcntl from '../../kernel/fcntl';
import { Stat } from '../../kernel/syscalls/file';
import { Bytes } from '../../machine/bytes';
import { Frame, SWITCH, type Code, type Op } from '../code';
import { Seq } from '../../machine/journal';
import { normal } from '../values';
import { newFileOfKind } from '../kinds';
import type { LogLine } from '../../kernel/klog';
import { installFd, passFd } from '../../kernel/process';
import { NATIVES } from '../natives';
import { forgetUser, startProcess } from '../processes';
import { coldBoot, loadKexec, unloadKexec } from '../reboot';
import { loadProgram, Run } from '../run';
import type { UserProcess } from '../thread';
import type { NativeFunction, Value } from '../types';
import { wordsOf, type StepLine } from './recording';
import luotest from './luotest.lus';

/** What a step gave. */
export type Answer = Omit<StepLine, 'op' | 'klog'>;

export interface StepResult {
    readonly answer: Answer;
    /** What the kernel log got meanwhile. */
    readonly klog: readonly string[];
    /** A kernel has come up. */
    readonly booted: boolean;
    /** The next kernel panicked with this message. */
    readonly panic: string | undefined;
}

/** A step that is none of the format's. */
export class UnknownStep extends Error {}

const URI = 'lus-std:/luotest.lus';
/** A step that takes longer than this never ends. */
const LIMIT = 50_000_000;
/** The recorder, among the processes of the recording. */
const INIT = ' init';
/** The recorder writes in pieces of this size. */
const PIECE = 65536;

const SEALS: Readonly<Record<string, number>> = {
    seal: fcntl.F_SEAL_SEAL, shrink: fcntl.F_SEAL_SHRINK, grow: fcntl.F_SEAL_GROW, write: fcntl.F_SEAL_WRITE,
    future_write: fcntl.F_SEAL_FUTURE_WRITE, exec: fcntl.F_SEAL_EXEC,
};
const MFD: Readonly<Record<string, number>> = { none: 0, seal: fcntl.MFD_ALLOW_SEALING, cloexec: fcntl.MFD_CLOEXEC, noexec: fcntl.MFD_NOEXEC_SEAL };
const WHENCE: Readonly<Record<string, number>> = {
    set: fcntl.SEEK_SET, cur: fcntl.SEEK_CUR, end: fcntl.SEEK_END, data: fcntl.SEEK_DATA, hole: fcntl.SEEK_HOLE,
};

const fdResult = (r: Value | Err): Answer => (r instanceof Err ? { errno: r.name } : { ret: 'fd' });
const done = (r: Value | Err): Answer => (r instanceof Err ? { errno: r.name } : { ret: typeof r === 'number' ? r : 0 });

/** The machine of the recordings with the emulator's kernel on it. */
export class Driver {
    private readonly run: Run;
    private readonly slots = new Map<string, Map<string, number>>();
    private lines: string[] = [];
    private boots = 0;
    private release: '7.2' | '7.3';

    constructor(release: string | undefined) {
        this.release = release?.startsWith('7.3') ? '7.3' : '7.2';
        const program = loadProgram({ read: (uri) => (uri === URI ? luotest : undefined), resolve: (_from, path) => path }, URI);
        this.run = Run.start(program);
        this.vm.listeners.push({
            log: (l: LogLine) => this.lines.push(l.text),
            jumped: () => {
                this.slots.clear();
            },
        });
        this.boot(this.kernelName('', this.release));
    }

    get vm(): Run['vm'] {
        return this.run.vm;
    }

    private kernelName(cmdline: string, release: string): string {
        return `recorded ${release}${/(?:^|\s)luotest\.d=1(?:\s|$)/.test(cmdline) ? ' d' : ''}`;
    }

    private boot(name: string): void {
        this.invoke(null, { boot: name });
        this.boots = this.vm.machine.boots;
    }

    /** Makes one step. @throws UnknownStep */
    step(op: string): StepResult {
        this.lines = [];
        const answer = this.perform(wordsOf(op));
        const booted = this.vm.machine.boots > this.boots;
        this.boots = this.vm.machine.boots;
        return { answer, klog: this.lines, booted, panic: this.vm.panicMessage === '' ? undefined : this.vm.panicMessage };
    }

    /** What the kernel has logged since the last step, as a boot does. */
    takeLog(): readonly string[] {
        const { lines } = this;
        this.lines = [];
        return lines;
    }

    // ------------------------------------------------------------ steps

    private perform(words: readonly string[]): Answer {
        const [first = '', second = '', ...rest] = words;
        switch (first) {
            case 'spawn':
                startProcess(this.vm, second);
                this.slots.set(second, new Map());
                return { ret: 0 };
            case 'kill':
                return this.kill(second);
            case 'pass':
                return this.pass(second, rest[0] ?? '', rest[1] ?? '');
            case 'load':
            case 'load_other':
                return this.load([second, ...rest].join(' ').trim(), first === 'load_other');
            case 'unload':
                unloadKexec(this.vm);
                return { ret: 0 };
            case 'kexec':
                return this.kexec();
            case 'ctl':
                return this.control(second.split(' '));
            default:
                return this.call(first, second, rest);
        }
    }

    private user(name: string): UserProcess {
        const user = this.vm.userNamed(name);
        if (!user) {
            throw new UnknownStep(`no process ${name} runs`);
        }
        return user;
    }

    private fd(process: string, slot: string): number {
        return this.slots.get(process)?.get(slot) ?? -1;
    }

    /** A call that gives a descriptor: on success it is in the slot. */
    private fill(process: string, slot: string, r: Value | Err): Answer {
        if (typeof r === 'number') {
            this.slots.get(process)?.set(slot, r);
        }
        return fdResult(r);
    }

    private kill(name: string): Answer {
        const user = this.user(name);
        this.invoke(user, { code: 'do_exit', args: [] });
        forgetUser(this.vm, name);
        this.slots.delete(name);
        return { ret: 0 };
    }

    private pass(from: string, to: string, slot: string): Answer {
        const fd = passFd(this.vm.running, this.user(from).process, this.fd(from, slot), this.user(to).process);
        return this.fill(to, slot, fd);
    }

    private load(cmdline: string, other: boolean): Answer {
        const release = other ? (this.release === '7.2' ? '7.3' : '7.2') : this.release;
        return done(loadKexec(this.vm, this.kernelName(cmdline, release), cmdline, true));
    }

    private kexec(): Answer {
        const { kernel } = this.vm;
        this.vm.toleratePanic(true);
        const r = this.asInit({ code: 'sys_reboot', args: [0] });
        this.vm.toleratePanic(false);
        if (this.vm.kernel !== kernel) {
            this.release = this.vm.kernel?.desc.release.startsWith('7.3') ? '7.3' : '7.2';
            return { ret: 0 };
        }
        return done(r);
    }

    /** What the recorder itself does, as PID 1. */
    private asInit(what: Call): Value | Err {
        const init = startProcess(this.vm, INIT);
        const { kernel } = this.vm;
        const r = this.invoke(init, what);
        if (this.vm.kernel === kernel) {
            forgetUser(this.vm, INIT);
        }
        return r;
    }

    private control(words: readonly string[]): Answer {
        const [command = '', target = '', code = '0', count = '0', skip = '0'] = words;
        const flb = this.vm.running.luo.flbs.items.find((f) => f.name === `flb_${target}`);
        switch (command) {
            case 'inject':
                this.vm.injections.add(target, errOfCode(Number(code)) ?? err('EIO'), Number(skip), Number(count), this.vm.boot);
                return { ret: 0 };
            case 'flbinject':
                this.vm.injections.add(`flb-${target}`, errOfCode(Number(code)) ?? err('EIO'), 0, Number(count), this.vm.boot);
                return { ret: 0 };
            case 'flb_get':
            case 'flb_put':
            case 'flb_getout':
            case 'flb_putout': {
                const std = { flb_get: 'flb_get_incoming', flb_put: 'flb_put_incoming', flb_getout: 'flb_get_outgoing', flb_putout: 'flb_put_outgoing' }[command];
                const r = this.asInit({ code: std, args: [flb ?? null] });
                return r instanceof Err ? { errno: r.name } : { ret: 0 };
            }
            default:
                throw new UnknownStep(`ctl "${words.join(' ')}" is no command of the test handlers`);
        }
    }

    private call(process: string, op: string, args: readonly string[]): Answer {
        const [a = '', b = '', c = '', d = ''] = args;
        const fd = (slot: string): number => this.fd(process, slot);
        const sys = (name: string, ...values: readonly Value[]): Value | Err => this.system(process, name, values);
        switch (op) {
            case 'open':
                return this.fill(process, a, sys('open', b, fcntl.O_RDWR));
            case 'create_session':
            case 'retrieve_session':
                return this.fill(process, a, sys(op, fd(b), c, false));
            case 'get_name': {
                const r = sys('get_name', fd(a), false);
                return r instanceof Err ? { errno: r.name } : { ret: 0, name: String(r) };
            }
            case 'preserve':
                return done(sys('preserve_fd', fd(a), fd(b), integer(c), false));
            case 'retrieve':
                return this.fill(process, a, sys('retrieve_fd', fd(b), integer(c), false));
            case 'finish':
                return done(sys('finish', fd(a), false));
            case 'raw':
                return done(sys('ioctl', fd(a), Number(b), Number(c), Bytes.of(fromHex(d)), false));
            case 'memfd':
                return this.fill(process, a, sys('memfd_create', 'memfd', MFD[b] ?? 0, null));
            case 'truncate':
                return done(sys('truncate', fd(a), Number(b)));
            case 'fallocate':
                return done(sys('fallocate', fd(a), Number(b), Number(c), false));
            case 'punch':
                return done(sys('punch', fd(a), Number(b), Number(c)));
            case 'pwrite':
                return inPieces(Number(c), (at, n) => sys('pwrite', fd(a), Bytes.pattern(Number(d), n, Number(b) + at), Number(b) + at));
            case 'write': {
                const pos = sys('lseek', fd(a), 0, fcntl.SEEK_CUR);
                const start = typeof pos === 'number' ? pos : 0;
                return inPieces(Number(b), (at, n) => sys('write', fd(a), Bytes.pattern(Number(c), n, start + at)));
            }
            case 'puts':
                return done(sys('pwrite', fd(a), Bytes.text(c), Number(b)));
            case 'pread':
                return readAnswer(sys('pread', fd(a), Number(c), Number(b)));
            case 'read':
                return readAnswer(sys('read', fd(a), Number(b)));
            case 'lseek':
                return done(sys('lseek', fd(a), Number(b), WHENCE[c] ?? 0));
            case 'fstat':
                return statAnswer(sys('stat', fd(a)));
            case 'addseals':
                return done(sys('add_seals', fd(a), a === '' ? 0 : b.split(',').reduce((sum, s) => sum | (SEALS[s] ?? 0), 0)));
            case 'getseals':
                return done(sys('get_seals', fd(a)));
            case 'getfl': {
                const r = sys('getfl', fd(a));
                return typeof r === 'number' ? { ret: r & (fcntl.O_ACCMODE | fcntl.O_APPEND | fcntl.O_NONBLOCK) } : done(r);
            }
            case 'setappend':
                return done(sys('setfl', fd(a), fcntl.O_APPEND));
            case 'getfd':
                return done(sys('getfd', fd(a)));
            case 'dup':
                return this.fill(process, a, sys('dup', fd(b)));
            case 'close': {
                const r = done(sys('close', fd(a)));
                this.slots.get(process)?.delete(a);
                return r;
            }
            case 'mmapw':
                return done(sys('mmap_write', fd(a)));
            case 'rlimit':
                return done(sys('setrlimit_nofile', Number(a)));
            case 'ro':
                return this.readonly(process, args);
            case 'pipe': {
                const ends = sys('pipe');
                return this.fill(process, a, ends instanceof Err ? ends : firstOf(ends));
            }
            case 'socket':
            case 'eventfd':
                return this.fill(process, a, sys(op));
            case 'tmpfile':
                return this.fill(process, a, sys('tmpfile', '/dev/shm'));
            case 'tmpnamed':
                return this.fill(process, a, sys('open', `/dev/shm/${process}-${a}-${this.vm.ticks}`, fcntl.O_RDWR | fcntl.O_CREAT));
            case 'luofile':
                return this.fill(process, a, this.luofile(process, b, integer(c)));
            case 'luoread':
                return this.luoread(process, fd(a));
            default:
                throw new UnknownStep(`"${op}" is no step of a recording`);
        }
    }

    /** An ioctl whose argument lies in memory that the kernel cannot write. */
    private readonly(process: string, args: readonly string[]): Answer {
        const [what = '', a = '', b = '', c = ''] = args;
        const fd = this.fd(process, a);
        switch (what) {
            case 'create':
                return fdResult(this.system(process, 'create_session', [fd, b, true]));
            case 'retrieve':
                return fdResult(this.system(process, 'retrieve_session', [fd, b, true]));
            case 'preserve':
                return done(this.system(process, 'preserve_fd', [fd, this.fd(process, b), integer(c), true]));
            case 'retrieve_fd':
                return fdResult(this.system(process, 'retrieve_fd', [fd, integer(b), true]));
            default:
                throw new UnknownStep(`"ro ${what}" is no step of a recording`);
        }
    }

    private luofile(process: string, type: string, id: Value): Value | Err {
        const user = this.user(process);
        const file = newFileOfKind(this.vm, 'luotest', new Map<string, Value>([['kind_name', type], ['id', id]]));
        return installFd(user.process, file, false);
    }

    private luoread(process: string, fd: number): Answer {
        const file = this.user(process).process.fds.get(fd);
        if (!file) {
            return { errno: 'EBADF' };
        }
        const text = file.kind === 'luotest' ? `${String(file.fields[0])}${String(file.fields[1])}` : '';
        return { ret: text.length, text };
    }

    // ------------------------------------------------------------ calls

    /** A system call of a process. */
    private system(process: string, name: string, args: readonly Value[]): Value | Err {
        const native: NativeFunction | undefined = NATIVES.fd.methods.get(name) ?? NATIVES.functions.get(name);
        if (!native) {
            throw new RangeError(`no system call is called ${name}`);
        }
        return this.invoke(this.user(process), native.code === undefined ? { native, args } : { code: native.code, args });
    }

    /** Runs a call on the thread of a process until it is over, what it leaves to do at the return to user mode included. */
    private invoke(user: UserProcess | null, what: Call): Value | Err {
        const { vm } = this;
        let result: Value | Err;
        const code = callCode(what, (r) => {
            result = r;
        });
        const waiter = vm.scenarioThread;
        waiter.frames = [new Frame(IDLE, 'scenario', [], -1)];
        vm.current = waiter;
        const frame = new Frame(code, 'user', [undefined], -1, null, waiter);
        if (user) {
            vm.callOn(user.thread, frame);
        } else {
            waiter.frames.push(frame);
        }
        for (let left = LIMIT; ;) {
            const stop = vm.run(100_000);
            if (stop?.reason === 'step' && vm.current === waiter) {
                return result;
            }
            if (stop?.reason === 'exception' && stop.exception.fatal) {
                throw new UnknownStep(stop.exception.message);
            }
            left -= 100_000;
            if (left <= 0 || vm.outcome) {
                throw new UnknownStep('this step does not end');
            }
        }
    }
}

type Call =
    | { readonly native: NativeFunction; readonly args: readonly Value[] }
    | { readonly code: string; readonly args: readonly Value[] }
    | { readonly boot: string };

function emptyCode(name: string, ops: Op[], slots: number): Code {
    return {
        name, kind: 'hook', uri: '', span: { start: 0, end: 0 }, ops, pristine: ops.slice(), statements: [], statementAt: ops.map(() => -1),
        begins: ops.map(() => false), slots, params: [], locals: [],
    };
}

/** The scenario between two steps: it stops, again and again. */
const IDLE = emptyCode('recording', [(_f, vm) => vm.pause()], 0);

/** Code that makes one call and hands its result over. */
function callCode(what: Call, give: (r: Value | Err) => void): Code {
    const call: Op = (f, vm) => {
        f.pc = 1;
        if ('boot' in what) {
            coldBoot(vm, what.boot, '');
            return SWITCH;
        }
        if ('code' in what) {
            return vm.callStd(what.code, what.args, 0);
        }
        f.slots[0] = what.native.call?.(vm, [...what.args]);
        vm.taskWork();
        return SWITCH;
    };
    const after: Op = (f, vm) => {
        give(f.slots[0]);
        return vm.ret(undefined);
    };
    return emptyCode('step', [call, after], 1);
}

function integer(text: string): Value {
    const n = BigInt(text === '' ? 0 : text);
    return normal(BigInt.asUintN(64, n));
}

function fromHex(text: string): Uint8Array {
    return Uint8Array.from({ length: Math.floor(text.length / 2) }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function firstOf(v: Value): Value {
    return v instanceof Seq ? v.items[0] as Value : v;
}

/** Writes `length` bytes in the recorder's pieces: the bytes written, or the error of the first piece. */
function inPieces(length: number, write: (at: number, n: number) => Value | Err): Answer {
    let total = 0;
    do {
        const n = Math.min(PIECE, length - total);
        const r = write(total, n);
        if (typeof r !== 'number') {
            return total > 0 ? { ret: total } : done(r);
        }
        total += r;
        if (r < n) {
            break;
        }
    } while (total < length);
    return { ret: total };
}

function readAnswer(r: Value | Err): Answer {
    if (!(r instanceof Bytes)) {
        return done(r);
    }
    const text = r.length <= 64 ? String.fromCharCode(...r.toUint8Array()) : '';
    return { ret: r.length, fnv: r.fnv1a64(), ...(text === '' ? {} : { text }) };
}

function statAnswer(r: Value | Err): Answer {
    if (!(r instanceof Stat)) {
        return done(r);
    }
    return { ret: 0, size: r.size, blocks: r.blocks, nlink: r.nlink, mode: r.mode.toString(8) };
}
