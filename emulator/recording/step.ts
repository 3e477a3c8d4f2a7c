/** The steps of a recording as data: the words of a line, read and checked. */
import { type Int, intOf } from '../machine/int';
import { listed } from '../text/text';
import { decodeText, encodeText } from '../text/utf8';

/** An invalid step. */
export class UnknownStep extends Error {}

/** The words after the name of a process, parsed. Slots are names of descriptors. */
export type CallStep =
    | { readonly op: 'open'; readonly slot: string; readonly path: string }
    | {
          readonly op: 'create_session' | 'retrieve_session';
          readonly slot: string;
          readonly device: string;
          readonly name: string;
          readonly readonly: false;
      }
    | {
          readonly op: 'create_session' | 'retrieve_session';
          readonly slot: undefined;
          readonly device: string;
          readonly name: string;
          readonly readonly: true;
      }
    | { readonly op: 'get_name' | 'finish'; readonly fd: string }
    | {
          readonly op: 'preserve';
          readonly session: string;
          readonly fd: string;
          readonly token: bigint;
          readonly readonly: boolean;
      }
    | {
          readonly op: 'retrieve';
          readonly slot: string | undefined;
          readonly session: string;
          readonly token: bigint;
          readonly readonly: boolean;
      }
    | { readonly op: 'raw'; readonly fd: string; readonly nr: number; readonly size: number; readonly data: Uint8Array }
    | { readonly op: 'memfd'; readonly slot: string; readonly flags: MemfdFlag }
    | { readonly op: 'truncate'; readonly fd: string; readonly length: Int }
    | { readonly op: 'fallocate' | 'punch'; readonly fd: string; readonly offset: Int; readonly length: Int }
    | {
          readonly op: 'pwrite';
          readonly fd: string;
          readonly offset: Int;
          readonly length: number;
          readonly seed: number;
      }
    | { readonly op: 'write'; readonly fd: string; readonly length: number; readonly seed: number }
    | { readonly op: 'puts'; readonly fd: string; readonly offset: Int; readonly text: string }
    | { readonly op: 'pread'; readonly fd: string; readonly offset: Int; readonly length: Int }
    | { readonly op: 'read'; readonly fd: string; readonly length: Int }
    | { readonly op: 'lseek'; readonly fd: string; readonly offset: Int; readonly whence: Whence }
    | { readonly op: 'close' | 'luoread'; readonly fd: string }
    | { readonly op: 'fstat' | 'getseals' | 'getfl' | 'setappend' | 'getfd' | 'mmapw'; readonly fd: string }
    | { readonly op: 'addseals'; readonly fd: string; readonly seals: readonly Seal[] }
    | { readonly op: 'dup'; readonly slot: string; readonly fd: string }
    | { readonly op: 'rlimit'; readonly limit: Int }
    | { readonly op: 'pipe' | 'socket' | 'eventfd' | 'tmpfile' | 'tmpnamed'; readonly slot: string }
    | { readonly op: 'luofile'; readonly slot: string; readonly type: string; readonly id: bigint };

/** The commands of `ctl` to the test handlers. */
export type Control =
    | {
          readonly command: 'inject' | 'flbinject';
          readonly target: string;
          readonly error: number;
          readonly times: number;
          readonly skip: number;
      }
    | { readonly command: FlbCommand; readonly flb: string };

export type Step =
    | { readonly kind: 'spawn' | 'kill'; readonly process: string }
    | { readonly kind: 'pass'; readonly from: string; readonly to: string; readonly slot: string }
    | { readonly kind: 'load'; readonly other: boolean; readonly cmdline: string }
    | { readonly kind: 'unload' | 'kexec' }
    | { readonly kind: 'ctl'; readonly control: Control }
    | { readonly kind: 'call'; readonly process: string; readonly call: CallStep };

const MEMFD_FLAGS = ['none', 'seal', 'cloexec', 'noexec'] as const;
export type MemfdFlag = (typeof MEMFD_FLAGS)[number];
const SEALS = ['seal', 'shrink', 'grow', 'write', 'future_write', 'exec'] as const;
export type Seal = (typeof SEALS)[number];
const WHENCES = ['set', 'cur', 'end', 'hole', 'data'] as const;
export type Whence = (typeof WHENCES)[number];
const FLB_COMMANDS = ['flb_get', 'flb_put', 'flb_getout', 'flb_putout'] as const;
export type FlbCommand = (typeof FLB_COMMANDS)[number];

/** The maximum of the recorder's int. */
const MOST = 0x7fff_ffff;
/** The maximum length of a session's name in bytes (include/uapi/linux/liveupdate.h: 64 with the NUL). */
const SESSION_NAME_MAX = 63;
/** The words of a step. Text in double quotes is one word, without the quotes. */
function wordsOf(op: string): string[] {
    return [...op.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((m) =>
        m[1] === undefined ? (m[2] ?? '') : m[1].replace(/\\(.)/g, '$1'),
    );
}

/** Iterates over the words of a step. */
class Words {
    private at = 0;

    constructor(
        private readonly words: readonly string[],
        private readonly source: string,
    ) {}

    wrong(what: string): UnknownStep {
        return new UnknownStep(`"${this.source}" is not a step of a recording: ${what}.`);
    }

    get more(): boolean {
        return this.at < this.words.length;
    }

    word(what: string): string {
        const word = this.words[this.at++];
        if (word === undefined) {
            throw this.wrong(`${what} is missing`);
        }
        return word;
    }

    /** The remaining words, separated by blanks. */
    rest(): string {
        const text = this.words.slice(this.at).join(' ');
        this.at = this.words.length;
        return text;
    }

    /** A number of 64 bits, signed or unsigned. */
    big(what: string): bigint {
        const word = this.word(what);
        const [, sign = '', digits = ''] = /^(-?)(0x[0-9a-f]{1,40}|\d{1,40})$/i.exec(word) ?? [];
        if (digits === '') {
            throw this.wrong(`${what} must be an integer, not "${word}"`);
        }
        const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
        if (value < -(2n ** 63n) || value >= 2n ** 64n) {
            throw this.wrong(`${what} must fit into 64 bits, not "${word}"`);
        }
        return value;
    }

    /** The same as the kernel takes an offset: signed. */
    offset(what: string): Int {
        return intOf(BigInt.asIntN(64, this.big(what)));
    }

    /** From 0 to `most`. */
    number(what: string, most: number): number {
        const value = this.big(what);
        if (value < 0n || value > BigInt(most)) {
            throw this.wrong(`${what} must be from 0 to ${most}, not ${value}`);
        }
        return Number(value);
    }

    /** Only the low 8 bits of a seed have an effect. */
    seed(): number {
        return Number(BigInt.asUintN(8, this.big('the seed')));
    }

    /** The name of a session, shortened like in the recorder, which leaves room for a NUL. */
    sessionName(): string {
        return decodeText(encodeText(this.word('the name')).subarray(0, SESSION_NAME_MAX));
    }

    oneOf<T extends string>(choices: readonly T[], what: string): T {
        return this.choice(this.word(what), choices, what);
    }

    choice<T extends string>(word: string, choices: readonly T[], what: string): T {
        const found = choices.find((c) => c === word);
        if (found === undefined) {
            throw this.wrong(`${what} must be ${listed(choices, 'or')}, not "${word}"`);
        }
        return found;
    }

    end(): void {
        if (this.more) {
            throw this.wrong(`"${this.words[this.at] ?? ''}" is unexpected`);
        }
    }
}

/** Reads a step. @throws UnknownStep */
export function stepOf(source: string): Step {
    const w = new Words(wordsOf(source), source);
    const step = read(w, w.word('the operation'));
    w.end();
    return step;
}

function read(w: Words, first: string): Step {
    switch (first) {
        case 'spawn':
        case 'kill':
            return { kind: first, process: w.word('the process') };
        case 'pass':
            return { kind: 'pass', from: w.word('the sender'), to: w.word('the receiver'), slot: w.word('the slot') };
        case 'load':
        case 'load_other':
            return { kind: 'load', other: first === 'load_other', cmdline: w.rest() };
        case 'unload':
        case 'kexec':
            return { kind: first };
        case 'ctl': {
            const command = w.word('the command');
            const c = new Words(wordsOf(command), `ctl "${command}"`);
            const control = readControl(c);
            c.end();
            return { kind: 'ctl', control };
        }
        default:
            return { kind: 'call', process: first, call: readCall(w, w.word('the call')) };
    }
}

function readControl(c: Words): Control {
    const command = c.oneOf(['inject', 'flbinject', ...FLB_COMMANDS] as const, 'the command');
    if (command !== 'inject' && command !== 'flbinject') {
        return { command, flb: c.word('the FLB') };
    }
    const target = c.word('the callback');
    return {
        command,
        target,
        error: c.number('the error number', MOST),
        times: c.number('the number of calls that fail', MOST),
        skip: c.more ? c.number('the number of calls that succeed first', MOST) : 0,
    };
}

function readCall(w: Words, op: string): CallStep {
    const slot = (): string => w.word('the slot');
    const fd = (): string => w.word('the descriptor');
    switch (op) {
        case 'open':
            return { op, slot: slot(), path: w.word('the path') };
        case 'create_session':
        case 'retrieve_session':
            return { op, slot: slot(), device: w.word('the device'), name: w.sessionName(), readonly: false };
        case 'preserve':
            return { op, session: w.word('the session'), fd: fd(), token: w.big('the token'), readonly: false };
        case 'retrieve':
            return { op, slot: slot(), session: w.word('the session'), token: w.big('the token'), readonly: false };
        case 'ro':
            return readReadonly(w);
        case 'raw':
            return {
                op,
                fd: fd(),
                nr: w.number('the number', 0xff),
                size: w.number('the size', 0xffff_ffff),
                data: fromHex(w, w.more ? w.word('the bytes') : ''),
            };
        case 'memfd':
            return { op, slot: slot(), flags: w.oneOf(MEMFD_FLAGS, 'the flag') };
        case 'truncate':
            return { op, fd: fd(), length: w.offset('the length') };
        case 'fallocate':
        case 'punch':
            return { op, fd: fd(), offset: w.offset('the offset'), length: w.offset('the length') };
        case 'pwrite':
            return {
                op,
                fd: fd(),
                offset: w.offset('the offset'),
                length: w.number('the length', Number.MAX_SAFE_INTEGER),
                seed: w.seed(),
            };
        case 'write':
            return { op, fd: fd(), length: w.number('the length', Number.MAX_SAFE_INTEGER), seed: w.seed() };
        case 'puts':
            return { op, fd: fd(), offset: w.offset('the offset'), text: w.word('the text') };
        case 'pread':
            return { op, fd: fd(), offset: w.offset('the offset'), length: w.offset('the length') };
        case 'read':
            return { op, fd: fd(), length: w.offset('the length') };
        case 'lseek':
            return { op, fd: fd(), offset: w.offset('the offset'), whence: w.oneOf(WHENCES, 'the origin') };
        case 'addseals':
            return {
                op,
                fd: fd(),
                seals: w
                    .word('the seals')
                    .split(',')
                    .map((s) => w.choice(s, SEALS, 'a seal')),
            };
        case 'dup':
            return { op, slot: slot(), fd: fd() };
        case 'rlimit':
            return { op, limit: w.offset('the limit') };
        case 'luofile':
            return { op, slot: slot(), type: w.word('the type'), id: w.big('the id') };
        case 'get_name':
        case 'finish':
        case 'close':
        case 'luoread':
            return { op, fd: fd() };
        case 'fstat':
        case 'getseals':
        case 'getfl':
        case 'setappend':
        case 'getfd':
        case 'mmapw':
            return { op, fd: fd() };
        case 'pipe':
        case 'socket':
        case 'eventfd':
        case 'tmpfile':
        case 'tmpnamed':
            return { op, slot: slot() };
        default:
            throw w.wrong(`there is no call "${op}"`);
    }
}

/** An ioctl with its argument in memory that the kernel cannot write. */
function readReadonly(w: Words): CallStep {
    const what = w.oneOf(['create', 'retrieve', 'preserve', 'retrieve_fd'] as const, 'the ioctl');
    switch (what) {
        case 'create':
            return {
                op: 'create_session',
                slot: undefined,
                device: w.word('the device'),
                name: w.sessionName(),
                readonly: true,
            };
        case 'retrieve':
            return {
                op: 'retrieve_session',
                slot: undefined,
                device: w.word('the device'),
                name: w.sessionName(),
                readonly: true,
            };
        case 'preserve':
            return {
                op: 'preserve',
                session: w.word('the session'),
                fd: w.word('the descriptor'),
                token: w.big('the token'),
                readonly: true,
            };
        case 'retrieve_fd':
            return {
                op: 'retrieve',
                slot: undefined,
                session: w.word('the session'),
                token: w.big('the token'),
                readonly: true,
            };
    }
}

function fromHex(w: Words, text: string): Uint8Array {
    if (!/^(?:[0-9a-f]{2})*$/i.test(text)) {
        throw w.wrong(`the bytes must be pairs of hexadecimal digits, not "${text}"`);
    }
    return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
