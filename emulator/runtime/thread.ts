/** Threads: the scenario itself, the processes of the emulated host, and the kernel while it boots. */
import { Rec, Table, type Journal } from '../machine/journal';
import type { Lock, LockMode } from '../kernel/lock';
import type { Process } from '../kernel/fs/process';
import type { Frame } from './code';
import type { Value } from '../language/types';

/** A lock of the kernel that a thread waits for. Nanoseconds. */
export interface LockWait {
    readonly kind: 'lock';
    readonly lock: Lock;
    readonly mode: LockMode;
    readonly since: number;
}

/** What a thread that cannot go on waits for. */
export type Waiting =
    | { readonly kind: 'thread'; readonly thread: Thread }
    /** The blocks of a `concurrently`. */
    | { readonly kind: 'blocks' }
    | LockWait
    /** A moment of the machine's clock, in nanoseconds. `inNative`: it goes on behind the native that waits, not with a statement. */
    | { readonly kind: 'sleep'; readonly until: number; readonly inNative?: true };

/** What a checkpoint keeps of a thread besides its frames. */
export interface ThreadState {
    readonly waiting: Waiting | null;
    readonly locks: readonly Lock[];
    readonly killed: boolean;
    readonly rebootMustFail: string | null;
}

/**
 * A stack of frames. Frames are not journaled: a checkpoint copies the stacks. Ids are never used again, not across kernels.
 */
export class Thread {
    frames: Frame[] = [];
    waiting: Waiting | null = null;
    /** The kernel's locks that it holds, the latest last. */
    locks: readonly Lock[] = [];
    /** SIGKILL waits for its return to user mode. */
    killed = false;
    /** Why its reboot must not succeed: the call that the scenario says fails. */
    rebootMustFail: string | null = null;

    constructor(
        readonly id: number,
        readonly name: string,
        /** The process whose main thread this is; null for the scenario and for a booting kernel. */
        readonly user: UserProcess | null,
    ) {}

    get top(): Frame | undefined {
        return this.frames[this.frames.length - 1];
    }

    get state(): ThreadState {
        return { waiting: this.waiting, locks: this.locks, killed: this.killed, rebootMustFail: this.rebootMustFail };
    }

    set state({ waiting, locks, killed, rebootMustFail }: ThreadState) {
        this.waiting = waiting;
        this.locks = locks;
        this.killed = killed;
        this.rebootMustFail = rebootMustFail;
    }
}

/** A process as the scenario knows it: by name, with the variables of its blocks. */
export class UserProcess extends Rec {
    readonly vars: Table<string, Value>;
    /** How many system calls it still makes before it is killed; −1: nobody has said so. */
    readonly callsLeft: number = -1;
    readonly thread: Thread;

    constructor(
        journal: Journal,
        readonly name: string,
        readonly process: Process,
        threadId: number,
    ) {
        super(journal);
        this.vars = new Table(journal);
        this.thread = new Thread(threadId, name, this);
    }

    display(): string {
        return `process ${this.name} (pid ${this.process.pid})`;
    }
}

/** How many functions deep a thread is, counting the threads that wait for it; process blocks do not count. */
export function depthOf(thread: Thread): number {
    let n = 0;
    for (let t: Thread | null = thread; t; ) {
        let waiter: Thread | null = null;
        for (const f of t.frames) {
            if (f.waiter) {
                waiter = f.waiter;
            }
            n += f.waiter && f.code.kind === 'scenario' ? 0 : 1;
        }
        t = waiter;
    }
    return n;
}
