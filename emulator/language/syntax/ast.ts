/**
 * The syntax tree of a `.lus` file. Positions are offsets into the text (UTF-16 code units), end exclusive.
 * The parser always returns a tree: what it cannot read becomes an {@link ErrorExpr} or is left out, with a finding.
 */

export interface Span {
    readonly start: number;
    readonly end: number;
}

export interface Ident extends Span {
    readonly kind: 'ident';
    readonly name: string;
}

// ---------------------------------------------------------------- files and declarations

export interface SourceFile extends Span {
    readonly uri: string;
    readonly text: string;
    readonly items: readonly Item[];
    /** Comments in order; doc comments of a declaration are those that end on the line before it. */
    readonly comments: readonly Span[];
}

export type Item =
    | ImportDecl
    | ConstDecl
    | MachineDecl
    | ScenarioDecl
    | StructDecl
    | FileDecl
    | FlbDecl
    | HandlerDecl
    | KernelDecl
    | FnDecl;

/** `import "nic.lus"`, or of a program that ships with the emulator, `import <luod>`. */
export interface ImportDecl extends Span {
    readonly kind: 'import';
    readonly path: StringLit;
    readonly shipped: boolean;
}
export interface ConstDecl extends Span {
    readonly kind: 'const';
    readonly name: Ident;
    readonly value: Expr;
}

/** `machine { memory 2GiB node 1; map 0x1000 .. 0x9fc00; cpus 4 }` */
export interface MachineDecl extends Span {
    readonly kind: 'machine';
    readonly entries: readonly MachineEntry[];
}
export interface MachineEntry extends Span {
    readonly kind: 'entry';
    readonly key: Ident;
    readonly args: readonly Expr[];
    /** `node 1`, `at 0x1000_0000` after the arguments. */
    readonly options: readonly { readonly key: Ident; readonly value: Expr }[];
    /** The settings in braces after `device nic0 at "…"`. */
    readonly body?: readonly MachineEntry[];
}

/** `scenario "the agent crashes" finds LU1023 { … }` */
export interface ScenarioDecl extends Span {
    readonly kind: 'scenario';
    readonly name: StringLit;
    /** `for ram in [1GiB, 8GiB]`: it runs once for each value. */
    readonly param?: ScenarioParam;
    /** The codes of its expected root findings, in order; absent without `finds`. */
    readonly finds?: readonly Ident[];
    /** The choices of its run, as in `schedule #7: luod`; absent without `choosing`. */
    readonly choosing?: readonly StringLit[];
    /** The last choice that could prevent the end of its run, as in `schedule #5`; absent without `avoidable_until`. */
    readonly avoidableUntil?: StringLit;
    readonly body: Block;
}

export interface ScenarioParam extends Span {
    readonly variable: Ident;
    readonly values: ListExpr | ErrorExpr;
}

export interface StructDecl extends Span {
    readonly kind: 'struct';
    readonly name: Ident;
    readonly fields: readonly StructField[];
}
export interface StructField extends Span {
    readonly name: Ident;
    readonly type: TypeExpr;
}

/**
 * The type of a field or of an array element: `u64`, `i32`, `u64:52` (bits), `phys`, `phys NicState`, `NicState`,
 * `u64[8]`, `bytes[48]`, `string[64]` (bytes up to the first NUL), `vmalloc`.
 * Also the type of a file kind's field: `u32`, `folio`, `string`, `bool`, `list`, `int`, `fd`, or left out.
 */
export interface TypeExpr extends Span {
    readonly kind: 'type';
    readonly name: Ident;
    readonly target?: Ident;
    readonly bits?: Expr;
    readonly length?: Expr;
}

/** `file nic at "/dev/nic0" { queues: u32 = 2; open() {…} release() {…} }` */
export interface FileDecl extends Span {
    readonly kind: 'file';
    readonly name: Ident;
    readonly path?: StringLit;
    readonly fields: readonly KindField[];
    readonly callbacks: readonly Callback[];
}
export interface KindField extends Span {
    readonly name: Ident;
    readonly type?: TypeExpr;
    readonly init?: Expr;
}

export interface FlbDecl extends Span {
    readonly kind: 'flb';
    readonly name: Ident;
    readonly compatible: StringLit;
    readonly callbacks: readonly Callback[];
}

/** `handler nic_handler "nic-v1" for nic uses nic_core, other { … }` */
export interface HandlerDecl extends Span {
    readonly kind: 'handler';
    readonly name: Ident;
    readonly compatible: StringLit;
    readonly forKind?: Ident;
    readonly uses: readonly Ident[];
    readonly callbacks: readonly Callback[];
}

export interface Callback extends Span {
    readonly kind: 'callback';
    readonly name: Ident;
    readonly params: readonly Ident[];
    readonly body: Block;
}

/** `fn name(a, b) label("freeze session ", a.name) { … }` */
export interface FnDecl extends Span {
    readonly kind: 'fn';
    readonly name: Ident;
    readonly params: readonly Param[];
    /** What the call stack shows for a frame of this function: the values, joined. */
    readonly label: readonly Expr[];
    readonly body: Block;
}
export interface Param extends Span {
    readonly name: Ident;
    readonly type?: TypeExpr;
}

/** `kernel "7.2-nic" from "7.2" { handlers + nic_handler; cmdline "…"; init { … } }` */
export interface KernelDecl extends Span {
    readonly kind: 'kernel';
    readonly name: StringLit;
    readonly from?: StringLit;
    readonly entries: readonly KernelEntry[];
}
export type KernelEntry = KernelSetting | KernelList | KernelInit | KernelCost;
/** `cmdline "kho_scratch=64M,64M,32M"`, `early_memory 40MiB`, `numa off` */
export interface KernelSetting extends Span {
    readonly kind: 'setting';
    readonly key: Ident;
    readonly value: Expr;
}
/** `handlers + a, b`, `handlers - memfd`, `layers pci, vfio` (no sign) */
export interface KernelList extends Span {
    readonly kind: 'list';
    readonly key: Ident;
    readonly sign: '+' | '-' | '';
    readonly names: readonly Ident[];
}
/** `cost preserve_folio 150ns` */
export interface KernelCost extends Span {
    readonly kind: 'cost';
    readonly cost: Ident;
    readonly value: Expr;
}
export interface KernelInit extends Span {
    readonly kind: 'init';
    readonly body: Block;
}

// ---------------------------------------------------------------- statements

export interface Block extends Span {
    readonly kind: 'block';
    readonly statements: readonly Stmt[];
}

export type Stmt =
    | BootStmt
    | ProcessStmt
    | ProcessBlock
    | ConcurrentlyStmt
    | AssignStmt
    | ExprStmt
    | SendStmt
    | ExitStmt
    | KillStmt
    | InjectStmt
    | AtStmt
    | CorruptStmt
    | AssertStmt
    | IfStmt
    | WhileStmt
    | ForStmt
    | ReturnStmt
    | BreakStmt
    | ContinueStmt
    | UndoStmt
    | SleepStmt
    | CostStmt
    | ExploreStmt;

/**
 * `boot "7.2"`, with the optional `from image "…"` and `cmdline "…"`; `boot from image "…"` has an empty name of
 * length 0.
 */
export interface BootStmt extends Span {
    readonly kind: 'boot';
    readonly kernel: StringLit;
    /** The memory image whose handover the kernel takes over: a path relative to the file. */
    readonly image?: StringLit;
    readonly cmdline?: StringLit;
}
/** A process, or with an index one of an array: `luod`, `vmm[1]`. The span is that of the name. */
export interface ProcessRef extends Ident {
    readonly index?: Expr;
}
/** A process to start, or with a count an array of them: `luod`, `vmm[4]`. */
export interface StartedProcess extends Ident {
    readonly count?: Expr;
}
/** `process a, b[4]` or `process a { … }` */
export interface ProcessStmt extends Span {
    readonly kind: 'process';
    readonly names: readonly StartedProcess[];
    readonly body?: Block;
}
/** `luod { … }`, `vmm[1] { … }` */
export interface ProcessBlock extends Span {
    readonly kind: 'in';
    readonly process: ProcessRef;
    readonly body: Block;
}
/**
 * `concurrently { luod { … } vmm { … } }`: process blocks that run concurrently. The checker refuses other
 * statements in it.
 */
export interface ConcurrentlyStmt extends Span {
    readonly kind: 'concurrently';
    readonly body: Block;
}
export type AssignOp = '=' | '+=' | '-=' | '*=' | '/=' | '%=' | '|=' | '&=' | '^=' | '<<=' | '>>=';
export interface AssignStmt extends Span {
    readonly kind: 'assign';
    readonly target: Expr;
    readonly op: AssignOp;
    readonly value: Expr;
    readonly expect?: Expectation;
}
export interface ExprStmt extends Span {
    readonly kind: 'expr';
    readonly value: Expr;
    readonly expect?: Expectation;
}
/**
 * `fails EBUSY` (must), `may fail EIO, EBUSY` (may); `panics "incoming tree"`: the kernel, or the next one, must panic
 * with a message that contains this; `oopses "fd_install"`: the kernel must oops, and the process die.
 */
export interface Expectation extends Span {
    readonly kind: 'fails' | 'may' | 'panics' | 'oopses';
    readonly errors: readonly Ident[];
    readonly message?: StringLit;
}
/** `send vm1 to vmm` */
export interface SendStmt extends Span {
    readonly kind: 'send';
    readonly value: Expr;
    readonly to: ProcessRef;
    readonly as?: Ident;
    readonly expect?: Expectation;
}
export interface ExitStmt extends Span {
    readonly kind: 'exit';
}
/** `kill luod`, `kill luod after 3`: after it has returned from three more system calls. */
export interface KillStmt extends Span {
    readonly kind: 'kill';
    readonly process: ProcessRef;
    readonly after?: Expr;
}
/**
 * `inject EIO into nic.retrieve after 2 times 3 in next kernel`; `what` is an error name or `no`. `target`:
 * `memfd.freeze`, `page_alloc`.
 */
export interface InjectStmt extends Span {
    readonly kind: 'inject';
    readonly what: Ident;
    readonly target: Ident;
    /** `into "a.freeze"`: a point that kernel code checks with should_fail(). `target` has the same name. */
    readonly point?: StringLit;
    readonly callback?: Ident;
    readonly after?: Expr;
    readonly times?: Expr;
    readonly nextKernel: boolean;
}
/** `at handover { … }`; `always { … }` and `finally { … }`, whose event is their first word */
export interface AtStmt extends Span {
    readonly kind: 'at';
    readonly event: Ident;
    readonly body: Block;
}
/** `explore { crash luod; fail memfd.*; orders; faults 2 }`, `explore nightly { … }` */
export interface ExploreStmt extends Span {
    readonly kind: 'explore';
    /** The name of a profile that the scenario declares. */
    readonly name?: Ident;
    readonly entries: readonly ExploreEntry[];
}
/** `crash luod, vmm`, `kernels "7.2", "7.3"`, `orders`, `faults 2`. Names are patterns: `memfd.*`. */
export interface ExploreEntry extends Span {
    readonly kind: 'explore-entry';
    readonly what: Ident;
    readonly names: readonly Ident[];
    readonly texts: readonly StringLit[];
    readonly number?: IntLit;
}
/** `corrupt session("vm-1").files xor 0x01` */
export interface CorruptStmt extends Span {
    readonly kind: 'corrupt';
    readonly target: Expr;
    readonly xor: Expr;
}
export interface AssertStmt extends Span {
    readonly kind: 'assert';
    readonly condition: Expr;
    readonly message?: Expr;
}
export interface IfStmt extends Span {
    readonly kind: 'if';
    readonly condition: Expr;
    readonly then: Block;
    readonly otherwise?: Block | IfStmt;
}
export interface WhileStmt extends Span {
    readonly kind: 'while';
    readonly condition: Expr;
    readonly body: Block;
}
export interface ForStmt extends Span {
    readonly kind: 'for';
    readonly variable: Ident;
    readonly iterable: Expr;
    readonly body: Block;
}
export interface ReturnStmt extends Span {
    readonly kind: 'return';
    readonly value?: Expr;
}
export interface BreakStmt extends Span {
    readonly kind: 'break';
}
export interface ContinueStmt extends Span {
    readonly kind: 'continue';
}
/** `undo { … }`: runs if this callback or function fails later on. */
export interface UndoStmt extends Span {
    readonly kind: 'undo';
    readonly body: Block;
}
/** `cost copy 200us`: the time of an operation from here on. */
export interface CostStmt extends Span {
    readonly kind: 'cost';
    readonly cost: Ident;
    readonly value: Expr;
}
export interface SleepStmt extends Span {
    readonly kind: 'sleep';
    readonly duration: Expr;
}

// ---------------------------------------------------------------- expressions

export type Expr =
    | IntLit
    | StringLit
    | BoolLit
    | NameExpr
    | MemberExpr
    | IndexExpr
    | CallExpr
    | UnaryExpr
    | BinaryExpr
    | TryExpr
    | ListExpr
    | NewExpr
    | RangeExpr
    | ErrorExpr;

/**
 * `0x10_0000`, `64MiB`, `20us` (value in bytes or nanoseconds). A bigint only where it exceeds 2^53−1. `unit` as
 * written.
 */
export interface IntLit extends Span {
    readonly kind: 'int';
    readonly value: number | bigint;
    readonly unit?: string;
}
export interface StringLit extends Span {
    readonly kind: 'string';
    readonly value: string;
}
export interface BoolLit extends Span {
    readonly kind: 'bool';
    readonly value: boolean;
}
export interface NameExpr extends Span {
    readonly kind: 'name';
    readonly name: string;
}
export interface MemberExpr extends Span {
    readonly kind: 'member';
    readonly object: Expr;
    readonly member: Ident;
}
export interface IndexExpr extends Span {
    readonly kind: 'index';
    readonly object: Expr;
    readonly index: Expr;
}
export interface CallExpr extends Span {
    readonly kind: 'call';
    readonly callee: Expr;
    readonly args: readonly Arg[];
    /** `with readonly_reply` after the call. */
    readonly with?: Ident;
}
/** An argument; `name` is set for `token: 5`. */
export interface Arg extends Span {
    readonly name?: Ident;
    readonly value: Expr;
}
export interface UnaryExpr extends Span {
    readonly kind: 'unary';
    readonly op: '-' | '!' | '~';
    readonly operand: Expr;
}
export type BinaryOp =
    | '*'
    | '/'
    | '%'
    | '+'
    | '-'
    | '<<'
    | '>>'
    | '&'
    | '^'
    | '|'
    | '=='
    | '!='
    | '<'
    | '<='
    | '>'
    | '>='
    | '&&'
    | '||';
export interface BinaryExpr extends Span {
    readonly kind: 'binary';
    readonly op: BinaryOp;
    readonly left: Expr;
    readonly right: Expr;
}
export interface TryExpr extends Span {
    readonly kind: 'try';
    readonly call: Expr;
}
export interface ListExpr extends Span {
    readonly kind: 'list';
    readonly items: readonly Expr[];
}
/** `new nic(queues: 2, ring: r)` */
export interface NewExpr extends Span {
    readonly kind: 'new';
    readonly name: Ident;
    readonly args: readonly Arg[];
}
/** `0..n`, end exclusive */
export interface RangeExpr extends Span {
    readonly kind: 'range';
    readonly from: Expr;
    readonly to: Expr;
}
export interface ErrorExpr extends Span {
    readonly kind: 'error';
}
