/**
 * Linked code, and the threads of frames that execute it. A frame is plain data: its code, its position, its values.
 * Between two operations, a run has nothing on the JavaScript stack, so it can be copied at any of them.
 */
import type { Err } from '../kernel/release/errno';
import type { OpenFile } from '../kernel/fs/file';
import type { Lock, LockMode } from '../kernel/lock';
import type { Place } from '../findings/place';
import type { Type, Value } from '../language/types';
import type { CodeShape, StatementPoint } from './form/form';
import type { Purpose, Subject } from './purpose';

/** Executes one operation and returns the position of the next one in the same frame, or {@link SWITCH}. */
export type Op = (frame: Frame) => number;

/**
 * Returned by an operation after which the topmost frame may have changed, or the run stops. `frame.pc` is the position
 * to continue at.
 */
export const SWITCH = -1;

/** Computes a value without calling anything that may suspend. */
export type Eval = (frame: Frame) => Value;

/** Whether code runs at scenario level, in a process, or in the kernel. */
export type Mode = 'scenario' | 'user' | 'kernel';

export interface Code extends CodeShape {
    /** What runs: the operations, some of them replaced by traps or by generated code. */
    readonly ops: Op[];
    /** The operations as linked. */
    readonly pristine: readonly Op[];
    /** What is executed in place of operations: traps of breakpoints, and of coverage. */
    readonly traps: Map<number, Op>;
    /** What the call stack shows instead of the name; empty if it shows the name. */
    readonly label: readonly Eval[];
    /** Code is generated for its loops (./generate); null for code for which none is generated. */
    hot: { trapsChanged(): void } | null;
}

/** Executes `trap` in place of an operation. */
export function setTrap(code: Code, pc: number, trap: Op): void {
    code.traps.set(pc, trap);
    code.ops[pc] = trap;
    code.hot?.trapsChanged();
}

/** Executes the operation again. */
export function clearTrap(code: Code, pc: number): void {
    const op = code.pristine[pc];
    if (op && code.traps.delete(pc)) {
        code.ops[pc] = op;
        code.hot?.trapsChanged();
    }
}

/** The operations of code without generated code: one closure, or trap, for each. */
export function opsOneByOne({ pristine, traps }: Code): readonly Op[] {
    return traps.size === 0 ? pristine : pristine.map((op, pc) => traps.get(pc) ?? op);
}

/** Code that belongs to no file: for trial calls, and code without operations. */
export function codeOutsideFiles(ops: Op[], slots: number): Code {
    return {
        name: 'expression',
        kind: 'fn',
        uri: '',
        span: { start: 0, end: 0 },
        ops,
        pristine: ops,
        traps: new Map(),
        statements: [],
        statementAt: ops.map(() => -1),
        begins: ops.map(() => false),
        finallyAt: -1,
        slots,
        params: [],
        locals: [],
        label: [],
        hot: null,
    };
}

/** An `undo` block that waits for a failure, with the loop variables it saw. */
export interface PendingUndo {
    readonly pc: number;
    readonly captured: readonly { readonly slot: number; readonly value: Value }[];
}

/** What the statement of a call accepts: `fails`, `may fail`, `try`. */
export interface Acceptance {
    /** The expectation of `fails`, for a call in the function that does not return; null: it may succeed. */
    readonly mustFail: string | null;
}

const NO_GUARDS: readonly Lock[] = [];

export class Frame {
    pc = 0;
    /** Newest last. */
    undos: PendingUndo[] = [];
    /** Set while undo blocks run. */
    failing: Err | null = null;
    /**
     * Locks that are released when this frame ends (guard() of include/linux/cleanup.h); the latest is last.
     */
    guards: readonly Lock[] = NO_GUARDS;
    /** Why it was pushed; null for kernel code that kernel code has called, and for other code. */
    purpose: Purpose | null = null;
    /** What its code has declared to work on. */
    subject: Subject | null = null;
    /**
     * Set if the statement that has called it accepts a failure: the function ends with the error of a call in it.
     */
    accepts: Acceptance | null = null;
    /** It has waited in the operation before which it is, and executes it once more: it has not just reached it. */
    again = false;

    /** @param born the position of the run at which it begins, in its own time */
    constructor(
        readonly code: Code,
        readonly mode: Mode,
        readonly born: number,
        public slots: Value[],
        /** The slot of the caller for the result; −1 if it is discarded. */
        readonly resultSlot: number,
        /** The file whose callback this is, for file kinds. */
        readonly self: OpenFile | null = null,
        /** The thread that waits for this frame to end (a process block's scenario), if it is not the frame below. */
        readonly waiter: Thread | null = null,
    ) {}

    /** A frame at the beginning of code, with its own slots; its result is discarded. */
    static of(code: Code, mode: Mode, born: number, waiter: Thread | null = null): Frame {
        return new Frame(code, mode, born, new Array<Value>(code.slots).fill(undefined), -1, null, waiter);
    }

    /** A copy that shares no mutable state; with `slotsOf`, frames that share slots still share them in the copy. */
    clone(slotsOf: (slots: Value[]) => Value[]): Frame {
        const { code, mode, born, slots, resultSlot, self, waiter } = this;
        const f = new Frame(code, mode, born, slotsOf(slots), resultSlot, self, waiter);
        f.standAs(this);
        f.purpose = this.purpose;
        f.subject = this.subject;
        f.accepts = this.accepts;
        return f;
    }

    /** Restores the state of a copy; frames that share slots still share them. */
    become(copy: Frame): void {
        this.standAs(copy);
        this.slots.splice(0, this.slots.length, ...copy.slots);
    }

    private standAs(other: Frame): void {
        this.pc = other.pc;
        this.undos = other.undos.slice();
        this.failing = other.failing;
        this.guards = other.guards;
        this.again = other.again;
    }
}

/** The values of a frame that begins: its parameters are set. */
export function slotsWith(code: Code, args: readonly Value[]): Value[] {
    const slots = new Array<Value>(code.slots).fill(undefined);
    for (let i = 0; i < args.length; i++) {
        slots[i] = args[i];
    }
    return slots;
}

/** A lock of the kernel that a thread waits for. Nanoseconds. */
export interface LockWait {
    readonly kind: 'lock';
    readonly lock: Lock;
    readonly mode: LockMode;
    readonly since: number;
}

/** What a blocked thread waits for. */
export type Waiting =
    | { readonly kind: 'thread'; readonly thread: Thread }
    /** The blocks of a `concurrently`. */
    | { readonly kind: 'blocks' }
    | LockWait
    /**
     * A time of the machine's clock, in nanoseconds. `inNative`: the thread continues after a native, not with a
     * statement.
     */
    | { readonly kind: 'sleep'; readonly until: number; readonly inNative?: true };

/** The state of a thread in a checkpoint, besides its frames. */
export interface ThreadState {
    readonly waiting: Waiting | null;
    readonly locks: readonly Lock[];
}

/**
 * A stack of frames. Frames are not journaled: a checkpoint copies the stacks. Ids are never reused, not even by later
 * kernels.
 */
export class Thread {
    frames: Frame[] = [];
    waiting: Waiting | null = null;
    /** The kernel's locks that it holds, the latest last. */
    locks: readonly Lock[] = [];

    constructor(
        readonly id: number,
        readonly name: string,
    ) {}

    get top(): Frame | undefined {
        return this.frames[this.frames.length - 1];
    }

    get state(): ThreadState {
        return { waiting: this.waiting, locks: this.locks };
    }

    set state({ waiting, locks }: ThreadState) {
        this.waiting = waiting;
        this.locks = locks;
    }
}

/** The nearest frame whose call accepts a failure, below code of functions and of their process blocks only. */
export function acceptingFrame(thread: Thread): { readonly thread: Thread; readonly frame: Frame } | null {
    for (const frame of thread.frames.toReversed()) {
        if (frame.mode === 'kernel' || frame.code.kind !== 'fn' || frame.code.uri === '') {
            return null;
        }
        if (frame.accepts) {
            return { thread, frame };
        }
    }
    const waiter = thread.frames[0]?.waiter;
    return waiter?.waiting?.kind === 'thread' && waiter.waiting.thread === thread ? acceptingFrame(waiter) : null;
}

/** The call depth of a thread, including the threads that wait for it; process blocks do not count. */
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

/** The statement of the frame (`calling`: it waits in a call, so its position is after the call). */
export function statementOf(frame: Frame, calling: boolean): StatementPoint | undefined {
    const pc = calling ? Math.max(frame.pc - 1, 0) : frame.pc;
    return frame.code.statements[frame.code.statementAt[pc] ?? -1];
}

/** The place of a frame; `calling` for the frames below the topmost. */
export function placeOf(frame: Frame, calling = false): Place | undefined {
    return placeIn(frame.code, calling ? Math.max(frame.pc - 1, 0) : frame.pc);
}

/** Where an operation of some code is. */
export function placeIn(code: Code, pc: number): Place | undefined {
    const s = code.statements[code.statementAt[pc] ?? -1];
    return s && { uri: code.uri, start: s.span.start, end: s.span.end };
}

export interface VisibleVar {
    readonly name: string;
    readonly type: Type;
    readonly slot: number;
}

/**
 * The local variables that are visible at an offset of the text and are set; of several with the same name, the
 * innermost.
 */
export function visibleLocals(frame: Frame, offset: number): VisibleVar[] {
    const byName = new Map<string, VisibleVar>();
    for (const v of frame.code.locals) {
        if (v.scope.start <= offset && offset <= v.scope.end && frame.slots[v.slot] !== undefined) {
            byName.set(v.name, { name: v.name, type: v.type, slot: v.slot });
        }
    }
    return [...byName.values()];
}
