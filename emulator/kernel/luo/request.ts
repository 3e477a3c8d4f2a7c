/**
 * The ioctls of LUO up to their execution: the order of the checks, and copying the argument in and the reply out
 * (kernel/liveupdate/luo_core.c, luo_session.c; include/uapi/linux/liveupdate.h).
 */
import { halvesOf, intOfHalves, type Int } from '../../machine/int';
import { Err, err } from '../release/errno';
import type { OpenFile } from '../fs/file';
import { fget, type Process } from '../fs/process';
import { LARGEST_ARGUMENT, type IoctlName, type IoctlTable } from '../release/luo-ioctls';
import { LuoSession } from './state';
import { decodeName, decodeText, encodeText } from '../../text/utf8';

/** Offset of the name in struct liveupdate_ioctl_create_session and _retrieve_session, and in that of GET_NAME. */
const NAME_OFFSET = 8;

/**
 * The result of the copy back to the caller: it `faults` if the argument lies in memory that can be read but not
 * written, and `stalls` if a userfaultfd delays the page.
 */
export type Reply = 'goes through' | 'faults' | 'stalls';

/** The parameters of a typed call of an ioctl. */
export interface RequestArgs {
    readonly fd: number;
    readonly nr: number;
    readonly name: string;
    readonly argFd: number;
    /** A token, or the event of SET_EVENT. */
    readonly token: Int;
    readonly reply: Reply;
}

/** Bytes of the argument of a raw ioctl. */
export const RAW_BUFFER = 256;

export class LuoRequest {
    constructor(
        readonly nr: number,
        readonly command: IoctlName,
        readonly file: OpenFile,
        /** The session of the descriptor, for the ioctls of sessions. */
        readonly session: LuoSession | null,
        /** The kernel's copy of the argument. */
        private readonly arg: Uint8Array,
        private readonly replies: Reply,
        private readonly nameSize: number,
    ) {}

    /** An ioctl with a well-formed argument. */
    static make(process: Process, table: IoctlTable, args: RequestArgs): LuoRequest | Err {
        const command = table.commands.get(args.nr);
        const size = command?.size ?? LARGEST_ARGUMENT;
        const arg = new Uint8Array(LARGEST_ARGUMENT);
        const view = new DataView(arg.buffer);
        view.setUint32(0, size, true);
        switch (command?.arg) {
            case 'token': {
                const { low, high } = halvesOf(args.token);
                view.setInt32(4, args.argFd, true);
                view.setUint32(8, low, true);
                view.setUint32(12, high, true);
                break;
            }
            case 'word':
                view.setUint32(4, halvesOf(args.token).low, true);
                break;
            default:
                view.setInt32(4, args.argFd, true);
                // the caller fills the field: a longer name leaves no room for the NUL
                arg.set(encodeText(args.name).subarray(0, table.nameSize), NAME_OFFSET);
        }
        return LuoRequest.check(process, table, args.fd, args.nr, size, arg, args.reply);
    }

    /** An ioctl with a 256-byte buffer that begins with `size` and `data`. */
    static raw(
        process: Process,
        table: IoctlTable,
        fd: number,
        nr: number,
        size: number,
        data: Uint8Array,
        reply: Reply,
    ): LuoRequest | Err {
        const buffer = new Uint8Array(RAW_BUFFER);
        new DataView(buffer.buffer).setUint32(0, size, true);
        buffer.set(data.subarray(0, buffer.length - 4), 4);
        return LuoRequest.check(process, table, fd, nr, size, buffer, reply);
    }

    private static check(
        process: Process,
        table: IoctlTable,
        fd: number,
        nr: number,
        size: number,
        buffer: Uint8Array,
        reply: Reply,
    ): LuoRequest | Err {
        const file = fget(process, fd);
        if (file instanceof Err) {
            return file;
        }
        const onDevice = file.kind === 'liveupdate';
        if (!onDevice && file.kind !== 'luo_session') {
            return file.ops.unknownIoctl ?? err('ENOTTY');
        }
        // 1. the number: the file must have this ioctl
        const command = table.commands.get(nr);
        const session = file.priv instanceof LuoSession ? file.priv : null;
        if (!command || onDevice !== (command.on === 'device') || (!onDevice && !session)) {
            return err('EINVAL');
        }
        // 2. the session must be of the kind that the ioctl works on
        if (table.kinds && session && command.on !== 'any' && (command.on === 'incoming') !== session.incoming) {
            return err('EINVAL');
        }
        // 3. the size, then the bytes beyond the structure that this kernel knows
        if (size < command.size) {
            return err('EINVAL');
        }
        if (buffer.subarray(command.size, Math.min(size, buffer.length)).some((byte) => byte !== 0)) {
            return err('E2BIG');
        }
        if (size > buffer.length) {
            return err('EFAULT');
        }
        const arg = buffer.slice(0, command.size);
        return new LuoRequest(nr, command.name, file, session, arg, reply, table.nameSize);
    }

    private get view(): DataView {
        return new DataView(this.arg.buffer);
    }

    get nameBytes(): Uint8Array {
        return this.arg.slice(NAME_OFFSET, NAME_OFFSET + this.nameSize);
    }

    /** The name up to its first NUL. */
    get name(): string {
        return decodeName(this.nameBytes);
    }

    get argFd(): number {
        return this.view.getInt32(4, true);
    }

    get token(): Int {
        return this.arg.length < 16 ? 0 : intOfHalves(this.view.getUint32(8, true), this.view.getUint32(12, true));
    }

    get reserved(): number {
        return this.view.getUint32(4, true);
    }

    /** Whether the copy back stalls. */
    get stalls(): boolean {
        return this.replies === 'stalls';
    }

    /** Copies the structure back to the caller. */
    reply(): undefined | Err {
        return this.replies === 'faults' ? err('EFAULT') : undefined;
    }

    display(): string {
        return `${this.command} ioctl`;
    }
}

/**
 * The name of a new session, from the bytes that its creator passed: up to the first NUL.
 * @returns EINVAL if it is empty or has no NUL, in releases that check this (luo_session_alloc()); others truncate it
 */
export function sessionName(raw: Uint8Array, { checksNames, nameSize }: IoctlTable): string | Err {
    const nul = raw.indexOf(0);
    if (checksNames && (nul <= 0 || nul >= nameSize)) {
        return err('EINVAL');
    }
    return decodeText(raw.subarray(0, nul < 0 ? nameSize - 1 : nul));
}
