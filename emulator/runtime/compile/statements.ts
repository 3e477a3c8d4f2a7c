/** Compiles statements. Each begins with an operation marked as a place to stop. */
import { isErrnoName } from '../../kernel/release/errno';
import type {
    AssertStmt,
    AssignStmt,
    AtStmt,
    Block,
    BootStmt,
    ConcurrentlyStmt,
    CorruptStmt,
    CostStmt,
    Expr,
    ExprStmt,
    ForStmt,
    Ident,
    IfStmt,
    InjectStmt,
    KillStmt,
    ProcessBlock,
    ProcessStmt,
    ReturnStmt,
    SendStmt,
    SleepStmt,
    Stmt,
    UndoStmt,
    WhileStmt,
} from '../../language/syntax/ast';
import { operatorOf } from '../../language/values';
import type { Assignable, Expression, Operation, Slot } from '../form/form';
import { type Compiler, literal } from './compiler';
import { compileValue, compileValues, emitAnnounced, needsOps, policyOf } from './expressions';

export function compileBlock(c: Compiler, block: Block): void {
    for (const s of block.statements) {
        compileStatement(c, s);
    }
}

function compileStatement(c: Compiler, s: Stmt): void {
    switch (s.kind) {
        // statements whose stop position is only a part of them
        case 'if':
            compileIf(c, s);
            return;
        case 'while':
            compileWhile(c, s);
            return;
        case 'for':
            compileFor(c, s);
            return;
        case 'undo':
            compileUndo(c, s);
            return;
        case 'in':
            compileProcessBlock(c, s);
            return;
        case 'concurrently':
            compileConcurrently(c, s);
            return;
        default:
            if (!isTracepoint(c, s)) {
                c.emitter.statement(s);
            }
            compileWhole(c, s);
    }
}

type Whole = Exclude<Stmt, IfStmt | WhileStmt | ForStmt | UndoStmt | ProcessBlock | ConcurrentlyStmt>;

function compileWhole(c: Compiler, s: Whole): void {
    switch (s.kind) {
        case 'assign':
            compileAssign(c, s);
            return;
        case 'expr':
            compileExprStmt(c, s);
            return;
        case 'assert':
            compileAssert(c, s);
            return;
        case 'return':
            compileReturn(c, s);
            return;
        case 'break':
        case 'continue':
            compileLeave(c, s.kind);
            return;
        case 'boot':
            compileBoot(c, s);
            return;
        case 'process':
            compileProcess(c, s);
            return;
        case 'send':
            compileSend(c, s);
            return;
        case 'exit':
            c.emitter.emit({ op: 'exit' });
            c.emitter.emit({ op: 'exited' });
            return;
        case 'kill':
            compileKill(c, s);
            return;
        case 'inject':
            compileInject(c, s);
            return;
        case 'at':
            compileAt(c, s);
            return;
        case 'corrupt':
            compileCorrupt(c, s);
            return;
        case 'cost':
            compileCost(c, s);
            return;
        case 'sleep':
            compileSleep(c, s);
            return;
    }
}

/** A tracepoint belongs to the statement before it, because the debugger should not stop there. */
function isTracepoint(c: Compiler, s: Stmt): boolean {
    if (s.kind !== 'expr' || s.value.kind !== 'call' || s.value.callee.kind !== 'name') {
        return false;
    }
    const meaning = c.program.names.get(s.value.callee);
    return meaning?.kind === 'native' && meaning.native.tracepoint === true;
}

// ---------------------------------------------------------------- assignment and calls

/** The target of an assignment. Its parts are computed when the value is stored. */
function assignable(c: Compiler, target: Expr): Assignable {
    switch (target.kind) {
        case 'name':
            return assignableName(c, target);
        case 'member': {
            const object = compileValue(c, target.object);
            const { name } = target.member;
            const m = c.program.members.get(target);
            return m?.kind === 'struct-field'
                ? { k: 'struct-field', object, struct: m.layout.name, field: name }
                : { k: 'member', object, name };
        }
        case 'index': {
            const [object, index] = compileValues(c, [target.object, target.index]);
            return { k: 'element', object, index };
        }
        default:
            throw new RangeError('this cannot be assigned');
    }
}

function assignableName(c: Compiler, target: Extract<Expr, { readonly kind: 'name' }>): Assignable {
    const m = c.program.names.get(target);
    switch (m?.kind) {
        case 'local':
            return { k: 'slot', slot: m.slot };
        case 'process-var':
            return { k: 'variable', process: m.process, name: m.name };
        case 'kind-field':
            return { k: 'own-field', index: m.index, name: target.name };
        default:
            throw new RangeError(`${target.name} cannot be assigned`);
    }
}

function compileAssign(c: Compiler, s: AssignStmt): void {
    const e = c.emitter;
    const end = e.label();
    let value: Expression;
    if (s.expect && s.value.kind === 'call') {
        value = { k: 'slot', slot: emitAnnounced(c, s.value, { expect: s.expect, end }) };
    } else if (s.op === '=') {
        value = compileValue(c, s.value);
    } else {
        value = compound(c, s, s.op);
    }
    // the parts of the target are computed after the value
    if (needsOps(c, s.target)) {
        const slot = e.temp();
        e.emit({ op: 'set', slot, value });
        value = { k: 'slot', slot };
    }
    const target = assignable(c, s.target);
    e.emit(target.k === 'slot' ? { op: 'set', slot: target.slot, value } : { op: 'store', target, value });
    e.place(end);
}

function compound(c: Compiler, s: AssignStmt, op: Exclude<AssignStmt['op'], '='>): Expression {
    const [left, right] = compileValues(c, [s.target, s.value]);
    const operator = operatorOf(op);
    if (operator === '&&' || operator === '||') {
        throw new RangeError(`nothing is assigned with ${operator}`);
    }
    return { k: 'binary', operator, left, right, span: { start: s.start, end: s.end } };
}

function compileExprStmt(c: Compiler, s: ExprStmt): void {
    const e = c.emitter;
    const end = e.label();
    if (s.value.kind === 'call') {
        emitAnnounced(c, s.value, { expect: s.expect, end });
    } else {
        e.emit({ op: 'evaluate', value: compileValue(c, s.value) });
    }
    e.place(end);
}

function compileAssert(c: Compiler, s: AssertStmt): void {
    const { condition } = s;
    const span = { start: condition.start, end: condition.end };
    if (condition.kind === 'binary') {
        const operator = condition.op;
        switch (operator) {
            case '==':
            case '!=':
            case '<':
            case '<=':
            case '>':
            case '>=': {
                const type = c.program.types.get(condition.left);
                const [left, right, message] = compileValues(c, [condition.left, condition.right, s.message]);
                c.emitter.emit({
                    op: 'assert-compared',
                    operator,
                    left,
                    right,
                    span,
                    ...(s.message ? { message } : {}),
                    ...(type ? { type } : {}),
                });
                return;
            }
        }
    }
    const [value, message] = compileValues(c, [condition, s.message]);
    c.emitter.emit({ op: 'assert', condition: value, span, ...(s.message ? { message } : {}) });
}

function compileReturn(c: Compiler, s: ReturnStmt): void {
    c.emitter.emit({ op: 'return', value: s.value ? compileValue(c, s.value) : literal(0) });
}

// ---------------------------------------------------------------- control flow

function compileIf(c: Compiler, s: IfStmt): void {
    const e = c.emitter;
    e.statement({ start: s.start, end: s.condition.end });
    const condition = compileValue(c, s.condition);
    const otherwise = e.label();
    const end = e.label();
    e.emitLater(() => ({ op: 'branch', condition, otherwise: otherwise.pc }));
    compileBlock(c, s.then);
    if (s.otherwise) {
        e.emitLater(() => ({ op: 'jump', to: end.pc }));
    }
    e.place(otherwise);
    if (s.otherwise?.kind === 'if') {
        compileIf(c, s.otherwise);
    } else if (s.otherwise) {
        compileBlock(c, s.otherwise);
    }
    e.place(end);
}

function compileWhile(c: Compiler, s: WhileStmt): void {
    const e = c.emitter;
    const loop = { break: e.label(), continue: e.label() };
    const check = e.label();
    const span = { start: s.start, end: s.condition.end };
    // the loop is entered here once: a breakpoint on a function is at its first operation
    e.statement(span);
    e.emit({ op: 'nothing' });
    e.place(check);
    const condition = compileValue(c, s.condition);
    e.emitLater(() => ({ op: 'branch', condition, otherwise: loop.break.pc }));
    c.loops.push(loop);
    compileBlock(c, s.body);
    c.loops.pop();
    // the next iteration is also a place to stop
    e.statement(span);
    e.place(loop.continue);
    e.emitLater(() => ({ op: 'jump', to: check.pc }));
    e.place(loop.break);
}

/** `break` and `continue`. */
function compileLeave(c: Compiler, how: 'break' | 'continue'): void {
    const target = c.loops.at(-1)?.[how];
    c.emitter.emitLater(() => (target ? { op: 'jump', to: target.pc } : { op: 'nothing' }));
}

function slotOf(c: Compiler, variable: Ident): Slot {
    const m = c.program.names.get(variable);
    if (m?.kind !== 'local') {
        throw new RangeError(`${variable.name} is not a loop variable`);
    }
    return m.slot;
}

function compileFor(c: Compiler, s: ForStmt): void {
    const e = c.emitter;
    const variable = slotOf(c, s.variable);
    const loop = { break: e.label(), continue: e.label() };
    const round = e.label();
    const index = e.temp();
    const last = e.temp();
    e.statement({ start: s.start, end: s.iterable.end });
    const header = e.statementIndex;
    let next: () => Operation;
    if (s.iterable.kind === 'range') {
        const [from, to] = compileValues(c, [s.iterable.from, s.iterable.to]);
        e.emitLater(() => ({ op: 'range', from, to, index, last, first: loop.continue.pc }));
        next = () => ({ op: 'next-number', index, last, variable, round: round.pc, end: loop.break.pc });
    } else {
        const iterable = compileValue(c, s.iterable);
        e.emitLater(() => ({ op: 'each', iterable, index, list: last, first: loop.continue.pc }));
        next = () => ({ op: 'next-element', index, list: last, variable, round: round.pc, end: loop.break.pc });
    }
    e.place(round);
    c.loops.push(loop);
    compileBlock(c, s.body);
    c.loops.pop();
    // the step to the next iteration follows the body: one operation per iteration
    e.belong(header);
    e.place(loop.continue);
    e.emitLater(next);
    e.place(loop.break);
}

function compileUndo(c: Compiler, s: UndoStmt): void {
    const e = c.emitter;
    e.statement({ start: s.start, end: s.body.start });
    const end = e.label();
    // captures the variables of the loops around it in this iteration
    const captured = c.info.locals
        .filter((v) => v.loop && v.loop.start <= s.start && s.end <= v.loop.end)
        .map((v) => v.slot);
    e.emitLater(() => ({ op: 'undo', captured, end: end.pc }));
    compileBlock(c, s.body);
    e.emit({ op: 'undone' });
    e.place(end);
}

// ---------------------------------------------------------------- processes

function compileProcess(c: Compiler, s: ProcessStmt): void {
    c.emitter.emit({ op: 'start', processes: s.names.map((n) => n.name) });
    const [only] = s.names;
    if (s.body && only) {
        compileBody(c, only.name, s.body);
    }
}

function compileProcessBlock(c: Compiler, s: ProcessBlock): void {
    c.emitter.statement({ start: s.start, end: s.process.end });
    compileBody(c, s.process.name, s.body);
}

/** A process block: a frame on the thread of the process that shares the slots of the code around it. */
function compileBody(c: Compiler, process: string, body: Block): void {
    const e = c.emitter;
    const end = e.label();
    const statement = e.statementIndex;
    e.emitLater(() => ({ op: 'enter', process, end: end.pc }));
    compileBlock(c, body);
    // the waiting frame has a pc after this operation, in the statement of the block
    e.belong(statement);
    e.emit({ op: 'end', value: undefined });
    e.place(end);
}

/** A process block of a `concurrently`, and whether it starts the process. */
interface Part {
    readonly process: Ident;
    readonly body: Block;
    readonly starts: boolean;
}

function partsOf(s: ConcurrentlyStmt): Part[] {
    return s.body.statements.flatMap((p): Part[] => {
        if (p.kind === 'in') {
            return [{ process: p.process, body: p.body, starts: false }];
        }
        const [process] = p.kind === 'process' ? p.names : [];
        return p.kind === 'process' && p.body && process ? [{ process, body: p.body, starts: true }] : [];
    });
}

function compileConcurrently(c: Compiler, s: ConcurrentlyStmt): void {
    const e = c.emitter;
    e.statement({ start: s.start, end: s.start + 'concurrently'.length });
    const statement = e.statementIndex;
    const end = e.label();
    const parts = partsOf(s).map((part) => ({ ...part, begin: e.label() }));
    e.emitLater(() => ({
        op: 'concurrently',
        blocks: parts.map(({ process, starts, begin }) => ({ process: process.name, starts, begin: begin.pc })),
        end: end.pc,
    }));
    for (const { process, body, begin } of parts) {
        e.place(begin);
        e.statement({ start: process.start, end: process.end });
        e.emit({ op: 'nothing' });
        compileBlock(c, body);
        // the waiting frame has a pc after the last of these, in the `concurrently` statement
        e.belong(statement);
        e.emit({ op: 'end', value: undefined });
    }
    e.place(end);
}

function compileKill(c: Compiler, s: KillStmt): void {
    const process = s.process.name;
    if (s.after) {
        c.emitter.emit({ op: 'kill-later', process, calls: compileValue(c, s.after) });
        return;
    }
    c.emitter.emit({ op: 'kill', process });
    c.emitter.emit({ op: 'reap', process });
}

function compileSend(c: Compiler, s: SendStmt): void {
    const e = c.emitter;
    const end = e.label();
    const fd = compileValue(c, s.value);
    const slot = e.temp();
    const span = { start: s.start, end: s.end };
    const as = s.as?.name ?? nameOf(s.value);
    e.emitLater(() => ({ op: 'send', fd, to: s.to.name, as, slot, span, policy: policyOf(s.expect, end) }));
    e.place(end);
}

function nameOf(e: Expr): string {
    return e.kind === 'name' ? e.name : e.kind === 'member' ? e.member.name : 'received';
}

// ---------------------------------------------------------------- the host

function compileBoot(c: Compiler, s: BootStmt): void {
    c.emitter.emit({
        op: 'boot',
        kernel: s.kernel.value,
        cmdline: s.cmdline?.value ?? '',
        ...(s.image ? { image: s.image.value } : {}),
    });
    c.emitter.emit({ op: 'nothing' });
}

function compileInject(c: Compiler, s: InjectStmt): void {
    const [after, times] = compileValues(c, [s.after, s.times]);
    c.emitter.emit({
        op: 'inject',
        target: s.callback ? `${s.target.name}.${s.callback.name}` : s.target.name,
        error: isErrnoName(s.what.name) ? s.what.name : null,
        ...(s.after ? { after } : {}),
        ...(s.times ? { times } : {}),
        nextKernel: s.nextKernel,
    });
}

function compileCost(c: Compiler, s: CostStmt): void {
    c.emitter.emit({ op: 'cost', cost: s.cost.name, value: compileValue(c, s.value) });
}

function compileAt(c: Compiler, s: AtStmt): void {
    const e = c.emitter;
    const end = e.label();
    e.emitLater(() => ({ op: 'at', event: s.event.name, end: end.pc }));
    compileBlock(c, s.body);
    e.emit({ op: 'end', value: undefined });
    e.place(end);
}

function compileCorrupt(c: Compiler, s: CorruptStmt): void {
    const [old, mask] = compileValues(c, [s.target, s.xor]);
    c.emitter.emit({ op: 'corrupt', target: assignable(c, s.target), old, mask });
}

function compileSleep(c: Compiler, s: SleepStmt): void {
    const duration = compileValue(c, s.duration);
    const slot = c.emitter.temp();
    c.emitter.emit({ op: 'wake-at', slot, duration });
    // devices run during the sleep: their work may stop the run, and a pause must be possible during a long sleep
    c.emitter.emit({ op: 'sleep', until: slot });
}
