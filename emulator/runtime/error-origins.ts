/** The origin in the kernel of the error with which a system call fails. */
import type { Err } from '../kernel/release/errno';
import { type Journal, JournaledRecord } from '../machine/journal';
import { callStack, type StackEntry } from './call-stack';
import type { Thread } from './code';
import type { Host } from './host/host';
import type { Listener, Observer } from './listener';
import type { RunException } from './stop';

export interface ErrorOrigin {
    /** `luo_session_find returns -ENOENT` */
    readonly message: string;
    /** The call stack at the origin, the innermost frame first. */
    readonly stack: readonly Pick<StackEntry, 'label' | 'place'>[];
}

/** The first failing call in the current system call of a thread. */
interface Failing {
    readonly thread: Thread;
    readonly error: Err;
    readonly origin: ErrorOrigin;
}

class State extends JournaledRecord {
    readonly failing: readonly Failing[] = [];
    /** The last failure that a process or the scenario has seen. */
    readonly last: { readonly error: Err; readonly origin: ErrorOrigin | null } | null = null;
}

/** An observer, so that its state fits the position after going back. */
export class ErrorOrigins implements Observer {
    private readonly state: State;
    private readonly journal: Journal;
    readonly listener: Listener;

    constructor(private readonly host: Host) {
        this.journal = host.machine.journal;
        this.state = new State(this.journal);
        this.listener = {
            kernelEntered: ({ kind }) => {
                // releases on the way back belong to the call before
                if (kind !== 'release' && kind !== 'exit') {
                    this.forget(this.current);
                }
            },
            jumped: () => {
                this.journal.edit(this.state).failing = [];
            },
            failed: (what, error, frame) => {
                if (frame.mode === 'kernel') {
                    this.comesUp(error, `${what} fails with ${error.name}`);
                    return;
                }
                const found = this.failingOf(this.current);
                const origin = found?.error.name === error.name ? found.origin : null;
                this.journal.edit(this.state).last = { error, origin };
                this.forget(this.current);
            },
            refused: (error) => this.comesUp(error, `returns -${error.name}`),
        };
    }

    /** Adds it to a run that has not begun. */
    static observe(host: Host): ErrorOrigins {
        const origins = new ErrorOrigins(host);
        host.listeners.observe(origins);
        return origins;
    }

    /** The origin of the error that has failed the run; null if it comes from outside the kernel, or there is none. */
    of({ error }: RunException): ErrorOrigin | null {
        const { last } = this.state;
        return error && last?.error.name === error.name ? last.origin : null;
    }

    private get current(): Thread {
        return this.host.interpreter.current;
    }

    private failingOf(thread: Thread): Failing | undefined {
        return this.state.failing.find((f) => f.thread === thread);
    }

    private forget(thread: Thread): void {
        if (this.failingOf(thread)) {
            this.journal.edit(this.state).failing = this.state.failing.filter((f) => f.thread !== thread);
        }
    }

    private comesUp(error: Err, message: string): void {
        const thread = this.current;
        if (this.failingOf(thread)?.error.name !== error.name) {
            const stack = callStack(thread).map(({ label, place }) => ({ label, place }));
            const origin = { message, stack };
            const others = this.state.failing.filter((f) => f.thread !== thread);
            this.journal.edit(this.state).failing = [...others, { thread, error, origin }];
        }
    }
}
