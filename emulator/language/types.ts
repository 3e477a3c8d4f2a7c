/** The types and values of the language. */

/**
 * A value at run time. Integers are numbers, and bigints only beyond ±(2^53−1). Physical addresses and descriptors are
 * integers with a static type of their own. `undefined` is the result of functions that return nothing, `null` is
 * `none`, the absent object.
 */
export type Value = number | bigint | boolean | string | null | undefined | object;

export type Type =
    | { readonly k: 'any' }
    | { readonly k: 'none' }
    /** `unit`: what it counts, for panes. */
    | { readonly k: 'int'; readonly unit?: 'bytes' | 'ns' }
    | { readonly k: 'bool' }
    | { readonly k: 'string' }
    | { readonly k: 'bytes' }
    /** A physical address; `to` names the struct it is known to point to. */
    | { readonly k: 'phys'; readonly to?: string }
    | { readonly k: 'fd' }
    | { readonly k: 'list'; readonly of: Type }
    /** A record of the program; without `fields`, any. */
    | { readonly k: 'record'; readonly fields?: ReadonlyMap<string, Type> }
    /** A struct in emulated memory. */
    | { readonly k: 'view'; readonly struct: string }
    /** An object of the kernel or of the host: 'file', 'folio', 'luo_session', … (see {@link ObjectType}). */
    | { readonly k: 'object'; readonly name: string }
    /** An open file of a kind that a `file` declaration declares. */
    | { readonly k: 'kind'; readonly name: string }
    /** A declaration used as a value: a struct in `at(NicState, p)`, a file kind in `file.kind == nic`. */
    | {
          readonly k: 'decl';
          readonly of: 'struct' | 'file' | 'handler' | 'flb' | 'process';
          readonly name: string;
          /** An array of processes, of which an index selects one. */
          readonly array?: boolean;
      };

export const ANY: Type = { k: 'any' };
export const NONE: Type = { k: 'none' };
export const INT: Type = { k: 'int' };
/** A size, in bytes. */
export const SIZE: Type = { k: 'int', unit: 'bytes' };
/** A time or a duration, in nanoseconds. */
export const TIME: Type = { k: 'int', unit: 'ns' };
export const BOOL: Type = { k: 'bool' };
export const STRING: Type = { k: 'string' };
export const BYTES: Type = { k: 'bytes' };
export const PHYS: Type = { k: 'phys' };
export const FD: Type = { k: 'fd' };
export const listOf = (of: Type): Type => ({ k: 'list', of });
export const RECORD: Type = { k: 'record' };
export const objectOf = (name: string): Type => ({ k: 'object', name });

/**
 * Where code runs. `scenario`: no process. `user`: in a process; system calls. `kernel`: handlers, FLBs, file kinds,
 * `init`, the shipped kernel code. `any`: everywhere, without effect on the machine.
 */
export type Context = 'scenario' | 'user' | 'kernel' | 'any';
