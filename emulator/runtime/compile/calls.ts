/** Compiles calls: of functions, natives, system calls and callbacks, and what happens when they fail. */
import { Err, isErrnoName } from '../../kernel/release/errno';
import type { Arg, CallExpr, Expectation, Expr, FnDecl } from '../../language/syntax/ast';
import { SWITCH, type Eval, type Frame } from '../code';
import { leaveKernel } from '../host/environment';
import type { Host } from '../host/host';
import { processOf, type ScenarioProcess } from '../host/scenario-process';
import { systemCall } from '../host/syscall-entry';
import { callback } from '../host/callbacks';
import { enterOrWait, leave } from '../locks';
import { memberOf } from '../members';
import { replyOf } from '../../language/reply';
import type { Value } from '../../language/types';
import type { NativeFunction } from '../natives/native';
import { format, ProgramError } from '../../language/values';
import type { Label } from './emitter';
import type { FnCompiler } from './function';

/** What to do when the call fails. */
export type Policy =
    | { readonly k: 'plain' }
    | { readonly k: 'try' }
    /** `fails E`, `may fail E`: a failure goes on at `end`. */
    | { readonly k: 'expect'; readonly expect: Expectation; readonly end: Label };

export const PLAIN: Policy = { k: 'plain' };

/** Where a call goes on after success and after failure. */
interface Outcomes {
    readonly success: (f: Frame, value: Value, next: number) => number;
    readonly failure: (f: Frame, error: Err, next: number) => number;
}

function outcomes(c: FnCompiler, call: Expr, slot: number, policy: Policy): Outcomes {
    const { run, host } = c;
    const what = c.sourceOf(call);
    const store = (f: Frame, value: Value, next: number): number => {
        f.slots[slot] = value;
        return next;
    };
    switch (policy.k) {
        case 'plain':
            return {
                success: store,
                failure: (f, error) => {
                    noteFailure(host, what, error, f);
                    if (f.mode === 'kernel') {
                        // a failure inside an undo block does not stop the others
                        return run.unwind(f, f.failing ?? error);
                    }
                    return run.fail(
                        'failed-call',
                        `${what} fails with ${error.name}. Write "fails ${error.name}" behind it if it should.`,
                    );
                },
            };
        case 'try':
            return {
                success: (f, value, next) => {
                    f.slots[slot] = value ?? 0;
                    return next;
                },
                failure: (f, error, next) => {
                    noteFailure(host, what, error, f);
                    f.slots[slot] = -error.code;
                    return next;
                },
            };
        case 'expect': {
            const { expect, end } = policy;
            if (expect.kind === 'panics') {
                return {
                    success: () => run.fail('failed-call', `${what} should end in a panic, but it returns.`),
                    failure: (f, error) => {
                        noteFailure(host, what, error, f);
                        return run.fail(
                            'failed-call',
                            `${what} should end in a panic, but it fails with ${error.name}.`,
                        );
                    },
                };
            }
            const names = expect.errors.map((e) => e.name).filter(isErrnoName);
            const wanted = wantedOf(expect);
            return {
                success:
                    expect.kind === 'may'
                        ? store
                        : () => run.fail('failed-call', `${what} should fail with ${wanted}, but it succeeds.`),
                failure: (f, error) => {
                    noteFailure(host, what, error, f);
                    if (names.includes(error.name)) {
                        return end.pc;
                    }
                    return run.fail(
                        'failed-call',
                        `${what} ${expect.kind === 'may' ? 'may' : 'should'} fail with ${wanted}, but it fails with ${error.name}.`,
                    );
                },
            };
        }
    }
}

function wantedOf(expect: Expectation): string {
    return expect.errors.map((e) => e.name).join(' or ');
}

function noteFailure(host: Host, what: string, error: Err, frame: Frame): void {
    for (const l of host.listeners.active) {
        l.failed?.(what, error, frame);
    }
}

/** Emits a call; its value is in the returned slot afterwards. */
export function emitCall(c: FnCompiler, call: CallExpr, policy: Policy): number {
    const { host } = c;
    const { callee } = call;
    if (policy.k === 'expect' && policy.expect.kind === 'panics') {
        const text = policy.expect.message?.value ?? '';
        c.emitter.emit((f) => {
            host.kernelState.expectPanic(text);
            return f.pc + 1;
        });
    }
    if (callee.kind === 'name') {
        const meaning = c.program.names.get(callee);
        if (meaning?.kind === 'fn') {
            return emitFn(c, call, meaning.decl, policy);
        }
        if (meaning?.kind === 'native') {
            return emitNative(c, call, meaning.native, [], policy);
        }
        throw new RangeError(`${callee.name} is no function`);
    }
    if (callee.kind === 'member') {
        const meaning = c.program.members.get(callee);
        const object = c.value(callee.object);
        if (meaning?.kind === 'method') {
            return emitNative(c, call, meaning.method, [object], policy);
        }
        return emitDynamic(c, call, callee.member.name, object, policy);
    }
    throw new RangeError('only functions and methods can be called');
}

function emitFn(c: FnCompiler, call: CallExpr, decl: FnDecl, policy: Policy): number {
    const { run } = c;
    const slot = c.emitter.temp();
    const args = orderArgs(
        call.args,
        decl.params.map((p) => p.name.name),
    );
    const evals = c.values(args);
    const code = c.codeOf(decl);
    c.emitter.emit((f) => {
        const values = evals.map((e) => e(f));
        f.pc++;
        return run.call(code(), f.mode, values, slot);
    });
    emitCheck(c, call, slot, policy);
    return slot;
}

/** The arguments in the order of the parameters; what was left out is undefined. */
function orderArgs(args: readonly Arg[], params: readonly string[]): (Expr | undefined)[] {
    const out: (Expr | undefined)[] = params.map(() => undefined);
    let next = 0;
    for (const a of args) {
        const at = a.name ? params.indexOf(a.name.name) : next++;
        if (at >= 0) {
            out[at] = a.value;
        }
    }
    return out;
}

/** After a call that pushed a frame: looks at what it left in the slot. */
function emitCheck(c: FnCompiler, call: Expr, slot: number, policy: Policy): void {
    const out = outcomes(c, call, slot, policy);
    c.emitter.emit((f) => {
        const value = f.slots[slot];
        return value instanceof Err ? out.failure(f, value, f.pc + 1) : out.success(f, value, f.pc + 1);
    });
}

/** The values of a native's parameters, receiver first. */
export function nativeArgs(c: FnCompiler, call: CallExpr, native: NativeFunction, receiver: readonly Eval[]): Eval[] {
    const { host } = c;
    const names = native.params.map((p) => p.name);
    const positional = call.args.filter((a) => !a.name);
    const restAt = native.params.findIndex((p) => p.rest);
    const plain = restAt < 0 ? positional : positional.slice(0, restAt);
    const ordered = orderArgs([...plain, ...call.args.filter((a) => a.name)], names);
    const given = c.values([...ordered, ...(restAt < 0 ? [] : positional.slice(restAt).map((a) => a.value))]);
    const evals = native.params.map((p, i): Eval => {
        if (i === restAt) {
            const rest = given.slice(names.length);
            return (f) => host.list(rest.map((e) => e(f)));
        }
        const reply = replyOf(p.name, call.with?.name);
        if (reply !== undefined) {
            return () => reply;
        }
        const fallback = p.default;
        return ordered[i] ? (given[i] ?? (() => undefined)) : () => fallback;
    });
    return [...receiver, ...evals];
}

function emitNative(
    c: FnCompiler,
    call: CallExpr,
    native: NativeFunction,
    receiver: readonly Eval[],
    policy: Policy,
): number {
    const { run, host } = c;
    const slot = c.emitter.temp();
    const evals = nativeArgs(c, call, native, receiver);
    const { code, checks, callback: callbackName } = native;
    if (callbackName !== undefined) {
        c.emitter.emit((f) => {
            const values = evals.map((e) => e(f));
            f.pc++;
            return callback(host, callbackName, values, slot);
        });
        emitCheck(c, call, slot, policy);
        return slot;
    }
    if (code !== undefined) {
        // a reboot that succeeds does not return: whether it may is said before
        const mustFail = code === 'sys_reboot' && policy.k === 'expect' && policy.expect.kind === 'fails';
        const rebootMustFail = mustFail ? `${c.sourceOf(call)} should fail with ${wantedOf(policy.expect)}` : null;
        c.emitter.emit((f) => {
            const values = evals.map((e) => e(f));
            checks?.(host, values);
            f.pc++;
            if (f.mode !== 'kernel') {
                systemCall(host, code);
            }
            if (code === 'sys_reboot') {
                const p = processOf(run.current);
                if (p) {
                    host.machine.journal.edit<ScenarioProcess>(p).rebootMustFail = rebootMustFail;
                }
            }
            return host.callStd(code, values, slot);
        });
        emitCheck(c, call, slot, policy);
        return slot;
    }
    emitDirect(c, call, native, evals, slot, policy);
    return slot;
}

/** A native that runs to its end at once: one operation. */
function emitDirect(
    c: FnCompiler,
    call: Expr,
    native: NativeFunction,
    evals: readonly Eval[],
    slot: number,
    policy: Policy,
): void {
    const { run, host } = c;
    const { call: work } = native;
    if (!work) {
        throw new RangeError(`native ${native.name} has no code`);
    }
    const fn = native.syscall ? asSystemCall(native.name, work) : work;
    const out = outcomes(c, call, slot, policy);
    const { syscall } = native;
    const finish = (f: Frame, result: Value | Err): number => {
        const next = result instanceof Err ? out.failure(f, result, f.pc + 1) : out.success(f, result, f.pc + 1);
        if (syscall && next >= 0 && f.mode !== 'kernel') {
            host.kernelLeft(native.name, result, null);
            f.pc = next;
            if (leaveKernel(host)) {
                return SWITCH;
            }
        }
        return run.interrupted ? suspendAt(f, next) : next;
    };
    const { takes } = native;
    if (takes) {
        c.emitter.emit((f) => {
            const args = evals.map((e) => e(f));
            const lock = takes(host, args);
            if (lock && !enterOrWait(host.interpreter, lock)) {
                return SWITCH;
            }
            const result = fn(host, args);
            if (lock) {
                leave(host.interpreter, lock);
            }
            return finish(f, result);
        });
        return;
    }
    const [a, b] = evals;
    if (evals.length === 1 && a) {
        c.emitter.emit((f) => finish(f, fn(host, [a(f)])));
    } else if (evals.length === 2 && a && b) {
        c.emitter.emit((f) => finish(f, fn(host, [a(f), b(f)])));
    } else {
        c.emitter.emit((f) =>
            finish(
                f,
                fn(
                    host,
                    evals.map((e) => e(f)),
                ),
            ),
        );
    }
}

/** The same where a process calls it; kernel code does so without entering the kernel. */
function asSystemCall(name: string, work: NonNullable<NativeFunction['call']>): NonNullable<NativeFunction['call']> {
    return (host, args) => {
        if (host.frame?.mode !== 'kernel') {
            systemCall(host, name);
        }
        return work(host, args);
    };
}

/** The native asked for a stop, or changed the stack: the frame goes on at `next` when its turn comes. */
function suspendAt(f: Frame, next: number): number {
    if (next >= 0) {
        f.pc = next;
    }
    return SWITCH;
}

/** A method of a value whose type is only known at run time. */
function emitDynamic(c: FnCompiler, call: CallExpr, name: string, object: Eval, policy: Policy): number {
    const { run, host } = c;
    const slot = c.emitter.temp();
    const receiver = c.emitter.temp();
    c.emitter.emit((f) => {
        f.slots[receiver] = object(f);
        return f.pc + 1;
    });
    const evals = c.values(call.args.map((a) => a.value));
    const names = call.args.map((a) => a.name?.name);
    const out = outcomes(c, call, slot, policy);
    c.emitter.emit((f) => {
        const self = f.slots[receiver];
        const member = memberOf(host, self, name);
        if (member?.kind !== 'method') {
            throw new ProgramError(`${format(self)} has no method ${name}`);
        }
        const { method } = member;
        const values = [
            self,
            ...dynamicArgs(
                method,
                names,
                evals.map((e) => e(f)),
            ),
        ];
        const lock = method.takes?.(host, values);
        if (lock && !enterOrWait(host.interpreter, lock)) {
            return SWITCH;
        }
        f.pc++;
        if (method.callback !== undefined) {
            return callback(host, method.callback, values, slot);
        }
        if (method.code !== undefined) {
            if (f.mode !== 'kernel') {
                systemCall(host, method.code);
            }
            return host.callStd(method.code, values, slot);
        }
        if (method.syscall && f.mode !== 'kernel') {
            systemCall(host, method.name);
        }
        const result = method.call?.(host, values);
        if (lock) {
            leave(host.interpreter, lock);
        }
        f.slots[slot] = result;
        if (method.syscall && f.mode !== 'kernel') {
            host.kernelLeft(method.name, result, null);
            return leaveKernel(host) || run.interrupted ? SWITCH : f.pc;
        }
        return run.interrupted ? SWITCH : f.pc;
    });
    c.emitter.emit((f) => {
        const value = f.slots[slot];
        return value instanceof Err ? out.failure(f, value, f.pc + 1) : out.success(f, value, f.pc + 1);
    });
    return slot;
}

function dynamicArgs(
    method: NativeFunction,
    names: readonly (string | undefined)[],
    values: readonly Value[],
): Value[] {
    const out: Value[] = method.params.map((p) => p.default);
    let next = 0;
    names.forEach((name, i) => {
        const at = name === undefined ? next++ : method.params.findIndex((p) => p.name === name);
        if (at < 0 || at >= method.params.length) {
            throw new ProgramError(
                `${method.name} takes ${method.params.length} arguments: ${method.params.map((p) => p.name).join(', ')}`,
            );
        }
        out[at] = values[i];
    });
    return out;
}
