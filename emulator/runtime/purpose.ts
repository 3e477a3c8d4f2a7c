/** Why kernel code runs, and what it works on: what observers are told of it. */
import type { OpenFile } from '../kernel/fs/file';
import type { LuoArgs, LuoFlb, LuoHandler, LuoSession } from '../kernel/luo/state';
import type { Int } from '../machine/int';

/** System calls that observers tell apart, and of which they ask nothing more. */
const KNOWN_CALLS = ['reboot', 'execve', 'kexec_load', 'kexec_file_load', 'add_seals'] as const;

/** A system call, as far as observers ask what it is about. */
export type SystemCall =
    | { readonly kind: 'open'; readonly path: string }
    | { readonly kind: 'create_session' | 'retrieve_session'; readonly session: string }
    /** `session`: null where the descriptor is not that of a session. */
    | { readonly kind: 'preserve_fd' | 'retrieve_fd'; readonly session: LuoSession | null; readonly token: Int }
    | { readonly kind: 'finish'; readonly session: LuoSession | null }
    | { readonly kind: (typeof KNOWN_CALLS)[number] }
    | { readonly kind: 'system call' };

/**
 * What the kernel is busy with from its entry to its return: a system call, or what it does for a process or for itself
 * without one.
 */
export type KernelWork = {
    /** What people call it: `create_session`, `do_exit`. */
    readonly name: string;
} & (
    | SystemCall
    /** It comes up. */
    | { readonly kind: 'boot' }
    /** A process ends: all that it has open is closed. */
    | { readonly kind: 'exit' }
    /** At the return to user mode, files whose last reference is gone are released. */
    | { readonly kind: 'release' }
);

/** A system call of which nothing is known but its name. */
export function plainCall(name: string): KernelWork {
    return { name, kind: KNOWN_CALLS.find((known) => known === name) ?? 'system call' };
}

/** Callbacks of handlers, of FLBs and of file kinds. */
export type CallbackName =
    | 'can_preserve'
    | 'get_id'
    | 'preserve'
    | 'unpreserve'
    | 'freeze'
    | 'unfreeze'
    | 'retrieve'
    | 'can_finish'
    | 'finish'
    | 'open'
    | 'release';

/** A callback that is called, or an `init` block that is run. */
export type CallbackCall = {
    /** `memfd.freeze` */
    readonly name: string;
} & (
    | {
          readonly kind: 'handler';
          readonly callback: CallbackName;
          readonly handler: LuoHandler;
          /** Null where it is asked about an open file: can_preserve(), get_id(). */
          readonly args: LuoArgs | null;
      }
    | { readonly kind: 'flb'; readonly callback: CallbackName; readonly flb: LuoFlb }
    | { readonly kind: 'file'; readonly callback: CallbackName; readonly file: OpenFile }
    | { readonly kind: 'init'; readonly callback: 'init' }
);

/** Callbacks that are `void` in include/linux/liveupdate.h: nobody looks at what becomes of them. */
const VOID: readonly CallbackName[] = ['unpreserve', 'unfreeze', 'finish'];

export function givesNothing(call: CallbackCall): boolean {
    return (call.kind === 'handler' || call.kind === 'flb') && VOID.includes(call.callback);
}

export type Purpose = KernelWork | CallbackCall;

export function isCallback(purpose: Purpose | null): purpose is CallbackCall {
    return purpose !== null && 'callback' in purpose;
}

/** What kernel code works on, as it says itself. */
export interface Subject {
    readonly session: LuoSession;
    /** Of the file in the session; null: on none in particular. */
    readonly token: Int | null;
}
