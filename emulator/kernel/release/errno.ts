/** Error numbers of Linux on x86-64 (include/uapi/asm-generic/errno*.h) that the emulated code returns. */
export const ERRNO = {
    EPERM: 1,
    ENOENT: 2,
    ESRCH: 3,
    EINTR: 4,
    EIO: 5,
    ENXIO: 6,
    E2BIG: 7,
    ENOEXEC: 8,
    EBADF: 9,
    EAGAIN: 11,
    ENOMEM: 12,
    EACCES: 13,
    EFAULT: 14,
    EBUSY: 16,
    EEXIST: 17,
    EXDEV: 18,
    ENODEV: 19,
    ENOTDIR: 20,
    EISDIR: 21,
    EINVAL: 22,
    ENFILE: 23,
    EMFILE: 24,
    ENOTTY: 25,
    ETXTBSY: 26,
    EFBIG: 27,
    ENOSPC: 28,
    ESPIPE: 29,
    EROFS: 30,
    EPIPE: 32,
    ERANGE: 34,
    EDEADLK: 35,
    ENAMETOOLONG: 36,
    ENOSYS: 38,
    ENOTEMPTY: 39,
    ELOOP: 40,
    ENODATA: 61,
    EPROTO: 71,
    EOVERFLOW: 75,
    EBADFD: 77,
    EOPNOTSUPP: 95,
    EADDRINUSE: 98,
    EADDRNOTAVAIL: 99,
    ECONNRESET: 104,
    ENOBUFS: 105,
    EISCONN: 106,
    ENOTCONN: 107,
    EALREADY: 114,
    ESTALE: 116,
    EHWPOISON: 133,
} as const;

export type ErrnoName = keyof typeof ERRNO;

/** A failed kernel call: one interned instance per error name, so results compare with `===`. */
export class Err {
    readonly code: number;

    constructor(readonly name: ErrnoName) {
        this.code = ERRNO[name];
    }

    toString(): string {
        return this.name;
    }
}

const byName = new Map<string, Err>();
const byCode = new Map<number, Err>();
for (const name of Object.keys(ERRNO) as ErrnoName[]) {
    const e = new Err(name);
    byName.set(name, e);
    byCode.set(e.code, e);
}

/** The error of this name. */
export function err(name: ErrnoName): Err {
    const e = byName.get(name);
    if (!e) {
        throw new RangeError(`unknown error name ${name}`);
    }
    return e;
}

/** The error with this positive number, or undefined if the table has none. */
export function errOfCode(code: number): Err | undefined {
    return byCode.get(code);
}

/** True where `name` is an error name of the table. */
export function isErrnoName(name: string): name is ErrnoName {
    return byName.has(name);
}
