/** Compiles statements. Each begins with an operation marked as a place to stop. */
import { err, errOfCode, isErrnoName } from '../../kernel/release/errno';
import type {
    AssertStmt,
    AssignStmt,
    AtStmt,
    Block,
    BootStmt,
    CorruptStmt,
    CostStmt,
    Expectation,
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
    Stmt,
    UndoStmt,
    WhileStmt,
} from '../../language/syntax/ast';
import { settableCost } from '../../machine/costs';
import { Frame, SWITCH, type Eval } from '../code';
import { lengthOf, readIndex, writeIndex, writeMember } from '../members';
import { bootImage } from '../host/boot-from-image';
import { coldBoot } from '../host/kexec';
import { setKindField } from '../host/callbacks';
import { sleepAside } from '../scheduler';
import {
    endUser,
    exitUser,
    forgetUser,
    killLater,
    killUser,
    sendFd,
    setProcessVar,
    startProcess,
} from '../host/processes';
import type { Value } from '../../language/types';
import { View } from '../view';
import { asBool, asInt, asNumber, asString, binary, format, operatorOf, ProgramError } from '../../language/values';
import { emitCall, type Policy } from './calls';
import { compileConcurrently } from './concurrently';
import { needsOps } from './expressions';
import type { FnCompiler } from './function';

export function compileBlock(c: FnCompiler, block: Block): void {
    for (const s of block.statements) {
        compileStatement(c, s);
    }
}

function compileStatement(c: FnCompiler, s: Stmt): void {
    const e = c.emitter;
    switch (s.kind) {
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
            compileConcurrently(c, s, compileBlock);
            return;
        default:
            if (!isTracepoint(c, s)) {
                e.statement(s);
            }
    }
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
        case 'continue': {
            const target = c.loops[c.loops.length - 1]?.[s.kind];
            e.emit((f) => target?.pc ?? f.pc + 1);
            return;
        }
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
            e.emit((f, vm) => {
                f.pc++;
                return exitUser(vm);
            });
            e.emit((_f, vm) => endUser(vm));
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
        case 'sleep': {
            const duration = c.value(s.duration);
            const until = e.temp();
            e.emit((f, vm) => {
                f.slots[until] = vm.machine.clock.now + asNumber(duration(f, vm), 'a duration');
                return f.pc + 1;
            });
            // devices go on meanwhile: what they do may stop the run, and a long sleep must not keep it from being paused
            e.emit((f, vm) => {
                const moment = asNumber(f.slots[until], 'a moment');
                if (sleepAside(vm, moment)) {
                    return SWITCH;
                }
                const done = vm.machine.clock.sleepUntil(moment, TIMERS_AT_ONCE, () => vm.interrupted);
                if (done) {
                    vm.tell((l) => l.slept?.());
                }
                const next = done ? f.pc + 1 : f.pc;
                f.pc = next;
                return vm.interrupted ? SWITCH : next;
            });
            return;
        }
    }
}

/** What tells observers what the code does is a part of the statement before it: nobody wants to stop there. */
function isTracepoint(c: FnCompiler, s: Stmt): boolean {
    if (s.kind !== 'expr' || s.value.kind !== 'call' || s.value.callee.kind !== 'name') {
        return false;
    }
    const meaning = c.program.names.get(s.value.callee);
    return meaning?.kind === 'native' && meaning.native.tracepoint === true;
}

// ---------------------------------------------------------------- assignment and calls

type Store = (f: Frame, vm: Parameters<Eval>[1], value: Value) => void;

/** How to assign to an expression. Its parts are computed when the store happens. */
function storeTo(c: FnCompiler, target: Expr): Store {
    if (target.kind === 'name') {
        const m = c.program.names.get(target);
        if (m?.kind === 'local') {
            const { slot } = m;
            return (f, _vm, value) => {
                f.slots[slot] = value;
            };
        }
        if (m?.kind === 'process-var') {
            const { process, name } = m;
            return (_f, vm, value) => setProcessVar(vm, process, name, value);
        }
        if (m?.kind === 'kind-field') {
            const { index } = m;
            return (f, vm, value) => {
                if (f.self) {
                    setKindField(vm, f.self, index, value);
                }
            };
        }
        throw new RangeError(`${target.name} cannot be assigned`);
    }
    if (target.kind === 'member') {
        const object = c.value(target.object);
        const name = target.member.name;
        const m = c.program.members.get(target);
        const layout = m?.kind === 'struct-field' ? m.layout : undefined;
        const field = layout?.byName.get(name);
        if (field) {
            return (f, vm, value) => {
                const v = object(f, vm);
                if (!(v instanceof View)) {
                    throw new ProgramError(`there is no struct here: ${format(v)}`);
                }
                v.set(v.layout === layout ? field : v.field(name), value);
            };
        }
        return (f, vm, value) => writeMember(vm, object(f, vm), name, value);
    }
    if (target.kind === 'index') {
        const [object, index] = c.values([target.object, target.index]);
        return (f, vm, value) => writeIndex(object?.(f, vm), index?.(f, vm), value);
    }
    throw new RangeError('this cannot be assigned');
}

/** The outermost call of a statement's value, to which `fails` and `may fail` apply. */
function policyOf(expect: Expectation | undefined, end: { pc: number }): Policy {
    return expect ? { k: 'expect', expect, end } : { k: 'plain' };
}

function compileAssign(c: FnCompiler, s: AssignStmt): void {
    const e = c.emitter;
    const end = e.label();
    let value: Eval;
    if (s.expect && s.value.kind === 'call') {
        const slot = emitCall(c, s.value, policyOf(s.expect, end));
        value = (f) => f.slots[slot];
    } else if (s.op === '=') {
        value = c.value(s.value);
    } else {
        const op = operatorOf(s.op);
        const [old, operand] = c.values([s.target, s.value]);
        value = (f, vm) => binary(op, old?.(f, vm), operand?.(f, vm), () => c.sourceOf(s));
    }
    // what the target needs is computed behind the value, as in C
    if (needsOps(c, s.target)) {
        const slot = e.temp();
        const computed = value;
        e.emit((f, vm) => {
            f.slots[slot] = computed(f, vm);
            return f.pc + 1;
        });
        value = (f) => f.slots[slot];
    }
    const store = storeTo(c, s.target);
    e.emit((f, vm) => {
        store(f, vm, value(f, vm));
        return f.pc + 1;
    });
    e.place(end);
}

function compileExprStmt(c: FnCompiler, s: ExprStmt): void {
    const e = c.emitter;
    const end = e.label();
    if (s.value.kind === 'call') {
        emitCall(c, s.value, policyOf(s.expect, end));
    } else {
        const value = c.value(s.value);
        e.emit((f, vm) => {
            value(f, vm);
            return f.pc + 1;
        });
    }
    e.place(end);
}

/** Timers that fire in one operation of a `sleep`, so that a run that is paused or budgeted gets its turn. */
const TIMERS_AT_ONCE = 4096;

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);

function compileAssert(c: FnCompiler, s: AssertStmt): void {
    const { condition } = s;
    const what = c.sourceOf(condition);
    if (condition.kind === 'binary' && COMPARISONS.has(condition.op)) {
        const { op } = condition;
        const [left, right, message] = c.values([condition.left, condition.right, s.message]);
        const type = c.program.types.get(condition.left);
        c.emitter.emit((f, vm) => {
            const a = left?.(f, vm);
            const b = right?.(f, vm);
            if (asBool(binary(op, a, b), 'an assertion')) {
                return f.pc + 1;
            }
            return vm.fail(
                'failed-assertion',
                assertion(
                    what,
                    message?.(f, vm),
                    `the left side is ${format(a, type)}, the right side ${format(b, type)}`,
                ),
            );
        });
        return;
    }
    const [value, message] = c.values([condition, s.message]);
    c.emitter.emit((f, vm) =>
        asBool(value?.(f, vm), 'an assertion')
            ? f.pc + 1
            : vm.fail('failed-assertion', assertion(what, message?.(f, vm), 'it is false')),
    );
}

function assertion(what: string, message: Value, why: string): string {
    return `${message === undefined ? 'assertion failed' : asString(message, 'the message of an assertion')}: ${what}: ${why}`;
}

function compileReturn(c: FnCompiler, s: ReturnStmt): void {
    const value: Eval = s.value ? c.value(s.value) : () => 0;
    c.emitter.emit((f, vm) => {
        const v = value(f, vm);
        if (f.mode === 'kernel' && typeof v === 'number' && v < 0) {
            const error = errOfCode(-v);
            if (error) {
                if (!f.failing) {
                    vm.tell((l) => l.refused?.(error));
                }
                return vm.unwind(f, f.failing ?? error);
            }
        }
        return vm.ret(v);
    });
}

// ---------------------------------------------------------------- control flow

function compileIf(c: FnCompiler, s: IfStmt): void {
    const e = c.emitter;
    e.statement({ start: s.start, end: s.condition.end });
    const condition = c.value(s.condition);
    const otherwise = e.label();
    const end = e.label();
    e.emit((f, vm) => (asBool(condition(f, vm), 'a condition') ? f.pc + 1 : otherwise.pc));
    compileBlock(c, s.then);
    if (s.otherwise) {
        e.jump(end);
    }
    e.place(otherwise);
    if (s.otherwise?.kind === 'if') {
        compileIf(c, s.otherwise);
    } else if (s.otherwise) {
        compileBlock(c, s.otherwise);
    }
    e.place(end);
}

function compileWhile(c: FnCompiler, s: WhileStmt): void {
    const e = c.emitter;
    const loop = { break: e.label(), continue: e.label() };
    e.place(loop.continue);
    e.statement({ start: s.start, end: s.condition.end });
    const condition = c.value(s.condition);
    e.emit((f, vm) => (asBool(condition(f, vm), 'a condition') ? f.pc + 1 : loop.break.pc));
    c.loops.push(loop);
    compileBlock(c, s.body);
    c.loops.pop();
    e.jump(loop.continue);
    e.place(loop.break);
}

function slotOf(c: FnCompiler, variable: Ident): number {
    const m = c.program.names.get(variable);
    if (m?.kind !== 'local') {
        throw new RangeError(`${variable.name} is no loop variable`);
    }
    return m.slot;
}

function compileFor(c: FnCompiler, s: ForStmt): void {
    const e = c.emitter;
    const variable = slotOf(c, s.variable);
    const loop = { break: e.label(), continue: e.label() };
    const round = e.label();
    const index = e.temp();
    const last = e.temp();
    e.statement({ start: s.start, end: s.iterable.end });
    const header = e.statementIndex;
    let element: ((f: Frame, next: number) => Value) | undefined;
    if (s.iterable.kind === 'range') {
        const [from, to] = c.values([s.iterable.from, s.iterable.to]);
        e.emit((f, vm) => {
            f.slots[index] = asNumber(from?.(f, vm), 'the start of a range') - 1;
            // No loop gets further than the largest number.
            f.slots[last] = Math.min(Number(asInt(to?.(f, vm), 'the end of a range')), Number.MAX_SAFE_INTEGER);
            return loop.continue.pc;
        });
    } else {
        const iterable = c.value(s.iterable);
        e.emit((f, vm) => {
            f.slots[last] = iterable(f, vm);
            f.slots[index] = -1;
            return loop.continue.pc;
        });
        element = (f, next) => readIndex(f.slots[last], next);
    }
    e.place(round);
    c.loops.push(loop);
    compileBlock(c, s.body);
    c.loops.pop();
    // what goes on to the next round stands behind the body: one operation a round
    e.belong(header);
    e.place(loop.continue);
    e.emit((f) => {
        const next = Number(f.slots[index]) + 1;
        if (next >= (element ? lengthOf(f.slots[last]) : Number(f.slots[last]))) {
            return loop.break.pc;
        }
        f.slots[index] = next;
        f.slots[variable] = element ? element(f, next) : next;
        return round.pc;
    });
    e.place(loop.break);
}

function compileUndo(c: FnCompiler, s: UndoStmt): void {
    const e = c.emitter;
    e.statement({ start: s.start, end: s.body.start });
    const end = e.label();
    // variables of the loops around it are those of this round
    const captured = c.info.locals
        .filter((v) => v.loop && v.loop.start <= s.start && s.end <= v.loop.end)
        .map((v) => v.slot);
    e.emit((f) => {
        f.undos.push({ pc: f.pc + 1, captured: captured.map((slot) => ({ slot, value: f.slots[slot] })) });
        return end.pc;
    });
    compileBlock(c, s.body);
    e.emit((f, vm) => (f.failing ? vm.unwind(f, f.failing) : vm.ret(undefined)));
    e.place(end);
}

// ---------------------------------------------------------------- processes

function compileProcess(c: FnCompiler, s: ProcessStmt): void {
    const names = s.names.map((n) => n.name);
    c.emitter.emit((f, vm) => {
        for (const name of names) {
            startProcess(vm, name);
        }
        return f.pc + 1;
    });
    const [only] = s.names;
    if (s.body && only) {
        compileBody(c, only.name, s.body);
    }
}

function compileProcessBlock(c: FnCompiler, s: ProcessBlock): void {
    c.emitter.statement({ start: s.start, end: s.process.end });
    compileBody(c, s.process.name, s.body);
}

/** A block of a process: a frame on its thread that shares the slots of the code around it. */
function compileBody(c: FnCompiler, process: string, body: Block): void {
    const e = c.emitter;
    const end = e.label();
    const statement = e.statementIndex;
    e.emit((f, vm) => {
        const user = vm.userNamed(process);
        if (!user) {
            throw new ProgramError(`no process ${process} runs: start it with "process ${process}"`);
        }
        const frame = new Frame(f.code, 'user', f.slots, -1, null, vm.current);
        frame.pc = f.pc + 1;
        f.pc = end.pc;
        return vm.callOn(user.thread, frame);
    });
    compileBlock(c, body);
    // the frame that waits for the block stands behind this: it is in the block's own statement
    e.belong(statement);
    e.emit((_f, vm) => vm.ret(undefined));
    e.place(end);
}

function compileKill(c: FnCompiler, s: KillStmt): void {
    const { name } = s.process;
    if (s.after) {
        const after = c.value(s.after);
        c.emitter.emit((f, vm) => {
            killLater(vm, name, asNumber(after(f, vm), 'the number behind after'));
            return f.pc + 1;
        });
        return;
    }
    c.emitter.emit((f, vm) => {
        f.pc++;
        return killUser(vm, name);
    });
    c.emitter.emit((f, vm) => {
        if (!vm.scheduler.active) {
            forgetUser(vm, name);
        }
        return f.pc + 1;
    });
}

function compileSend(c: FnCompiler, s: SendStmt): void {
    const e = c.emitter;
    const end = e.label();
    const value = c.value(s.value);
    const to = s.to.name;
    const as = s.as?.name ?? nameOf(s.value);
    const what = c.sourceOf(s);
    const wanted = s.expect?.errors.map((x) => x.name) ?? [];
    e.emit((f, vm) => {
        const error = sendFd(vm, asNumber(value(f, vm), 'what is sent'), to, as);
        if (error) {
            return wanted.includes(error.name) ? end.pc : vm.fail('failed-call', `${what} fails with ${error.name}`);
        }
        return s.expect?.kind === 'fails'
            ? vm.fail('failed-call', `${what} should fail with ${wanted.join(' or ')}, but it succeeds.`)
            : f.pc + 1;
    });
    e.place(end);
}

function nameOf(e: Expr): string {
    return e.kind === 'name' ? e.name : e.kind === 'member' ? e.member.name : 'received';
}

// ---------------------------------------------------------------- the machine

function compileBoot(c: FnCompiler, s: BootStmt): void {
    const kernel = s.kernel.value;
    const cmdline = s.cmdline?.value ?? '';
    const image = s.image?.value;
    const from = c.info.uri;
    c.emitter.emit((f, vm) => {
        f.pc++;
        if (image === undefined) {
            coldBoot(vm, kernel, cmdline);
        } else {
            bootImage(vm, kernel, cmdline, from, image);
        }
        return SWITCH;
    });
    c.emitter.emit((f) => f.pc + 1);
}

function compileInject(c: FnCompiler, s: InjectStmt): void {
    const [after, times] = c.values([s.after, s.times]);
    const target = s.callback ? `${s.target.name}.${s.callback.name}` : s.target.name;
    const what = s.what.name;
    const error = isErrnoName(what) ? err(what) : null;
    c.emitter.emit((f, vm) => {
        const skip = s.after && after ? asNumber(after(f, vm), 'the number behind after') : 0;
        const count = s.times && times ? asNumber(times(f, vm), 'the number behind times') : 1;
        vm.injections.add(target, error, skip, count, vm.boot + (s.nextKernel ? 1 : 0));
        return f.pc + 1;
    });
}

function compileCost(c: FnCompiler, s: CostStmt): void {
    const cost = settableCost(s.cost.name);
    const value = c.value(s.value);
    c.emitter.emit((f, vm) => {
        const ns = asNumber(value(f, vm), 'what it takes');
        if (!cost || ns < 0) {
            throw new ProgramError(`nothing takes ${ns} ns`);
        }
        vm.costs.set(cost, ns);
        return f.pc + 1;
    });
}

function compileAt(c: FnCompiler, s: AtStmt): void {
    const e = c.emitter;
    const end = e.label();
    e.emit((f, vm) => {
        vm.handoverHooks.push({ code: f.code, pc: f.pc + 1 });
        return end.pc;
    });
    compileBlock(c, s.body);
    e.emit((_f, vm) => vm.ret(undefined));
    e.place(end);
}

function compileCorrupt(c: FnCompiler, s: CorruptStmt): void {
    const [old, mask] = c.values([s.target, s.xor]);
    const store = storeTo(c, s.target);
    c.emitter.emit((f, vm) => {
        store(f, vm, binary('^', asInt(old?.(f, vm), 'what is corrupted'), asInt(mask?.(f, vm), 'the mask')));
        vm.tell((l) => l.corrupted?.());
        return f.pc + 1;
    });
}
