/** Why kernel code runs and what it works on, for observers. */
import type { OpenFile } from '../kernel/fs/file';
import type { LuoArgs, LuoFlb, LuoHandler, LuoSession } from '../kernel/luo/state';
import type { Int } from '../machine/int';

/** System calls that observers distinguish, without further details. */
const KNOWN_CALLS = ['reboot', 'execve', 'kexec_load', 'kexec_file_load', 'add_seals'] as const;

/** A system call, with the details that observers need. */
export type SystemCall =
    | { readonly kind: 'open'; readonly path: string }
    | { readonly kind: 'create_session' | 'retrieve_session'; readonly session: string }
    /** `session`: null if the descriptor is not that of a session. */
    | { readonly kind: 'preserve_fd' | 'retrieve_fd'; readonly session: LuoSession | null; readonly token: Int }
    | { readonly kind: 'finish'; readonly session: LuoSession | null }
    | { readonly kind: (typeof KNOWN_CALLS)[number] }
    | { readonly kind: 'system call' };

/**
 * The work of the kernel from its entry to its return: a system call, or other work for a process or for itself.
 */
export type KernelWork = {
    /** Its name for people: `create_session`, `do_exit`. */
    readonly name: string;
} & (
    | SystemCall
    /** The kernel boots. */
    | { readonly kind: 'boot' }
    /** A process ends: its files are closed. */
    | { readonly kind: 'exit' }
    /** At the return to user mode, files whose last reference was dropped are released. */
    | { readonly kind: 'release' }
);

/** A system call of which only the name is known. */
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
          /** Null for calls about an open file: can_preserve(), get_id(). */
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

/** What kernel code has declared to work on. */
export interface Subject {
    readonly session: LuoSession;
    /** The token of the file in the session; null if it is not about a certain file. */
    readonly token: Int | null;
}
