/** Compiles calls: of functions, natives, system calls and callbacks, and what happens when they fail. */
import { Err, isErrnoName } from '../../kernel/release/errno';
import type { Arg, CallExpr, Expectation, Expr, FnDecl } from '../../language/syntax/ast';
import { SWITCH, type Eval, type Frame } from '../code';
import { callCode, systemCall } from '../host/syscall-entry';
import { callback } from '../host/callbacks';
import { mayPass, passed } from '../locks';
import { plainCall, type KernelWork } from '../purpose';
import { memberOf } from '../members';
import { giveWay } from '../scheduler';
import { replyOf } from '../../language/reply';
import type { Value } from '../../language/types';
import type { NativeFunction } from '../natives/native';
import { format, ProgramError } from '../../language/values';
import type { Vm } from '../interpreter';
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
    readonly success: (f: Frame, vm: Vm, value: Value, next: number) => number;
    readonly failure: (f: Frame, vm: Vm, error: Err, next: number) => number;
}

function outcomes(c: FnCompiler, call: Expr, slot: number, policy: Policy): Outcomes {
    const what = c.sourceOf(call);
    const store = (f: Frame, _vm: Vm, value: Value, next: number): number => {
        f.slots[slot] = value;
        return next;
    };
    switch (policy.k) {
        case 'plain':
            return {
                success: store,
                failure: (f, vm, error) => {
                    noteFailure(vm, what, error, f);
                    if (f.mode === 'kernel') {
                        // a failure inside an undo block does not stop the others
                        return vm.unwind(f, f.failing ?? error);
                    }
                    return vm.fail(
                        'failed-call',
                        `${what} fails with ${error.name}. Write "fails ${error.name}" behind it if it should.`,
                    );
                },
            };
        case 'try':
            return {
                success: (f, _vm, value, next) => {
                    f.slots[slot] = value ?? 0;
                    return next;
                },
                failure: (f, vm, error, next) => {
                    noteFailure(vm, what, error, f);
                    f.slots[slot] = -error.code;
                    return next;
                },
            };
        case 'expect': {
            const { expect, end } = policy;
            if (expect.kind === 'panics') {
                return {
                    success: (_f, vm) => vm.fail('failed-call', `${what} should end in a panic, but it returns.`),
                    failure: (f, vm, error) => {
                        noteFailure(vm, what, error, f);
                        return vm.fail(
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
                        : (_f, vm) => vm.fail('failed-call', `${what} should fail with ${wanted}, but it succeeds.`),
                failure: (f, vm, error) => {
                    noteFailure(vm, what, error, f);
                    if (names.includes(error.name)) {
                        return end.pc;
                    }
                    return vm.fail(
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

function noteFailure(vm: Vm, what: string, error: Err, frame: Frame): void {
    for (const l of vm.listeners.active) {
        l.failed?.(what, error, frame);
    }
}

/** Emits a call; its value is in the returned slot afterwards. */
export function emitCall(c: FnCompiler, call: CallExpr, policy: Policy): number {
    const { callee } = call;
    if (policy.k === 'expect' && policy.expect.kind === 'panics') {
        const text = policy.expect.message?.value ?? '';
        c.emitter.emit((f, vm) => {
            vm.power.expectPanic(text);
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
    const slot = c.emitter.temp();
    const args = orderArgs(
        call.args,
        decl.params.map((p) => p.name.name),
    );
    const evals = c.values(args);
    const code = c.codeOf(decl);
    c.emitter.emit((f, vm) => {
        const values = evals.map((e) => e(f, vm));
        f.pc++;
        return vm.call(code(), f.mode, values, slot);
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
    c.emitter.emit((f, vm) => {
        const value = f.slots[slot];
        return value instanceof Err ? out.failure(f, vm, value, f.pc + 1) : out.success(f, vm, value, f.pc + 1);
    });
}

/** The values of a native's parameters, receiver first. */
export function nativeArgs(c: FnCompiler, call: CallExpr, native: NativeFunction, receiver: readonly Eval[]): Eval[] {
    const names = native.params.map((p) => p.name);
    const positional = call.args.filter((a) => !a.name);
    const restAt = native.params.findIndex((p) => p.rest);
    const plain = restAt < 0 ? positional : positional.slice(0, restAt);
    const ordered = orderArgs([...plain, ...call.args.filter((a) => a.name)], names);
    const given = c.values([...ordered, ...(restAt < 0 ? [] : positional.slice(restAt).map((a) => a.value))]);
    const evals = native.params.map((p, i): Eval => {
        if (i === restAt) {
            const rest = given.slice(names.length);
            return (f, vm) => vm.list(rest.map((e) => e(f, vm)));
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
    const slot = c.emitter.temp();
    const evals = nativeArgs(c, call, native, receiver);
    const { code, checks, callback: callbackName } = native;
    if (callbackName !== undefined) {
        c.emitter.emit((f, vm) => {
            const values = evals.map((e) => e(f, vm));
            f.pc++;
            return callback(vm, callbackName, values, slot);
        });
        emitCheck(c, call, slot, policy);
        return slot;
    }
    if (code !== undefined) {
        // a reboot that succeeds does not return: whether it may is said before
        const mustFail = code === 'sys_reboot' && policy.k === 'expect' && policy.expect.kind === 'fails';
        const noJump = mustFail ? `${c.sourceOf(call)} should fail with ${wantedOf(policy.expect)}` : null;
        c.emitter.emit((f, vm) => {
            const values = evals.map((e) => e(f, vm));
            checks?.(vm, values);
            f.pc++;
            if (code === 'sys_reboot') {
                vm.current.noJump = noJump;
            }
            return callCode(vm, native, code, values, slot, f.mode);
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
    const work = workOf(native);
    const told = native.syscall ? plainCall(native.name) : null;
    const fn = told ? asSystemCall(told, work) : work;
    const out = outcomes(c, call, slot, policy);
    const finish = (f: Frame, vm: Vm, result: Value | Err): number => {
        const next =
            result instanceof Err ? out.failure(f, vm, result, f.pc + 1) : out.success(f, vm, result, f.pc + 1);
        if (told && next >= 0 && f.mode !== 'kernel') {
            vm.kernelLeft(told, result, null);
            f.pc = next;
            if (vm.leaveKernel()) {
                return SWITCH;
            }
        }
        return vm.interrupted ? suspendAt(f, next) : next;
    };
    const { takes } = native;
    if (takes) {
        c.emitter.emit((f, vm) => {
            const args = evals.map((e) => e(f, vm));
            const lock = takes(vm, args);
            if (lock && !mayPass(vm, lock)) {
                return SWITCH;
            }
            const result = fn(vm, args);
            if (lock) {
                passed(vm, lock);
            }
            return finish(f, vm, result);
        });
        return;
    }
    const [a, b] = evals;
    if (evals.length === 1 && a) {
        c.emitter.emit((f, vm) => finish(f, vm, fn(vm, [a(f, vm)])));
    } else if (evals.length === 2 && a && b) {
        c.emitter.emit((f, vm) => finish(f, vm, fn(vm, [a(f, vm), b(f, vm)])));
    } else {
        c.emitter.emit((f, vm) =>
            finish(
                f,
                vm,
                fn(
                    vm,
                    evals.map((e) => e(f, vm)),
                ),
            ),
        );
    }
}

/** What a native does that runs to its end at once. After what takes long others go on. */
function workOf({ name, call, long }: NativeFunction): NonNullable<NativeFunction['call']> {
    if (!call) {
        throw new RangeError(`native ${name} has no code`);
    }
    return long
        ? (vm, args) => {
              const result = call(vm, args);
              giveWay(vm);
              return result;
          }
        : call;
}

/** The same where a process calls it; kernel code does so without entering the kernel. */
function asSystemCall(
    told: KernelWork,
    call: NonNullable<NativeFunction['call']>,
): NonNullable<NativeFunction['call']> {
    return (vm, args) => {
        if (vm.frame?.mode !== 'kernel') {
            systemCall(vm, told);
        }
        return call(vm, args);
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
    const slot = c.emitter.temp();
    const receiver = c.emitter.temp();
    c.emitter.emit((f, vm) => {
        f.slots[receiver] = object(f, vm);
        return f.pc + 1;
    });
    const evals = c.values(call.args.map((a) => a.value));
    const names = call.args.map((a) => a.name?.name);
    const out = outcomes(c, call, slot, policy);
    c.emitter.emit((f, vm) => {
        const self = f.slots[receiver];
        const member = memberOf(vm, self, name);
        if (member?.kind !== 'method') {
            throw new ProgramError(`${format(self)} has no method ${name}`);
        }
        const { method } = member;
        const values = [
            self,
            ...dynamicArgs(
                method,
                names,
                evals.map((e) => e(f, vm)),
            ),
        ];
        const lock = method.takes?.(vm, values);
        if (lock && !mayPass(vm, lock)) {
            return SWITCH;
        }
        f.pc++;
        if (method.callback !== undefined) {
            return callback(vm, method.callback, values, slot);
        }
        if (method.code !== undefined) {
            return callCode(vm, method, method.code, values, slot, f.mode);
        }
        const told = method.syscall && f.mode !== 'kernel' ? plainCall(method.name) : null;
        if (told) {
            systemCall(vm, told);
        }
        const result = workOf(method)(vm, values);
        if (lock) {
            passed(vm, lock);
        }
        f.slots[slot] = result;
        if (told) {
            vm.kernelLeft(told, result, null);
            return vm.leaveKernel() || vm.interrupted ? SWITCH : f.pc;
        }
        return vm.interrupted ? SWITCH : f.pc;
    });
    c.emitter.emit((f, vm) => {
        const value = f.slots[slot];
        return value instanceof Err ? out.failure(f, vm, value, f.pc + 1) : out.success(f, vm, value, f.pc + 1);
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
