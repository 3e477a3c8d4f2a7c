/**
 * The ioctls of LUO by release: their numbers, the sizes of their arguments, and their objects
 * (include/uapi/linux/liveupdate.h).
 */

export type IoctlName =
    | 'CREATE_SESSION'
    | 'RETRIEVE_SESSION'
    | 'PRESERVE_FD'
    | 'RETRIEVE_FD'
    | 'FINISH'
    | 'GET_NAME'
    | 'FREEZE'
    | 'GET_STATE'
    | 'SET_EVENT'
    | 'UNPRESERVE_FD'
    | 'RESTORE_FD';

export interface Ioctl {
    readonly name: IoctlName;
    /** Size of the argument structure in bytes, the minimum that a caller may pass. */
    readonly size: number;
    /** Its object: the device, or a session of this kind. */
    readonly on: 'device' | 'incoming' | 'outgoing' | 'any';
    /** The contents of the argument after its size: the fields that {@link LuoRequest} fills in from a typed call. */
    readonly arg: 'name' | 'token' | 'word';
}

export interface IoctlTable {
    /** By number; those of sessions begin at 0x40. */
    readonly commands: ReadonlyMap<number, Ioctl>;
    /** An ioctl of the wrong kind of session fails with EINVAL; otherwise it succeeds. */
    readonly kinds: boolean;
    /** Bytes of a session's name, including its NUL. */
    readonly nameSize: number;
    /** A name must not be empty and must be terminated; otherwise an unterminated one is truncated. */
    readonly checksNames: boolean;
}

export const IOCTLS_7_2: IoctlTable = {
    commands: new Map<number, Ioctl>([
        [0x00, { name: 'CREATE_SESSION', size: 72, on: 'device', arg: 'name' }],
        [0x01, { name: 'RETRIEVE_SESSION', size: 72, on: 'device', arg: 'name' }],
        [0x40, { name: 'PRESERVE_FD', size: 16, on: 'outgoing', arg: 'token' }],
        [0x41, { name: 'RETRIEVE_FD', size: 16, on: 'incoming', arg: 'token' }],
        [0x42, { name: 'FINISH', size: 8, on: 'incoming', arg: 'word' }],
        [0x43, { name: 'GET_NAME', size: 72, on: 'any', arg: 'word' }],
    ]),
    kinds: true,
    nameSize: 64,
    checksNames: true,
};

/** Release candidates of 7.2: GET_NAME has an argument without a name; the kernel writes the name after it anyway. */
export const IOCTLS_EARLY_7_2: IoctlTable = {
    ...IOCTLS_7_2,
    commands: new Map([...IOCTLS_7_2.commands, [0x43, { name: 'GET_NAME', size: 16, on: 'any', arg: 'word' }]]),
};

/** 6.19 to 7.1, which check neither kinds of sessions nor names. */
export const IOCTLS_6_19: IoctlTable = {
    commands: new Map([...IOCTLS_7_2.commands].filter(([nr]) => nr !== 0x43)),
    kinds: false,
    nameSize: 64,
    checksNames: false,
};

/** The series v4: one state machine for LUO, and one in every session. */
export const IOCTLS_V4: IoctlTable = {
    commands: new Map<number, Ioctl>([
        [0x00, { name: 'GET_STATE', size: 8, on: 'device', arg: 'word' }],
        [0x01, { name: 'SET_EVENT', size: 8, on: 'device', arg: 'word' }],
        [0x02, { name: 'CREATE_SESSION', size: 64, on: 'device', arg: 'name' }],
        [0x03, { name: 'RETRIEVE_SESSION', size: 64, on: 'device', arg: 'name' }],
        [0x40, { name: 'PRESERVE_FD', size: 16, on: 'any', arg: 'token' }],
        [0x41, { name: 'UNPRESERVE_FD', size: 16, on: 'any', arg: 'token' }],
        [0x42, { name: 'RESTORE_FD', size: 16, on: 'any', arg: 'token' }],
        [0x43, { name: 'GET_STATE', size: 8, on: 'any', arg: 'word' }],
        [0x44, { name: 'SET_EVENT', size: 8, on: 'any', arg: 'word' }],
    ]),
    kinds: false,
    nameSize: 56,
    checksNames: false,
};

/** By the table of a release, the one with the ioctl of the layer session_freeze. No source has its number. */
const WITH_SESSION_FREEZE: ReadonlyMap<IoctlTable, IoctlTable> = new Map(
    [IOCTLS_7_2, IOCTLS_EARLY_7_2].map((table) => [
        table,
        {
            ...table,
            commands: new Map<number, Ioctl>([
                ...table.commands,
                [0x44, { name: 'FREEZE', size: 8, on: 'outgoing', arg: 'word' }],
            ]),
        },
    ]),
);

/** The ioctls of a release that can have layers, and of the layer session_freeze. */
export function withSessionFreeze(table: IoctlTable): IoctlTable {
    return WITH_SESSION_FREEZE.get(table) ?? table;
}

/** A kernel without LUO has none. */
export const NO_IOCTLS: IoctlTable = { commands: new Map(), kinds: false, nameSize: 64, checksNames: false };

/** The size of the largest argument, in bytes. */
export const LARGEST_ARGUMENT = 72;
