/** The second model, of a host: processes with descriptors, and the steps of a recording. */
import { decodeText, encodeText } from '../../../emulator/text/utf8';
import { Luo, OpenFile, type Handover, type Session } from './luo';
import { fail, offset, onFile, zeroOr, type Answer, type Descriptor } from './file-calls';
import { MemoryFile, SEAL } from './memory-file';

class Process {
    readonly fds = new Map<number, Descriptor>();
    readonly slots = new Map<string, number>();

    constructor() {
        const file = new OpenFile('null');
        file.refs = 3;
        for (const n of [0, 1, 2]) {
            this.fds.set(n, { file, cloexec: false });
        }
    }

    install(file: OpenFile, cloexec = false): number {
        let n = 0;
        while (this.fds.has(n)) {
            n++;
        }
        this.fds.set(n, { file, cloexec });
        return n;
    }

    in(slot: string): Descriptor | undefined {
        return this.fds.get(this.slots.get(slot) ?? -1);
    }
}

/** Bytes as a name: up to 63 of them, to the first zero. */
const cut = (name: string): string => {
    const bytes = Buffer.from(encodeText(name)).subarray(0, 63);
    return bytes.toString('latin1', 0, bytes.includes(0) ? bytes.indexOf(0) : bytes.length);
};
/** A line of a recording as the model says it. */
export type Line =
    | ({ readonly op: string; readonly klog?: readonly string[] } & Answer)
    | { readonly boot: number }
    | { readonly panic: string };

export class World {
    processes = new Map<string, Process>();
    luo: Luo;
    boot = 0;
    /** This kernel runs without live update. */
    off = false;
    /** `undefined`: no kernel is loaded; else what its command line adds. */
    loaded: string | undefined;
    panicked = false;
    private klog: string[] = [];
    private delayed: OpenFile[] = [];

    constructor() {
        this.luo = this.bootKernel('', undefined);
    }

    /** What the last value of a switch says that can be read; one is on to begin with. */
    private switched(cmdline: string, name: string): boolean {
        const said = cmdline
            .split(' ')
            .flatMap((word) => (word.startsWith(`${name}=`) ? [word.slice(name.length + 1)] : []))
            .flatMap((value) =>
                /^(?:[eyt1]|on)/i.test(value) ? [true] : /^(?:[dnf0]|of)/i.test(value) ? [false] : [],
            );
        return said.at(-1) ?? true;
    }

    private bootKernel(cmdline: string, handover: Handover | undefined): Luo {
        this.off = !this.switched(cmdline, 'kho') || !this.switched(cmdline, 'liveupdate');
        const handlers = ['memfd', 'a', 'b', 'c', ...(cmdline.split(' ').includes('luotest.d=1') ? ['d'] : [])];
        const luo = new Luo(
            handlers,
            handover,
            (line) => this.klog.push(line),
            (file) => this.put(file),
        );
        luo.handedOver = handover !== undefined;
        return luo;
    }

    private put(file: OpenFile): void {
        if (--file.refs === 0) {
            this.delayed.push(file);
        }
    }

    /** At the return to user space the files without references are released, the latest first. */
    private releaseAll(): void {
        while (this.delayed.length > 0) {
            const batch = this.delayed.reverse();
            this.delayed = [];
            for (const file of batch) {
                if (file.kind === 'luotest') {
                    this.klog.push(`luotest: file ${file.type} id=${file.id} released`);
                } else if (file.kind === 'device') {
                    this.luo.inUse = false;
                } else if (file.session) {
                    this.luo.release(file.session);
                }
            }
        }
    }

    /** Makes a step: its line, and the line of the boot or panic that follows it. */
    step(op: string): Line[] {
        this.klog = [];
        const words = [...op.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((m) =>
            m[1] === undefined ? (m[2] ?? '') : m[1].replace(/\\(.)/g, '$1'),
        );
        const [first = '', second = '', third = '', fourth = ''] = words;
        let more: Line[] = [];
        let answer: Answer;
        switch (first) {
            case 'spawn':
                this.processes.set(second, new Process());
                answer = { ret: 0 };
                break;
            case 'kill':
                answer = this.kill(second);
                break;
            case 'pass':
                answer = this.pass(second, third, fourth);
                break;
            case 'load':
            case 'load_other':
                this.loaded = words.slice(1).join(' ');
                answer = { ret: 0 };
                break;
            case 'unload':
                this.loaded = undefined;
                answer = { ret: 0 };
                break;
            case 'kexec':
                [answer, more] = this.kexec();
                break;
            case 'ctl':
                answer = this.control(second.split(' '));
                break;
            default: {
                const process = this.processes.get(first);
                if (!process) {
                    throw new RangeError(`${op}: no process ${first}`);
                }
                answer = this.call(process, second, words.slice(2));
            }
        }
        this.releaseAll();
        return [{ op, ...answer, ...(this.klog.length > 0 ? { klog: this.klog } : {}) }, ...more];
    }

    private kill(name: string): Answer {
        for (const [, { file }] of [...(this.processes.get(name)?.fds ?? [])].sort(([a], [b]) => a - b)) {
            this.put(file);
        }
        this.processes.delete(name);
        return { ret: 0 };
    }

    private pass(from: string, to: string, slot: string): Answer {
        const sent = this.processes.get(from)?.in(slot);
        const target = this.processes.get(to);
        if (!sent || !target) {
            return fail('EBADF');
        }
        sent.file.refs++;
        target.slots.set(slot, target.install(sent.file));
        return { ret: 'fd' };
    }

    private kexec(): [Answer, Line[]] {
        if (this.loaded === undefined) {
            return [fail('EINVAL'), []];
        }
        const handover = this.off ? undefined : this.luo.reboot();
        if (typeof handover === 'string') {
            return [fail(handover), []];
        }
        const cmdline = this.loaded;
        this.processes = new Map();
        this.delayed = [];
        this.loaded = undefined;
        this.klog = [];
        this.boot++;
        if (handover?.emptyBlock === true) {
            this.panicked = true;
            return [
                { ret: 0 },
                [{ panic: 'The incoming tree failed to initialize properly [-22], disabling live update' }],
            ];
        }
        this.luo = this.bootKernel(cmdline, handover);
        return [{ ret: 0 }, [{ boot: this.boot }]];
    }

    private control([command = '', target = '', error = '0', times = '0', skip = '0']: readonly string[]): Answer {
        if (command === 'inject' || command === 'flbinject') {
            this.luo.inject(
                command === 'inject' ? target : `flb-${target}`,
                Number(error),
                Number(times),
                Number(skip),
            );
            return { ret: 0 };
        }
        return zeroOr(this.luo.control(command, target));
    }

    // ------------------------------------------------------------ system calls

    private call(p: Process, op: string, args: readonly string[]): Answer {
        const [a = '', b = '', c = '', d = ''] = args;
        const fill = (slot: string, file: OpenFile, cloexec = false): Answer => {
            p.slots.set(slot, p.install(file, cloexec));
            return { ret: 'fd' };
        };
        switch (op) {
            case 'open':
                return this.open(p, a, b);
            case 'create_session':
            case 'retrieve_session': {
                const session = this.sessionFor(p, op, b, c);
                return typeof session === 'string' ? fail(session) : fill(a, sessionFile(session), true);
            }
            case 'get_name': {
                const session = this.sessionIn(p, a, 'any');
                return typeof session === 'string'
                    ? fail(session)
                    : { ret: 0, name: decodeText(Buffer.from(session.name, 'latin1')) };
            }
            case 'preserve':
                return zeroOr(this.preserve(p, a, b, c));
            case 'retrieve': {
                const file = this.retrieve(p, b, c);
                if (typeof file === 'string') {
                    return fail(file);
                }
                file.refs++;
                return fill(a, file, true);
            }
            case 'finish': {
                const session = this.sessionIn(p, a, 'incoming');
                return zeroOr(typeof session === 'string' ? session : this.luo.finish(session));
            }
            case 'ro':
                return this.readonlyReply(p, args);
            case 'raw':
                return this.raw(p, a, Number(b), Number(c), d);
            case 'luofile': {
                const file = new OpenFile('luotest');
                file.type = b;
                file.id = BigInt(c);
                return fill(a, file);
            }
            case 'memfd':
                return fill(
                    a,
                    memoryFile(
                        new MemoryFile(
                            b === 'seal' ? 0 : b === 'noexec' ? SEAL.exec : SEAL.seal,
                            b === 'noexec' ? 0o100666 : 0o100777,
                            0,
                        ),
                    ),
                    b === 'cloexec',
                );
            case 'tmpfile':
            case 'tmpnamed':
                return fill(a, memoryFile(new MemoryFile(SEAL.seal, 0o100600, op === 'tmpfile' ? 0 : 1)));
            case 'pipe': {
                const answer = fill(a, new OpenFile('pipe', 0));
                p.install(new OpenFile('pipe', 1));
                return answer;
            }
            case 'socket':
            case 'eventfd':
                return fill(a, new OpenFile(op));
            case 'dup': {
                const old = p.in(b);
                if (!old) {
                    return fail('EBADF');
                }
                old.file.refs++;
                return fill(a, old.file);
            }
            case 'close': {
                const old = p.in(a);
                p.fds.delete(p.slots.get(a) ?? -1);
                p.slots.delete(a);
                if (old) {
                    this.put(old.file);
                }
                return old ? { ret: 0 } : fail('EBADF');
            }
            default: {
                const held = p.in(a);
                // a negative offset is wrong whatever the descriptor
                if (['truncate', 'pread', 'pwrite', 'puts'].includes(op) && offset(b) < 0n) {
                    return fail('EINVAL');
                }
                return held ? onFile(held, op, [b, c, d]) : fail('EBADF');
            }
        }
    }

    private open(p: Process, slot: string, path: string): Answer {
        const error =
            path === '/dev/liveupdate' && !this.off ? this.luo.open() : path === '/dev/null' ? undefined : 'ENOENT';
        if (error !== undefined) {
            return fail(error);
        }
        p.slots.set(slot, p.install(new OpenFile(path === '/dev/null' ? 'null' : 'device')));
        return { ret: 'fd' };
    }

    private sessionFor(p: Process, op: string, device: string, name: string): Session | string {
        const held = p.in(device);
        if (held?.file.kind !== 'device') {
            return !held ? 'EBADF' : held.file.kind === 'session' ? 'EINVAL' : 'ENOTTY';
        }
        return op === 'create_session' ? this.luo.create(cut(name)) : this.luo.retrieveSession(cut(name));
    }

    private sessionIn(p: Process, slot: string, side: 'incoming' | 'outgoing' | 'any'): Session | string {
        const held = p.in(slot);
        const session = held?.file.session;
        if (!session) {
            return !held ? 'EBADF' : held.file.kind === 'device' ? 'EINVAL' : 'ENOTTY';
        }
        return side === 'any' || session.incoming === (side === 'incoming') ? session : 'EINVAL';
    }

    private preserve(p: Process, slot: string, file: string, token: string): string | undefined {
        const session = this.sessionIn(p, slot, 'outgoing');
        return typeof session === 'string' ? session : this.luo.preserve(session, BigInt(token), p.in(file)?.file);
    }

    private retrieve(p: Process, slot: string, token: string): OpenFile | string {
        const session = this.sessionIn(p, slot, 'incoming');
        return typeof session === 'string' ? session : this.luo.retrieve(session, BigInt(token));
    }

    /** The call is made, but nobody learns of it. */
    private readonlyReply(p: Process, [what = '', a = '', b = '', c = '']: readonly string[]): Answer {
        let error: string | undefined;
        if (what === 'create' || what === 'retrieve') {
            const session = this.sessionFor(p, `${what}_session`, a, b);
            if (typeof session === 'string') {
                error = session;
            } else {
                this.put(sessionFile(session));
            }
        } else if (what === 'preserve') {
            error = this.preserve(p, a, b, c);
            if (error === undefined) {
                this.klog.push('luo: The file was successfully preserved, but response to user failed');
            }
        } else {
            const file = this.retrieve(p, a, b);
            error = typeof file === 'string' ? file : undefined;
        }
        return fail(error ?? 'EFAULT');
    }

    /** An ioctl with a buffer of 256 bytes: the size, then what is given. */
    private raw(p: Process, slot: string, nr: number, size: number, hex: string): Answer {
        const buffer = Buffer.alloc(256);
        buffer.writeUInt32LE(size, 0);
        Buffer.from(hex, 'hex').copy(buffer, 4);
        const held = p.in(slot);
        const device = held?.file.kind === 'device';
        const session = held?.file.session;
        if (!held || (!device && !session)) {
            return fail(held ? 'ENOTTY' : 'EBADF');
        }
        const least = new Map(
            device
                ? [
                      [0, 72],
                      [1, 72],
                  ]
                : [
                      [0x40, 16],
                      [0x41, 16],
                      [0x42, 8],
                      [0x43, 72],
                  ],
        ).get(nr);
        if (
            least === undefined ||
            (session && (nr === 0x40 ? session.incoming : nr !== 0x43 && !session.incoming)) ||
            size < least
        ) {
            return fail('EINVAL');
        }
        if (buffer.subarray(least, size).some((byte) => byte !== 0)) {
            return fail('E2BIG');
        }
        if (nr >= 0x42 && buffer.readUInt32LE(4) !== 0) {
            return fail('EINVAL');
        }
        const token = buffer.readBigUInt64LE(8);
        if (!session) {
            const raw = buffer.subarray(8, 72);
            const name = raw.toString('latin1', 0, raw.includes(0) ? raw.indexOf(0) : 64);
            const made = nr === 0 ? this.luo.create(name) : this.luo.retrieveSession(name);
            if (typeof made === 'string') {
                return fail(made);
            }
            p.install(sessionFile(made), true);
            return { ret: 0 };
        }
        if (nr === 0x40) {
            return zeroOr(this.luo.preserve(session, token, p.fds.get(buffer.readInt32LE(4))?.file));
        }
        if (nr === 0x41) {
            const file = this.luo.retrieve(session, token);
            if (typeof file === 'string') {
                return fail(file);
            }
            file.refs++;
            p.install(file, true);
            return { ret: 0 };
        }
        return nr === 0x42 ? zeroOr(this.luo.finish(session)) : { ret: 0 };
    }
}

function sessionFile(session: Session): OpenFile {
    const file = new OpenFile('session');
    file.session = session;
    return file;
}

function memoryFile(memory: MemoryFile): OpenFile {
    const file = new OpenFile('memory');
    file.memory = memory;
    return file;
}
