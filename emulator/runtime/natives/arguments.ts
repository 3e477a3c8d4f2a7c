/** Conversion of the arguments of natives. */
import { OpenFile } from '../../kernel/fs/file';
import { Inode } from '../../kernel/fs/inode';
import { FolioRef } from '../../kernel/mm/file-folios';
import type { Value } from '../../language/types';
import { asInt, asNumber, format, ProgramError } from '../../language/values';
import { Bytes } from '../../machine/bytes';
import { intOf, type Int } from '../../machine/int';
import { JournaledList } from '../../machine/journal';

/** A class of objects. */
export type Class<T> = abstract new (...args: never[]) => T;

/** @throws ProgramError if `v` is not of the class. */
export function expect<T>(cls: Class<T>, v: unknown, what: string): T {
    if (v instanceof cls) {
        return v;
    }
    throw new ProgramError(`this must be ${what}, not ${format(v as Value)}`);
}

/** Whether a value is an object of exactly this class. For objects of many classes, instanceof is slower. */
export function isExactly<T>(cls: Class<T>, v: unknown): v is T {
    return typeof v === 'object' && v !== null && v.constructor === cls;
}

/** Whether an argument was omitted: it has its parameter's default, `none`. */
export function isLeftOut(v: Value): v is null | undefined {
    return v === null || v === undefined;
}

/** A 64-bit argument as the kernel takes it, signed (loff_t). */
export function offsetArg(v: Value, what: string): Int {
    const x = asInt(v, what);
    return typeof x === 'number' ? x : intOf(BigInt.asIntN(64, x));
}

/** The same for numbers that are compared with counts of pages or bytes in memory. Beyond ±2^53 they are rounded. */
export function indexArg(v: Value, what: string): number {
    return Number(offsetArg(v, what));
}

/** A 32-bit argument as the kernel takes it, unsigned. */
export function flagsArg(v: Value, what: string): number {
    const x = asInt(v, what);
    return typeof x === 'number' && x >= 0 && x < 2 ** 32 ? x : Number(BigInt.asUintN(32, BigInt(x)));
}

/** Data to write: bytes, or the UTF-8 of a string. */
export function dataArg(v: Value, what: string): Bytes {
    if (v instanceof Bytes) {
        return v;
    }
    if (typeof v === 'string') {
        return Bytes.text(v);
    }
    throw new ProgramError(`${what} must be bytes or a string, not ${v === undefined ? 'nothing' : format(v)}`);
}

/** A descriptor; numbers that are not valid descriptors become −1, which is never open. */
export function fdArg(v: Value): number {
    const x = v instanceof Number ? v.valueOf() : v;
    return typeof x === 'number' ? x : typeof x === 'bigint' ? -1 : noDescriptor(v);
}

function noDescriptor(v: Value): never {
    throw new ProgramError(
        v === undefined || v === null ? 'this is none, not a descriptor' : `${format(v)} is not a descriptor`,
    );
}

export function fileArg(v: Value): OpenFile {
    if (v instanceof OpenFile) {
        return v;
    }
    throw new ProgramError(`the file must be an open file, not ${v === undefined ? 'nothing' : format(v)}`);
}

/** For fields that hold an open file or `none`. */
export function fileOrNone(v: Value): OpenFile | null {
    return v === null ? null : fileArg(v);
}

export function inodeArg(v: Value): Inode {
    if (v instanceof Inode) {
        return v;
    }
    throw new ProgramError(`the inode must be an inode, not ${v === undefined ? 'nothing' : format(v)}`);
}

/** The first page frame of a folio argument. */
export function folioArg(v: Value): number {
    if (v instanceof FolioRef) {
        return v.pfn;
    }
    throw new ProgramError(`the folio must be a folio, not ${v === undefined ? 'nothing' : format(v)}`);
}

/** A length in bytes that must fit memory: 0 … 2^53−1. */
export function lengthArg(v: Value, what: string): number {
    const x = asInt(v, what);
    if (typeof x === 'number' && x >= 0) {
        return x;
    }
    throw new ProgramError(`${what} must be a number of bytes, not ${x}`);
}

/** The arguments of a rest parameter, as one list. */
export function restOf(v: Value): readonly Value[] {
    return v instanceof JournaledList ? (v.items as readonly Value[]) : [];
}

/** An optional number. */
export function numberOr<T>(v: Value, what: string, otherwise: T): number | T {
    return isLeftOut(v) ? otherwise : asNumber(v, what);
}
