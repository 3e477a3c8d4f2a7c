/** What natives that work on files need of the interpreter, and how they read their arguments. */
import type { MemfdEnv } from '../../kernel/fs/memfd';
import type { Err } from '../../kernel/release/errno';
import { FolioRef } from '../../kernel/mm/file-folios';
import { OpenFile } from '../../kernel/fs/file';
import { Inode } from '../../kernel/fs/inode';
import type { Process } from '../../kernel/fs/process';
import { Bytes } from '../../machine/bytes';
import type { Seq } from '../../machine/journal';
import type { Value } from '../../language/types';
import type { NativeField, NativeFunction, NativeGlobal, ObjectType } from './native';
import { asInt, format, ProgramError } from '../../language/values';

export interface VmCore {
    /** The kernel that runs. @throws ProgramError where none does */
    readonly running: MemfdEnv;
    /** The process that makes the system call. @throws ProgramError outside of processes */
    readonly process: Process;
    list(items: readonly Value[]): Seq<Value>;
}

/** A native that needs no more of the interpreter than {@link VmCore}. */
export interface FileNative extends NativeFunction {
    readonly call: (vm: VmCore, args: Value[]) => Value | Err;
}

/** A table of natives by name. */
export function byName<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
    return new Map(items.map((i) => [i.name, i]));
}

export function objectType(
    name: string,
    doc: string,
    fields: readonly NativeField[],
    methods: readonly NativeFunction[],
    ofKernel = true,
): ObjectType {
    return { name, doc, fields: byName(fields), methods: byName(methods), ofKernel };
}

/** A global with a fixed integer. */
export function constant(name: string, value: number, doc: string): NativeGlobal {
    return { name, type: { k: 'int' }, context: 'any', doc, get: () => value, constant: value };
}

/** A 64-bit argument as the kernel takes it, signed (loff_t). Beyond ±2^53 only sign and size are kept. */
export function offsetArg(v: Value, what: string): number {
    const x = asInt(v, what);
    return typeof x === 'number' ? x : Number(BigInt.asIntN(64, x));
}

/** A 32-bit argument as the kernel takes it, unsigned. */
export function flagsArg(v: Value, what: string): number {
    const x = asInt(v, what);
    return typeof x === 'number' && x >= 0 && x < 2 ** 32 ? x : Number(BigInt.asUintN(32, BigInt(x)));
}

/** What to write: bytes, or the UTF-8 of a string. */
export function dataArg(v: Value, what: string): Bytes {
    if (v instanceof Bytes) {
        return v;
    }
    if (typeof v === 'string') {
        return Bytes.text(v);
    }
    throw new ProgramError(`${what} must be bytes or a string, not ${v === undefined ? 'nothing' : format(v)}`);
}

/** A descriptor: what is no number that one can have is −1, which is open nowhere. */
export function fdArg(v: Value): number {
    const x = v instanceof Number ? v.valueOf() : v;
    return typeof x === 'number' ? x : typeof x === 'bigint' ? -1 : noDescriptor(v);
}

function noDescriptor(v: Value): never {
    throw new ProgramError(
        v === undefined || v === null ? 'there is no descriptor here (none)' : `${format(v)} is no descriptor`,
    );
}

export function fileArg(v: Value, what = 'the file'): OpenFile {
    if (v instanceof OpenFile) {
        return v;
    }
    throw new ProgramError(`${what} must be an open file, not ${v === undefined ? 'nothing' : format(v)}`);
}

export function inodeArg(v: Value): Inode {
    if (v instanceof Inode) {
        return v;
    }
    throw new ProgramError(`the inode must be one, not ${v === undefined ? 'nothing' : format(v)}`);
}

/** The first page frame of a folio argument. */
export function folioArg(v: Value): number {
    if (v instanceof FolioRef) {
        return v.pfn;
    }
    throw new ProgramError(`the folio must be one, not ${v === undefined ? 'nothing' : format(v)}`);
}

/** A length in bytes that must fit memory: 0 … 2^53−1. */
export function lengthArg(v: Value, what: string): number {
    const x = asInt(v, what);
    if (typeof x === 'number' && x >= 0) {
        return x;
    }
    throw new ProgramError(`${what} must be a number of bytes, not ${x}`);
}
