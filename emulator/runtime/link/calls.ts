/** Creates the call operations: functions, natives, system calls, callbacks and methods. */
import { counted } from '../../text/text';
import { Err } from '../../kernel/release/errno';
import type { Value } from '../../language/types';
import { format, ProgramError } from '../../language/values';
import { type Frame, type Op, SWITCH } from '../code';
import { bindArguments, type Given } from '../form/arguments';
import type { Expression, Operation } from '../form/form';
import { callback } from '../host/callbacks';
import { leaveKernel } from '../host/host-environment';
import type { Host } from '../host/host';
import { processOf, type ScenarioProcess } from '../host/scenario-process';
import { callCode, systemCall } from '../host/syscall-entry';
import { enterOrWait, leave } from '../locks';
import { classOf, memberOf } from '../members';
import { yieldToOthers } from '../scheduler';
import type { NativeFunction } from '../natives/native';
import { type KernelWork, plainCall } from '../purpose';
import { linkExpression } from './expressions';
import type { Linkage } from './linkage';
import { mustFail, type Outcomes, outcomesOf } from './outcomes';

type Of<K extends Operation['op']> = Extract<Operation, { readonly op: K }>;

/** The values of arguments; most calls have few. */
function linkArguments(l: Linkage, args: readonly Expression[]): (f: Frame) => Value[] {
    const evals = args.map((a) => linkExpression(l, a));
    const [a, b] = evals;
    if (evals.length === 1 && a) {
        return (f) => [a(f)];
    }
    return evals.length === 2 && a && b ? (f) => [a(f), b(f)] : (f) => evals.map((e) => e(f));
}

export function linkCall(l: Linkage, o: Of<'call'>): Op {
    const { run } = l;
    const { slot } = o;
    const code = l.fn(o.fn);
    const args = linkArguments(l, o.args);
    const { policy } = o;
    const accepts = policy.k === 'try' || 'errors' in policy ? { mustFail: mustFail(l, o.span, policy) } : null;
    return (f) => {
        const values = args(f);
        f.pc++;
        const next = run.call(code(), f.mode, values, slot);
        if (accepts && run.current.top) {
            run.current.top.accepts = accepts;
        }
        return next;
    };
}

export function linkResult(l: Linkage, o: Of<'result'>): Op {
    const { slot } = o;
    const out = outcomesOf(l, o.span, slot, o.policy);
    return (f) => {
        const value = f.slots[slot];
        return value instanceof Err ? out.failure(f, value, f.pc + 1) : out.success(f, value, f.pc + 1);
    };
}

export function linkCallback(l: Linkage, o: Of<'callback'>): Op {
    const { host } = l;
    const { slot } = o;
    const name = o.callback;
    const args = linkArguments(l, o.args);
    return (f) => {
        const values = args(f);
        f.pc++;
        return callback(host, name, values, slot);
    };
}

/** A native that is a function of the standard library. */
export function linkKernel(l: Linkage, o: Of<'kernel'>): Op {
    const { host } = l;
    const { fn, slot } = o;
    const args = linkArguments(l, o.args);
    const native = l.native(o.native);
    const { checks, noReturn } = native;
    const why = mustFail(l, o.span, o.policy);
    return (f) => {
        const values = args(f);
        checks?.(host, values);
        f.pc++;
        if (noReturn) {
            announce(host, why ?? host.interpreter.accepting()?.mustFail ?? null);
        }
        return callCode(host, native, fn, values, slot, f.mode);
    };
}

/** A call that does not return on success: the expectation is recorded before the call. */
function announce(host: Host, why: string | null): void {
    const process = processOf(host.interpreter.current);
    if (process) {
        host.machine.journal.edit<ScenarioProcess>(process).rebootMustFail = why;
    }
}

/** A native that runs without interruption: one operation. */
export function linkNativeCall(l: Linkage, o: Of<'native'>): Op {
    const { host, run } = l;
    const native = l.native(o.native);
    const { takes, syscall } = native;
    const work = workOf(native);
    const evals = o.args.map((a) => linkExpression(l, a));
    const told = syscall ? plainCall(native.name) : null;
    const fn = told ? asSystemCall(told, work) : work;
    const out = outcomesOf(l, o.span, o.slot, o.policy);
    const finish = (f: Frame, result: Value | Err): number => {
        const next = result instanceof Err ? out.failure(f, result, f.pc + 1) : out.success(f, result, f.pc + 1);
        if (told && next >= 0 && f.mode !== 'kernel') {
            host.kernelLeft(told, result, null);
            f.pc = next;
            if (leaveKernel(host)) {
                return SWITCH;
            }
        }
        return run.interrupted ? suspendAt(f, next) : next;
    };
    if (takes) {
        return (f) => {
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
        };
    }
    const [a, b] = evals;
    if (evals.length === 1 && a) {
        return (f) => finish(f, fn(host, [a(f)]));
    }
    if (evals.length === 2 && a && b) {
        return (f) => finish(f, fn(host, [a(f), b(f)]));
    }
    return (f) =>
        finish(
            f,
            fn(
                host,
                evals.map((e) => e(f)),
            ),
        );
}

/** The code of a native that runs without interruption. After a long one, other threads may continue. */
function workOf({ name, call, long }: NativeFunction): NonNullable<NativeFunction['call']> {
    if (!call) {
        throw new RangeError(`native ${name} has no code`);
    }
    return long
        ? (host, args) => {
              const result = call(host, args);
              yieldToOthers(host.interpreter);
              return result;
          }
        : call;
}

/** The same for a call by a process, which enters the kernel. */
function asSystemCall(
    told: KernelWork,
    call: NonNullable<NativeFunction['call']>,
): NonNullable<NativeFunction['call']> {
    return (host, args) => {
        if (host.frame?.mode !== 'kernel') {
            systemCall(host, told);
        }
        return call(host, args);
    };
}

/** The native requested a stop, or changed the stack: the frame continues at `next` when it is its turn. */
function suspendAt(f: Frame, next: number): number {
    if (next >= 0) {
        f.pc = next;
    }
    return SWITCH;
}

type Argument = Given<(f: Frame) => Value>;

/** A method as one place of the code calls it. */
interface MethodCall {
    readonly method: NativeFunction;
    /** The receiver, then the arguments in the order of the parameters. */
    readonly values: (self: Value, f: Frame) => Value[];
    /** Undefined for a method that is not native code. */
    readonly work: NonNullable<NativeFunction['call']> | undefined;
    /** What listeners are told where it is a system call. */
    readonly told: KernelWork | null;
}

/** @throws ProgramError if the value has no such method */
function methodCallOf(host: Host, self: Value, name: string, args: readonly Argument[]): MethodCall {
    const member = memberOf(host, self, name);
    if (member?.kind !== 'method') {
        throw new ProgramError(`${format(self)} has no method ${name}`);
    }
    const { method } = member;
    const { params } = method;
    const inPlace =
        args.length === params.length && !params.some((p) => p.rest) && args.every((a) => a.name === undefined);
    return {
        method,
        values: inPlace
            ? (receiver, f) => {
                  const values = [receiver];
                  for (const { value } of args) {
                      values.push(value(f));
                  }
                  return values;
              }
            : (receiver, f) => {
                  const given = args.map((a) => ({ name: a.name, value: a.value(f) }));
                  return [receiver, ...inOrder(method, given, host)];
              },
        work: method.call && workOf(method),
        told: method.syscall ? plainCall(method.name) : null,
    };
}

/** A method of a value whose type is known only at run time. */
export function linkMethod(l: Linkage, o: Of<'method'>): Op {
    const { host } = l;
    const receiver = linkExpression(l, o.receiver);
    const out = outcomesOf(l, o.span, o.slot, o.policy);
    const { slot, method: name } = o;
    const plain = o.policy.k === 'plain';
    const args = o.args.map((a) => ({ name: a.name, value: linkExpression(l, a.value) }));
    // Those of the last receiver: a loop meets the same class again and again.
    let cls: unknown;
    let call: MethodCall | undefined;
    return (f) => {
        const self = receiver(f);
        if (!call || classOf(self) !== cls) {
            call = methodCallOf(host, self, name, args);
            cls = classOf(self);
        }
        return callMethod(host, f, call, call.values(self, f), slot, out, plain);
    };
}

/** The operation behind it handles the result, unless the call returns at once. */
function callMethod(
    host: Host,
    f: Frame,
    { method, work, told: syscall }: MethodCall,
    values: Value[],
    slot: number,
    out: Outcomes,
    plain: boolean,
): number {
    const run = host.interpreter;
    const lock = method.takes?.(host, values);
    if (lock && !enterOrWait(run, lock)) {
        return SWITCH;
    }
    f.pc++;
    if (method.callback !== undefined) {
        return callback(host, method.callback, values, slot);
    }
    if (method.code !== undefined) {
        return callCode(host, method, method.code, values, slot, f.mode);
    }
    const told = f.mode === 'kernel' ? null : syscall;
    if (told) {
        systemCall(host, told);
    }
    if (!work) {
        throw new RangeError(`native ${method.name} has no code`);
    }
    const result = work(host, values);
    if (lock) {
        leave(run, lock);
    } else if (!told && !run.interrupted) {
        return settle(out, f, result);
    }
    f.slots[slot] = result;
    if (told) {
        host.kernelLeft(told, result, null);
        return leaveKernel(host) || run.interrupted ? SWITCH : f.pc;
    }
    if (run.interrupted && plain && !lock && !(result instanceof Err)) {
        // the result is handled already, so that the state is the same as without the interruption
        f.pc++;
    }
    return run.interrupted ? SWITCH : f.pc;
}

function inOrder(method: NativeFunction, given: readonly Given<Value>[], host: Host): Value[] {
    const { values, rest, misfit } = bindArguments(method.params, given);
    if (misfit) {
        throw new ProgramError(
            `${method.name} takes ${counted(method.params.length, 'argument')}: ${method.params.map((p) => p.name).join(', ')}`,
        );
    }
    return method.params.map((p, i) => {
        const value = values[i];
        return p.rest ? host.list(rest) : value === undefined ? p.default : value;
    });
}

/** After a call without a frame: handles its result. */
export function settle(out: Outcomes, f: Frame, result: Value | Err): number {
    return result instanceof Err ? out.failure(f, result, f.pc + 1) : out.success(f, result, f.pc + 1);
}
