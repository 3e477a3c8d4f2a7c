/**
 * The intermediate form of code: what the compiler makes of a function, a callback or a scenario, as data. Operations
 * are numbered from 0; each says what it does, which slots and targets it has, and which functions and natives it
 * means, by name. Closures are made from them before a run ({@link ../link/code}), and they can be printed ({@link
 * ./print}).
 *
 * Expressions are trees that run to their end at once. What may suspend (a call that fails or waits) is an operation of
 * its own, whose result is in a slot afterwards.
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

/** What is known of code besides what it does. */
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
    /** How many values a frame has: parameters, variables, and values between two operations. */
    readonly slots: number;
    readonly params: readonly string[];
    readonly locals: readonly LocalVar[];
}

export interface CodeForm extends CodeShape {
    readonly operations: readonly Operation[];
    /** What the call stack shows instead of the name; empty: nothing else. */
    readonly label: readonly Expression[];
}

/** The number of an operation, as a place to go on at. */
export type Target = number;
/** Where a value is in its frame. */
export type Slot = number;

// ---------------------------------------------------------------- expressions

export type Literal = number | bigint | boolean | string | null | undefined;

export type Expression =
    | { readonly k: 'literal'; readonly value: Literal }
    | { readonly k: 'slot'; readonly slot: Slot }
    /** A variable of a process. */
    | { readonly k: 'variable'; readonly process: string; readonly name: string }
    /** A field of the file whose callback this is; `index` among those of its kind. */
    | { readonly k: 'own-field'; readonly index: number; readonly name: string }
    /** What a name stands for that is declared, or that is there without being declared. */
    | {
          readonly k: 'process' | 'struct' | 'handler' | 'flb' | 'device' | 'global';
          readonly name: string;
      }
    /** A field of a struct in memory. */
    | { readonly k: 'struct-field'; readonly object: Expression; readonly struct: string; readonly field: string }
    /** A field of an object of the host, by its type and name: `luo_session.name`. */
    | { readonly k: 'native-field'; readonly object: Expression; readonly field: string }
    /** `.name` of a value whose type is known when it is there. */
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
          /** Its text, for messages; left out where nobody names it. */
          readonly span?: Span;
      }
    /** The right side is computed only where it decides. */
    | {
          readonly k: 'logical';
          readonly operator: '&&' | '||';
          readonly left: Expression;
          readonly right: Expression;
      }
    | { readonly k: 'list'; readonly items: readonly Expression[] }
    /** A file of a declared kind with these fields. */
    | {
          readonly k: 'new';
          readonly kind: string;
          readonly fields: readonly { readonly name: string; readonly value: Expression }[];
      };

/** What can be assigned. */
export type Assignable = Extract<
    Expression,
    { readonly k: 'slot' | 'variable' | 'own-field' | 'struct-field' | 'member' | 'element' }
>;

// ---------------------------------------------------------------- operations

/** What becomes of a call that fails. */
export type Policy =
    /** Kernel code fails with it; anything else ends the run. */
    | { readonly k: 'plain' }
    /** `try`: the negative error number is the value. */
    | { readonly k: 'try' }
    /** `fails E`: it must fail with one of these, and goes on at `end`. */
    | { readonly k: 'fails'; readonly errors: readonly string[]; readonly end: Target }
    /** `may fail E` */
    | { readonly k: 'may'; readonly errors: readonly string[]; readonly end: Target }
    /** `panics "…"`, `oopses "…"`: it does not return. */
    | { readonly k: 'panics' | 'oopses' };

/** A call: where its result goes, its text for messages, and what becomes of a failure. */
interface Calling {
    readonly slot: Slot;
    readonly span: Span;
    readonly policy: Policy;
}

export type Operation =
    // ---- values
    | { readonly op: 'set'; readonly slot: Slot; readonly value: Expression }
    | { readonly op: 'evaluate'; readonly value: Expression }
    | { readonly op: 'store'; readonly target: Assignable; readonly value: Expression }
    /** The left side of `&&` and `||`: goes on at `end` where it decides. */
    | {
          readonly op: 'decide';
          readonly slot: Slot;
          readonly operator: '&&' | '||';
          readonly value: Expression;
          readonly end: Target;
      }
    /** The right side, where the left one has not decided. */
    | { readonly op: 'decided'; readonly slot: Slot; readonly operator: '&&' | '||'; readonly value: Expression }

    // ---- control flow
    | { readonly op: 'nothing' }
    | { readonly op: 'jump'; readonly to: Target }
    | { readonly op: 'branch'; readonly condition: Expression; readonly otherwise: Target }
    /** Before the first round of a `for` over numbers: `index` is the last number, `last` where the range ends. */
    | {
          readonly op: 'range';
          readonly from: Expression;
          readonly to: Expression;
          readonly index: Slot;
          readonly last: Slot;
          readonly first: Target;
      }
    /** Before the first round of a `for` over a list, which is kept in `list`. */
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
     * The operation behind this one begins a block that runs where the function fails later on; it goes on at `end`.
     */
    | { readonly op: 'undo'; readonly captured: readonly Slot[]; readonly end: Target }
    | { readonly op: 'undone' }
    | { readonly op: 'assert'; readonly condition: Expression; readonly message?: Expression; readonly span: Span }
    /** `assert a == b`, which says what both sides are. */
    | {
          readonly op: 'assert-compared';
          readonly operator: Exclude<BinaryOp, '&&' | '||'>;
          readonly left: Expression;
          readonly right: Expression;
          readonly message?: Expression;
          /** Of the sides, for messages. */
          readonly type?: Type;
          readonly span: Span;
      }

    // ---- calls
    /** A function of the program; its result is looked at by the `result` behind it. */
    | { readonly op: 'call'; readonly fn: string; readonly args: readonly Expression[]; readonly slot: Slot }
    /**
     * A native that runs to its end at once, by its type and name. The receiver, if it has one, is the first argument.
     */
    | ({ readonly op: 'native'; readonly native: string; readonly args: readonly Expression[] } & Calling)
    /** A native that is a function of the standard library: a system call, where a process makes it. */
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
    /** A method of a value whose type is known when it is there. Arguments have names where they are given by name. */
    | {
          readonly op: 'method';
          readonly receiver: Slot;
          readonly method: string;
          readonly args: readonly { readonly name?: string; readonly value: Expression }[];
          readonly slot: Slot;
      }
    /** A call has returned: what becomes of its result. */
    | ({ readonly op: 'result' } & Calling)
    /** The next call must end in a panic whose message contains this. */
    | { readonly op: 'expect-panic'; readonly message: string }
    /** The same with an oops, in which the process ends. */
    | { readonly op: 'expect-oops'; readonly message: string }

    // ---- processes
    | { readonly op: 'start'; readonly processes: readonly string[] }
    /** The operations behind this one are a block of a process; the frame goes on at `end` when that is done. */
    | { readonly op: 'enter'; readonly process: string; readonly end: Target }
    /** Blocks that run at the same time. */
    | {
          readonly op: 'concurrently';
          readonly blocks: readonly { readonly process: string; readonly starts: boolean; readonly begin: Target }[];
          readonly end: Target;
      }
    /** `exit`: the process closes what it has open; then `exited`. */
    | { readonly op: 'exit' }
    | { readonly op: 'exited' }
    /** `kill`: the process closes what it has open; then `reap`. */
    | { readonly op: 'kill'; readonly process: string }
    | { readonly op: 'reap'; readonly process: string }
    | { readonly op: 'kill-later'; readonly process: string; readonly calls: Expression }
    /** `send fd to p`: under the name `as`. */
    | ({ readonly op: 'send'; readonly fd: Expression; readonly to: string; readonly as: string } & Calling)

    // ---- the host
    | { readonly op: 'boot'; readonly kernel: string; readonly cmdline: string; readonly image?: string }
    | {
          readonly op: 'inject';
          readonly target: string;
          /** Null: the answer no. */
          readonly error: string | null;
          readonly after?: Expression;
          readonly times?: Expression;
          readonly nextKernel: boolean;
      }
    /** The operations behind this one run at an event; it goes on at `end`. */
    | { readonly op: 'at'; readonly event: string; readonly end: Target }
    | { readonly op: 'corrupt'; readonly target: Assignable; readonly old: Expression; readonly mask: Expression }
    | { readonly op: 'cost'; readonly cost: string; readonly value: Expression }
    /** `sleep`: the moment at which it ends goes to a slot; then `sleep` until that. */
    | { readonly op: 'wake-at'; readonly slot: Slot; readonly duration: Expression }
    | { readonly op: 'sleep'; readonly until: Slot };
