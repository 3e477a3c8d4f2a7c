/**
 * Writes a recording as a scenario: the same steps as statements, and the results of the real kernel in `fails`,
 * `panics` and `assert`. The test handlers of the recorded kernel follow.
 */
import { errOfCode, isErrnoName } from '../kernel/release/errno';
import luotest from '../std/luotest.lus';
import { recordedKernel } from './recorded-kernel';
import { ImportedNames, slotKey, slotsRead } from './import-names';
import { RecordingError, type RecordedLine, type Recording, type StepLine } from './recording';
import type { CallStep, Control, MemfdFlag, Step, Whence } from './step';
import { hex } from '../text/text';
import { printable, quoted } from '../text/utf8';

/** The process that stands for the recorder. */
const RECORDER = 'recorder';
/** Other variables of imported statements. */
const LOCALS = ['fields', 'ends', 'st', 'got'];
/** The recorder writes in pieces of this size: a longer write is more than one call. */
const PIECE = 65536;

const MFD: Readonly<Record<MemfdFlag, string>> = {
    none: '0',
    seal: 'MFD_ALLOW_SEALING',
    cloexec: 'MFD_CLOEXEC',
    noexec: 'MFD_NOEXEC_SEAL',
};
const WHENCE: Readonly<Record<Whence, string>> = {
    set: 'SEEK_SET',
    cur: 'SEEK_CUR',
    end: 'SEEK_END',
    hole: 'SEEK_HOLE',
    data: 'SEEK_DATA',
};

/** Helpers that an imported scenario may need, by name. */
const HELPERS: Readonly<Record<string, string>> = {
    write_pieces: `// Writes in pieces of 64 KiB, as the recorder does. Returns the bytes written, or the error of the first piece.
fn write_pieces(file: fd, length: int, seed: int, start: int, at_position: bool) {
    total = 0
    while total < length {
        n = length - total
        if n > ${PIECE} { n = ${PIECE} }
        r = 0
        if at_position {
            r = try file.write(pattern(seed, n, start + total))
        } else {
            r = try file.pwrite(pattern(seed, n, start + total), at: start + total)
        }
        if r < 0 {
            if total > 0 { return total }
            return r
        }
        total += r
        if r < n { return total }
    }
    return total
}
`,
    position: `// The position of a file; 0 if it has none.
fn position(file: fd) {
    pos = try file.lseek(0, SEEK_CUR)
    if pos < 0 { return 0 }
    return pos
}
`,
    flb_get: 'fn flb_get(flb) { return try flb.get_incoming() }\n',
    flb_put: 'fn flb_put(flb) { return try flb.put_incoming() }\n',
    flb_getout: 'fn flb_getout(flb) { return try flb.get_outgoing() }\n',
    flb_putout: 'fn flb_putout(flb) { return try flb.put_outgoing() }\n',
};

/** The parts of a statement: an expression, and the use of its result. */
interface Call {
    readonly text: string;
    /** The variable for the result. */
    readonly to?: string | undefined;

    /** An assertion about the result, which is `%` in it. */
    readonly holds?: (answer: StepLine, result: string) => string;
    /** The expression returns a negative error number instead of failing. */

    readonly negative?: boolean;
}

/**
 * @param title the name of the scenario
 * @returns the text of a `.lus` file
 * @throws RecordingError if the process of a step is not running, or no kernel boots after a kexec
 */
export function importRecording(title: string, recording: Recording): string {
    return new Importer(title, recording).text();
}

class Importer {
    private readonly out: string[] = [];
    private readonly helpers = new Set<string>();
    private block: string | undefined;
    private release: '7.2' | '7.3';
    private readonly names: ImportedNames;
    /** Running processes. */
    private running = new Set<string>();
    /** Slots with a descriptor, by process; all other names are closed descriptors. */

    private filled = new Map<string, Set<string>>();
    private readonly read: ReadonlySet<string>;
    private boot = 0;
    /** The present line. */
    private at: RecordedLine;

    constructor(
        private readonly title: string,
        private readonly recording: Recording,
    ) {
        this.at = recording.start;
        this.release = recording.release?.startsWith('7.3') ? '7.3' : '7.2';
        this.names = new ImportedNames(recording, [RECORDER, ...LOCALS, ...Object.keys(HELPERS)]);
        this.read = slotsRead(recording);
    }

    text(): string {
        const { recording } = this;
        this.line(`boot ${quoted(this.kernel(''))}`);
        this.line(`process ${RECORDER}`);
        for (const line of recording.lines) {
            this.at = line;
            if (line.kind === 'step') {
                this.step(line.recorded, line.step);
            } else if (line.kind === 'boot') {
                this.close();
                this.out.push('');
                this.comment(line.recorded.klog);
                this.line(`assert kernel.boot == ${line.recorded.boot}`);
                if (line.recorded.release !== undefined) {
                    this.line(`assert kernel.release == ${quoted(line.recorded.release)}`);
                    this.release = line.recorded.release.startsWith('7.3') ? '7.3' : '7.2';
                }
                this.line(`process ${RECORDER}`);
                this.filled = new Map();
                this.running = new Set();
                this.boot++;
            } else {
                this.close();
                this.line(`assert panicked == ${quoted(line.recorded.panic)}`);
            }
        }
        this.close();
        const helpers = [...this.helpers].map((h) => `\n${HELPERS[h] ?? ''}`).join('');
        return [
            `// Imported from a recording of a real kernel${recording.release === undefined ? '' : ` (${recording.release})`}: errors after "fails" and values in asserts are its results.`,
            '// A comment that begins with "kernel:" is a line of its kernel log.',
            '',
            `scenario ${quoted(this.title)} {`,
            ...this.out,
            '}',
            helpers,
            luotest,
        ].join('\n');
    }

    private kernel(cmdline: string, other = false): string {
        const release = other ? (this.release === '7.2' ? '7.3' : '7.2') : this.release;
        return recordedKernel(release, cmdline);
    }

    // ------------------------------------------------------------ lines

    private line(text: string): void {
        this.out.push(text === '' ? '' : `${this.block === undefined ? '    ' : '        '}${text}`);
    }

    private comment(klog: readonly string[] | undefined): void {
        for (const text of klog ?? []) {
            this.line(`// kernel: ${printable(text)}`);
        }
    }

    private close(): void {
        if (this.block !== undefined) {
            this.block = undefined;
            this.line('}');
        }
    }

    private in(process: string): void {
        if (this.block !== process) {
            this.close();
            this.line(`${process} {`);
            this.block = process;
        }
    }

    /** @throws RecordingError if the process is not running */
    private name(process: string): string {
        if (!this.running.has(process)) {
            throw new RecordingError(this.at.line, this.at.span, `Process ${printable(process)} is not running here.`);
        }
        return this.names.process(process);
    }

    /** A slot as a variable; an empty slot is not a descriptor. */
    private slot(process: string, slot: string): string {
        return this.filled.get(process)?.has(slot) ? this.names.slot(slot) : 'descriptor(-1)';
    }

    // ------------------------------------------------------------ steps

    private step(answer: StepLine, step: Step): void {
        switch (step.kind) {
            case 'spawn':
                this.close();
                this.running.add(step.process);
                this.line(`process ${this.name(step.process)}`);
                break;
            case 'kill':
                this.close();
                this.comment(answer.klog);
                this.line(`kill ${this.name(step.process)}`);
                this.filled.delete(step.process);
                this.running.delete(step.process);
                break;
            case 'pass':
                this.in(this.name(step.from));
                if (answer.errno === undefined) {
                    this.line(`send ${this.slot(step.from, step.slot)} to ${this.name(step.to)}`);
                    this.fill(step.to, step.slot);
                } else if (this.filled.get(step.from)?.has(step.slot)) {
                    this.line(
                        `send ${this.names.slot(step.slot)} to ${this.name(step.to)}  fails ${errorOf(answer.errno)}`,
                    );
                } else {
                    this.line(
                        `send descriptor(-1) to ${this.name(step.to)} as ${this.names.slot(step.slot)}  fails ${errorOf(answer.errno)}`,
                    );
                }
                break;
            case 'load': {
                const cmdline = step.cmdline === '' ? '' : `, ${quoted(step.cmdline)}`;
                this.call(
                    undefined,
                    { text: `kexec_file_load(${quoted(this.kernel(step.cmdline, step.other))}${cmdline})` },
                    answer,
                );
                break;
            }
            case 'unload':
                this.call(undefined, { text: 'kexec_unload()' }, answer);
                break;
            case 'kexec':
                this.kexec(answer);
                break;
            case 'ctl':
                this.control(step.control, answer);
                break;
            case 'call':
                this.call(step.process, this.callText(step.process, step.call), answer);
                this.settle(step.process, step.call, answer);
        }
    }

    private kexec(answer: StepLine): void {
        const at = this.recording.lines.findIndex((l) => l.kind === 'step' && l.recorded === answer);
        const next = this.recording.lines[at + 1];
        if (answer.errno !== undefined) {
            this.call(undefined, { text: 'reboot(KEXEC)' }, answer);
        } else if (next?.kind === 'step') {
            throw new RecordingError(
                next.line,
                next.span,
                'The kexec before this line succeeds: a line with "boot" or "panic" must follow it.',
            );
        } else {
            this.in(RECORDER);
            this.line(`reboot(KEXEC)${next?.kind === 'panic' ? `  panics ${quoted(next.recorded.panic)}` : ''}`);
        }
    }

    private control(control: Control, answer: StepLine): void {
        if ('flb' in control) {
            this.helpers.add(control.command);
            this.in(RECORDER);
            this.comment(answer.klog);
            const known = /^[xy]$/.test(control.flb) ? `flb_${control.flb}` : 'none';
            this.line(
                `assert ${control.command}(${known}) == ${answer.errno === undefined ? '0' : `-${errorOf(answer.errno)}`}`,
            );
            return;
        }
        const { command, target, error, times, skip } = control;
        this.close();
        const point = command === 'inject' ? target : `flb-${target}`;
        this.line(
            `inject ${errOfCode(error)?.name ?? 'EIO'} into ${quoted(point)}${skip > 0 ? ` after ${skip}` : ''}${times === 1 ? '' : ` times ${times}`}`,
        );
    }

    /** @param process undefined: whoever recorded */
    private call(process: string | undefined, call: Call, answer: StepLine): void {
        this.in(process === undefined ? RECORDER : this.name(process));
        this.comment(answer.klog);
        const { text, holds, negative = false } = call;

        // the checker warns about variables that are never read
        const to =
            process !== undefined && call.to !== undefined && this.read.has(slotKey(this.boot, process, call.to))
                ? call.to
                : undefined;
        const filled = process !== undefined && to !== undefined && this.filled.get(process)?.has(to) === true;
        if (answer.errno !== undefined) {
            const error = errorOf(answer.errno);
            this.line(
                negative
                    ? `assert ${text} == -${error}`
                    : `${to !== undefined && filled ? `${this.names.slot(to)} = ` : ''}${text}  fails ${error}`,
            );
        } else if (holds && answer.ret !== undefined) {
            this.line(
                holds(answer, text)
                    .split('\n')
                    .join(`\n${this.block === undefined ? '    ' : '        '}`),
            );
        } else {
            this.line(to === undefined ? text : `${this.names.slot(to)} = ${text}`);
        }
    }

    private fill(process: string, slot: string): void {
        let filled = this.filled.get(process);
        if (!filled) {
            filled = new Set();
            this.filled.set(process, filled);
        }
        filled.add(slot);
    }

    private settle(process: string, call: CallStep, answer: StepLine): void {
        if (call.op === 'close') {
            this.filled.get(process)?.delete(call.fd);
        } else if (
            'slot' in call &&
            call.slot !== undefined &&
            answer.errno === undefined &&
            this.read.has(slotKey(this.boot, process, call.slot))
        ) {
            this.fill(process, call.slot);
        }
    }

    private callText(process: string, c: CallStep): Call {
        const fd = (slot: string): string => this.slot(process, slot);
        const equals = (a: StepLine, result: string): string => `assert ${result} == ${String(a.ret)}`;
        switch (c.op) {
            case 'open':
                return { text: `open(${quoted(c.path)})`, to: c.slot };
            case 'create_session':
            case 'retrieve_session':
                return { text: `${fd(c.device)}.${c.op}(${quoted(c.name)})${reply(c.readonly)}`, to: c.slot };
            case 'get_name':
                return {
                    text: `${fd(c.fd)}.get_name()`,
                    holds: (a, result) => `assert ${result} == ${quoted(a.name ?? '')}`,
                };
            case 'preserve':
                return {
                    text: `${fd(c.session)}.preserve_fd(${fd(c.fd)}, token: ${u64(c.token)})${reply(c.readonly)}`,
                };
            case 'retrieve':
                return { text: `${fd(c.session)}.retrieve_fd(token: ${u64(c.token)})${reply(c.readonly)}`, to: c.slot };
            case 'finish':
                return { text: `${fd(c.fd)}.finish()` };
            case 'raw':
                return {
                    text: `${fd(c.fd)}.ioctl(0x${c.nr.toString(16)}, ${c.size}, bytes(${[...c.data].join(', ')}))`,
                };
            case 'luofile':
                return { text: `make_fd("luotest", [${quoted(c.type)}, ${c.id}])`, to: c.slot };
            case 'luoread':
                return {
                    text: `fields_of(${fd(c.fd)})`,
                    holds: (a, result) =>
                        `fields = ${result}\nassert str(fields[0], fields[1]) == ${quoted(a.text ?? '')}`,
                };
            case 'memfd':
                return { text: `memfd_create("memfd", ${MFD[c.flags]})`, to: c.slot };
            case 'pipe':
                return this.read.has(slotKey(this.boot, process, c.slot))
                    ? { text: 'pipe()', holds: (_, result) => `ends = ${result}\n${this.names.slot(c.slot)} = ends[0]` }
                    : { text: 'pipe()' };
            case 'socket':
            case 'eventfd':
                return { text: `${c.op}()`, to: c.slot };
            case 'tmpfile':
                return { text: 'tmpfile()', to: c.slot };
            case 'tmpnamed':
                return {
                    text: `open(${quoted(`/dev/shm/${process}-${c.slot}-${this.out.length}`)}, O_RDWR | O_CREAT)`,
                    to: c.slot,
                };
            case 'dup':
                return { text: `${fd(c.fd)}.dup()`, to: c.slot };
            case 'close':
                return { text: `${fd(c.fd)}.close()` };
            case 'rlimit':
                return { text: `setrlimit_nofile(${c.limit})` };
            case 'truncate':
                return { text: `${fd(c.fd)}.truncate(${c.length})` };
            case 'fallocate':
            case 'punch':
                return { text: `${fd(c.fd)}.${c.op}(${c.offset}, ${c.length})` };
            case 'pwrite':
                if (c.length > PIECE) {
                    this.helpers.add('write_pieces');
                    return {
                        text: `write_pieces(${fd(c.fd)}, ${c.length}, ${c.seed}, ${c.offset}, false)`,
                        holds: equals,
                        negative: true,
                    };
                }
                return {
                    text: `${fd(c.fd)}.pwrite(pattern(${c.seed}, ${c.length}, ${c.offset}), at: ${c.offset})`,
                    holds: equals,
                };
            case 'write':
                this.helpers.add('write_pieces');
                this.helpers.add('position');
                return {
                    text: `write_pieces(${fd(c.fd)}, ${c.length}, ${c.seed}, position(${fd(c.fd)}), true)`,
                    holds: equals,
                    negative: true,
                };
            case 'puts':
                return { text: `${fd(c.fd)}.pwrite(${quoted(c.text)}, at: ${c.offset})`, holds: equals };
            case 'pread':
                return { text: `${fd(c.fd)}.pread(${c.length}, at: ${c.offset})`, holds: bytesHold };
            case 'read':
                return { text: `${fd(c.fd)}.read(${c.length})`, holds: bytesHold };
            case 'lseek':
                return { text: `${fd(c.fd)}.lseek(${c.offset}, ${WHENCE[c.whence]})`, holds: equals };
            case 'fstat':
                return {
                    text: `${fd(c.fd)}.stat()`,
                    holds: (a, result) =>
                        [
                            `st = ${result}`,
                            ...(['size', 'blocks', 'nlink'] as const).flatMap((k) =>
                                a[k] === undefined ? [] : [`assert st.${k} == ${a[k]}`],
                            ),
                            ...(a.mode === undefined
                                ? []
                                : [`assert st.mode == 0x${parseInt(a.mode, 8).toString(16)}  // 0${a.mode}`]),
                        ].join('\n'),
                };
            case 'addseals':
                return {
                    text: `${fd(c.fd)}.add_seals(${c.seals.map((s) => `F_SEAL_${s.toUpperCase()}`).join(' | ')})`,
                };
            case 'getseals':
                return { text: `${fd(c.fd)}.get_seals()`, holds: equals };
            case 'getfl':
                return {
                    text: `${fd(c.fd)}.getfl()`,
                    holds: (a, result) =>
                        `assert (${result} & (O_RDWR | O_WRONLY | O_APPEND | O_NONBLOCK)) == ${String(a.ret)}`,
                };
            case 'setappend':
                return { text: `${fd(c.fd)}.setfl(O_APPEND)` };
            case 'getfd':
                return { text: `${fd(c.fd)}.getfd()`, holds: equals };
            case 'mmapw':
                return { text: `${fd(c.fd)}.mmap_write()` };
        }
    }
}

function bytesHold(a: StepLine, result: string): string {
    return [
        `got = ${result}`,
        `assert got.length == ${String(a.ret)}`,
        ...(a.fnv === undefined ? [] : [`assert fnv1a64(got) == ${quoted(a.fnv)}`]),
    ].join('\n');
}

/** The name of an error; errors that the emulator does not have become EIO. */
const errorOf = (errno: string): string => (isErrnoName(errno) ? errno : 'EIO');
const reply = (readonly: boolean): string => (readonly ? ' with readonly_reply' : '');
const u64 = (n: bigint): string => hex(BigInt.asUintN(64, n));
