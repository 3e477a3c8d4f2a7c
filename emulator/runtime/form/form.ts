/**
 * The intermediate form of code: the compiler's output for a function, a callback or a scenario, as data. Operations
 * are numbered from 0. An operation has slots and targets, and refers to functions and natives by name. Closures are
 * made from operations before a run (../link), and operations can be printed ({@link ./print}).
 *
 * Expressions are trees that are evaluated without interruption. A call that may suspend (because it can fail or wait)
 * is an operation of its own, which leaves its result in a slot.
 */
import type { CallbackName } from '../purpose';
import type { LocalVar } from '../../language/program';
import type { BinaryOp, Span, UnaryExpr } from '../../language/syntax/ast';
import type { Type } from '../../language/types';

/** A place to stop: the operation at `pc` begins the statement at `span`. */
export interface StatementPoint {
    readonly pc: number;
    readonly span: Span;
}

/** The properties of code besides its operations. */
export interface CodeShape {
    /** `memfd.freeze`, `luo_session_freeze`, `scenario "…"`. */
    readonly name: string;
    readonly kind: 'fn' | 'handler' | 'flb' | 'file' | 'scenario' | 'init';
    readonly uri: string;
    readonly span: Span;
    /** By rising pc. */
    readonly statements: readonly StatementPoint[];
    /**
     * `statementAt[pc]` is the index in `statements` of the statement that the operation belongs to, −1 before the
     * first.
     */
    readonly statementAt: readonly number[];
    /** True at the pcs that begin a statement. */
    readonly begins: readonly boolean[];
    /** The operation that runs the `finally` blocks of a scenario; −1 in other code. */
    readonly finallyAt: number;
    /** The number of values in a frame: parameters, variables and intermediate values. */
    readonly slots: number;
    readonly params: readonly string[];
    readonly locals: readonly LocalVar[];
}

export interface CodeForm extends CodeShape {
    readonly operations: readonly Operation[];
    /** What the call stack shows instead of the name; empty: nothing else. */
    readonly label: readonly Expression[];
}

/** The number of an operation, as a target. */
export type Target = number;
/** The index of a value in its frame. */
export type Slot = number;

// ---------------------------------------------------------------- expressions

export type Literal = number | bigint | boolean | string | null | undefined;

/** A process, or with an index one of an array. */
export interface ProcessName {
    readonly name: string;
    readonly index?: Expression;
}

interface NamedValue {
    readonly name: string;
    readonly value: Expression;
}

export type Expression =
    | { readonly k: 'literal'; readonly value: Literal }
    | { readonly k: 'slot'; readonly slot: Slot }
    /**
     * A variable of a process. Without an index, that of an array belongs to the process in whose block the code is.
     */
    | { readonly k: 'variable'; readonly process: string; readonly index?: Expression; readonly name: string }
    /** A field of the file whose callback this is; `index` among those of its kind. */
    | { readonly k: 'own-field'; readonly index: number; readonly name: string }
    /** The value of a declared or predefined name. */
    | ({ readonly k: 'process' } & ProcessName)
    | {
          readonly k: 'struct' | 'handler' | 'flb' | 'device' | 'global';
          readonly name: string;
      }
    /** A field of a struct in memory. */
    | { readonly k: 'struct-field'; readonly object: Expression; readonly struct: string; readonly field: string }
    /** A field of an object of the host, by its type and name: `luo_session.name`. */
    | { readonly k: 'native-field'; readonly object: Expression; readonly field: string }
    /** `.name` of a value whose type is known only at run time. */
    | { readonly k: 'member'; readonly object: Expression; readonly name: string }
    | { readonly k: 'element'; readonly object: Expression; readonly index: Expression }
    /** A native that neither fails nor waits. Its receiver, if it has one, is the first argument. */
    | { readonly k: 'native'; readonly native: string; readonly args: readonly Expression[] }
    | { readonly k: 'unary'; readonly operator: UnaryExpr['op']; readonly operand: Expression }
    | {
          readonly k: 'binary';
          readonly operator: Exclude<BinaryOp, '&&' | '||'>;
          readonly left: Expression;
          readonly right: Expression;
          /** Its text for messages; left out if no message uses it. */
          readonly span?: Span;
      }
    /** The right side is computed only if it decides the result. */
    | {
          readonly k: 'logical';
          readonly operator: '&&' | '||';
          readonly left: Expression;
          readonly right: Expression;
      }
    | { readonly k: 'list'; readonly items: readonly Expression[] }
    | { readonly k: 'record'; readonly fields: readonly NamedValue[] }
    /** A file of a declared kind with these fields. */
    | {
          readonly k: 'new';
          readonly kind: string;
          readonly fields: readonly NamedValue[];
      };

/** The target of an assignment. */
export type Assignable = Extract<
    Expression,
    { readonly k: 'slot' | 'variable' | 'own-field' | 'struct-field' | 'member' | 'element' }
>;

// ---------------------------------------------------------------- operations

/** What happens if a call fails. */
export type Policy =
    /** Kernel code fails with the error; in other code the run ends. */
    | { readonly k: 'plain' }
    /** `try`: the result is the negative error number. */
    | { readonly k: 'try' }
    /** `fails E`: it must fail with one of these, and the code continues at `end`. */
    | { readonly k: 'fails'; readonly errors: readonly string[]; readonly end: Target }
    /** `may fail E` */
    | { readonly k: 'may'; readonly errors: readonly string[]; readonly end: Target }
    /** `panics "…"`, `oopses "…"`: it does not return. */
    | { readonly k: 'panics' | 'oopses' };

/** A condition of an assertion; the message of a failed comparison has the values of both sides. */
export type Claim = { readonly span: Span } & (
    | { readonly k: 'true'; readonly value: Expression }
    | {
          readonly k: 'compared';
          readonly operator: Exclude<BinaryOp, '&&' | '||'>;
          readonly left: Expression;
          readonly right: Expression;
          /** The type of the sides, for messages. */
          readonly type?: Type;
      }
);

/** A call: the slot of its result, its text for messages, and what happens on a failure. */
interface Calling {
    readonly slot: Slot;
    readonly span: Span;
    readonly policy: Policy;
}

/** A process block of a `concurrently`. */
export interface ConcurrentBlock {
    readonly process: ProcessName;
    /** It starts its process. */
    readonly starts: boolean;
    readonly begin: Target;
    /** It runs once for each element, with its own copy of the variables. */
    readonly each?: {
        readonly variable: Slot;
        /** A list, or the bounds of a range. */
        readonly over: Expression | { readonly k: 'range'; readonly from: Expression; readonly to: Expression };
    };
}

export type Operation =
    // ---- values
    | { readonly op: 'set'; readonly slot: Slot; readonly value: Expression }
    | { readonly op: 'evaluate'; readonly value: Expression }
    | { readonly op: 'store'; readonly target: Assignable; readonly value: Expression }
    /** The left side of `&&` and `||`: continues at `end` if it decides the result. */
    | {
          readonly op: 'decide';
          readonly slot: Slot;
          readonly operator: '&&' | '||';
          readonly value: Expression;
          readonly end: Target;
      }
    /** The right side, if the left one has not decided the result. */
    | { readonly op: 'decided'; readonly slot: Slot; readonly operator: '&&' | '||'; readonly value: Expression }

    // ---- control flow
    | { readonly op: 'nothing' }
    | { readonly op: 'jump'; readonly to: Target }
    | { readonly op: 'branch'; readonly condition: Expression; readonly otherwise: Target }
    /**
     * Before the first iteration of a `for` over numbers: `index` is the previous number, `last` the end of the range.
     */
    | {
          readonly op: 'range';
          readonly from: Expression;
          readonly to: Expression;
          readonly index: Slot;
          readonly last: Slot;
          readonly first: Target;
      }
    /** Before the first iteration of a `for` over a list, which is kept in `list`. */
    | {
          readonly op: 'each';
          readonly iterable: Expression;
          readonly index: Slot;
          readonly list: Slot;
          readonly first: Target;
      }
    | {
          readonly op: 'next-number';
          readonly index: Slot;
          readonly last: Slot;
          readonly variable: Slot;
          readonly round: Target;
          readonly end: Target;
      }
    | {
          readonly op: 'next-element';
          readonly index: Slot;
          readonly list: Slot;
          readonly variable: Slot;
          readonly round: Target;
          readonly end: Target;
      }
    | { readonly op: 'return'; readonly value: Expression }
    /** The end of the code, of a block on another thread, or of a hook. */
    | { readonly op: 'end'; readonly value: Literal }
    /**
     * The next operation begins a block that runs if the function fails later; the code continues at `end`.
     */
    | { readonly op: 'undo'; readonly captured: readonly Slot[]; readonly end: Target }
    | { readonly op: 'undone' }
    /** Stops the run unless one of the claims is true. */
    | {
          readonly op: 'assert';
          /** Several are the sides of `||`. */
          readonly claims: readonly Claim[];
          readonly message?: Expression;
          /** The whole condition; `assert a && b` is an operation for each side. */
          readonly span: Span;
      }

    // ---- calls
    /** A function of the program; the `result` operation after it handles its result. */
    | ({ readonly op: 'call'; readonly fn: string; readonly args: readonly Expression[] } & Calling)
    /**
     * A native that runs without interruption, by its type and name. The receiver, if any, is the first argument.
     */
    | ({ readonly op: 'native'; readonly native: string; readonly args: readonly Expression[] } & Calling)
    /** A native that is a function of the standard library: a system call if a process calls it. */
    | ({
          readonly op: 'kernel';
          readonly native: string;
          readonly fn: string;
          readonly args: readonly Expression[];
      } & Calling)
    /** A callback of the first argument. */
    | {
          readonly op: 'callback';
          readonly callback: CallbackName;
          readonly args: readonly Expression[];
          readonly slot: Slot;
      }
    /** A method of a value whose type is known only at run time. Named arguments have names. */
    | ({
          readonly op: 'method';
          readonly receiver: Expression;
          readonly method: string;
          readonly args: readonly { readonly name?: string; readonly value: Expression }[];
      } & Calling)
    /** A call has returned: handles its result. */
    | ({ readonly op: 'result' } & Calling)
    /** The next call must panic with a message that contains this. */
    | { readonly op: 'expect-panic'; readonly message: string }
    /** The same with an oops, in which the process ends. */
    | { readonly op: 'expect-oops'; readonly message: string }

    // ---- processes
    /** Starts a process, or with a count an array. */
    | {
          readonly op: 'start';
          readonly processes: readonly { readonly name: string; readonly count?: Expression }[];
      }
    /** The following operations are a process block; the frame continues at `end` after it. */
    | { readonly op: 'enter'; readonly process: ProcessName; readonly end: Target }
    /** Blocks that run concurrently. */
    | {
          readonly op: 'concurrently';
          readonly blocks: readonly ConcurrentBlock[];
          readonly end: Target;
      }
    /** `exit`: the process closes its files; then `exited`. */
    | { readonly op: 'exit' }
    | { readonly op: 'exited' }
    /** `kill`: the process closes its files; then `reap`. */
    | { readonly op: 'kill'; readonly process: ProcessName }
    | { readonly op: 'reap'; readonly process: ProcessName }
    | { readonly op: 'kill-later'; readonly process: ProcessName; readonly calls: Expression }
    /** `send fd to p`, into the variable `as`. */
    | ({ readonly op: 'send'; readonly fd: Expression; readonly to: ProcessName; readonly as: string } & Calling)

    // ---- the host
    | { readonly op: 'boot'; readonly kernel: string; readonly cmdline: string; readonly image?: string }
    | {
          readonly op: 'inject';
          readonly target: string;
          /** Null for `no`. */
          readonly error: string | null;
          readonly after?: Expression;
          readonly times?: Expression;
          readonly nextKernel: boolean;
      }
    /** Runs the `finally` blocks, in their order. */
    | { readonly op: 'finally' }
    /** The following operations run at an event; the code continues at `end`. */
    | { readonly op: 'at'; readonly event: string; readonly end: Target }
    | { readonly op: 'corrupt'; readonly target: Assignable; readonly old: Expression; readonly mask: Expression }
    | { readonly op: 'cost'; readonly cost: string; readonly value: Expression }
    /** `sleep`: stores the end time in a slot; then `sleep` until that time. */
    | { readonly op: 'wake-at'; readonly slot: Slot; readonly duration: Expression }
    | { readonly op: 'sleep'; readonly until: Slot };
