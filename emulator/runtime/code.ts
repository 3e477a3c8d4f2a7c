/**
 * Compiled code and the frames that execute it. A frame is plain data: which code, which position, which values. Nothing of a
 * run lives on the JavaScript stack between two operations, so it can be copied at any of them.
 */
import type { Err } from '../kernel/release/errno';
import type { OpenFile } from '../kernel/fs/file';
import type { Lock } from '../kernel/lock';
import type { Span } from '../language/syntax/ast';
import type { LocalVar } from '../language/program';
import type { Type, Value } from '../language/types';
import type { Purpose, Subject } from './purpose';
import type { Thread } from './thread';
import type { Vm } from './interpreter';

/** Executes one operation and returns the position of the next one in the same frame, or {@link SWITCH}. */
export type Op = (frame: Frame, vm: Vm) => number;

/** Returned by an operation after which the topmost frame may be another one, or the run stops. `frame.pc` says where to go on. */
export const SWITCH = -1;

/** Computes a value without calling anything that may suspend. */
export type Eval = (frame: Frame, vm: Vm) => Value;

/** Whether code runs at scenario level, in a process, or in the kernel. */
export type Mode = 'scenario' | 'user' | 'kernel';

/** A place to stop: the operation at `pc` begins the statement at `span`. */
export interface StatementPoint {
    readonly pc: number;
    readonly span: Span;
}

export interface Code {
    /** `memfd.freeze`, `luo_session_freeze`, `scenario "…"`. */
    readonly name: string;
    readonly kind: 'fn' | 'handler' | 'flb' | 'file' | 'scenario' | 'init' | 'hook';
    readonly uri: string;
    readonly span: Span;
    /** With breakpoint traps in place of the operations they stop before. */
    readonly ops: Op[];
    /** The operations as compiled. */
    readonly pristine: readonly Op[];
    /** By rising pc. */
    readonly statements: readonly StatementPoint[];
    /** `statementAt[pc]` is the index in `statements` of the statement that the operation belongs to, −1 before the first. */
    readonly statementAt: readonly number[];
    /** True at the pcs that begin a statement. */
    readonly begins: readonly boolean[];
    readonly slots: number;
    readonly params: readonly string[];
    readonly locals: readonly LocalVar[];
    /** What the call stack shows instead of the name. */
    readonly label?: readonly Eval[];
}

/** An `undo` block that waits for a failure, with the loop variables it saw. */
export interface PendingUndo {
    readonly pc: number;
    readonly captured: readonly { readonly slot: number; readonly value: Value }[];
}

const NO_GUARDS: readonly Lock[] = [];

export class Frame {
    pc = 0;
    /** Newest last. */
    undos: PendingUndo[] = [];
    /** Set while undo blocks run. */
    failing: Err | null = null;
    /** Locks that are given up when this frame ends, however it does (guard() of include/linux/cleanup.h); the latest last. */
    guards: readonly Lock[] = NO_GUARDS;
    /** Why it was begun; null: kernel code has called kernel code, or it is no kernel code. */
    purpose: Purpose | null = null;
    /** What its code works on, where it has said so. */
    subject: Subject | null = null;

    constructor(
        readonly code: Code,
        readonly mode: Mode,
        public slots: Value[],
        /** Where in the caller's slots the result goes; −1: nowhere. */
        readonly resultSlot: number,
        /** The file whose callback this is, for file kinds. */
        readonly self: OpenFile | null = null,
        /** The thread that waits for this frame to end (a process block's scenario), if it is not the frame below. */
        readonly waiter: Thread | null = null,
    ) {}

    /** A copy that shares nothing that changes; `slotsOf` keeps slots shared that were shared. */
    clone(slotsOf: (slots: Value[]) => Value[]): Frame {
        const f = new Frame(this.code, this.mode, slotsOf(this.slots), this.resultSlot, this.self, this.waiter);
        f.pc = this.pc;
        f.undos = this.undos.slice();
        f.failing = this.failing;
        f.guards = this.guards;
        f.purpose = this.purpose;
        f.subject = this.subject;
        return f;
    }
}

/** The statement that the frame is in (`calling`: it waits in a call, so its position is behind the call). */
export function statementOf(frame: Frame, calling: boolean): StatementPoint | undefined {
    const pc = calling ? Math.max(frame.pc - 1, 0) : frame.pc;
    return frame.code.statements[frame.code.statementAt[pc] ?? -1];
}

export interface VisibleVar {
    readonly name: string;
    readonly type: Type;
    readonly slot: number;
}

/** The local variables that can be seen at an offset of the text and have been set, innermost declaration of a name last wins. */
export function visibleLocals(frame: Frame, offset: number): VisibleVar[] {
    const byName = new Map<string, VisibleVar>();
    for (const v of frame.code.locals) {
        if (v.scope.start <= offset && offset <= v.scope.end && frame.slots[v.slot] !== undefined) {
            byName.set(v.name, { name: v.name, type: v.type, slot: v.slot });
        }
    }
    return [...byName.values()];
}
