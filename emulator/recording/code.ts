/**
 * A recording as code: one statement a line. It makes the line's step in the emulator and compares what comes of it with what the
 * real kernel answered. Executed by the interpreter as any scenario is, so one can stop at a line and step into the kernel from it.
 */
import { err, errOfCode, type Err } from '../kernel/release/errno';
import { passFd } from '../kernel/fs/process';
import { Emitter } from '../runtime/compile/emitter';
import { Frame, SWITCH, type Code, type Op } from '../runtime/code';
import { systemCall } from '../runtime/host/syscall-entry';
import { forgetUser, setProcessVar, startProcess, taskWork } from '../runtime/host/processes';
import { unloadKexec } from '../kernel/kexec';
import { coldBoot, loadKernel } from '../runtime/host/kexec';
import type { Value } from '../language/types';
import { ProgramError } from '../language/values';
import type { Vm } from '../runtime/interpreter';
import { plainCall } from '../runtime/purpose';
import { sameAnswer, sameLog, show } from './answers';
import { recordedKernel } from './recorded-kernel';
import { done, planCall, settle, sys, type Make } from './calls';
import type { Answer, RecordedLine, Recording } from './recording';
import { ReplayState } from './state';
import type { Control, Step } from './step';

/** The recorder itself, among the processes of the recording. A process of the recording is one word. */
const RECORDER = 'PID 1';

const STATE = 0;
const RESULT = 1;
const SLOTS = 2;

const FLB_FUNCTIONS = {
    flb_get: 'flb_get_incoming',
    flb_put: 'flb_put_incoming',
    flb_getout: 'flb_get_outgoing',
    flb_putout: 'flb_put_outgoing',
} as const;

/** How a step is made. */
interface Plan {
    /** Who makes the call; undefined: nobody does, it is made from outside. */
    readonly process?: string;
    readonly make: Make | { readonly kind: 'outside'; readonly run: (vm: Vm) => Value | Err };
    readonly before?: (vm: Vm) => void;
    readonly after?: (vm: Vm, result: Value | Err) => void;
    readonly answer: (result: Value | Err) => Answer;
}

export function recordingCode(uri: string, text: string, name: string, recording: Recording): Code {
    const e = new Emitter(SLOTS);
    e.statement(recording.start.span);
    e.emit((f, vm) => {
        f.slots[STATE] = new ReplayState(vm.machine.journal);
        f.pc++;
        coldBoot(vm, recordedKernel(recording.release?.startsWith('7.3') ? '7.3' : '7.2', ''), '');
        return SWITCH;
    });
    e.emit((f, vm) => {
        stateOf(f).begin(vm);
        return f.pc + 1;
    });
    for (const line of recording.lines) {
        e.statement(line.span);
        if (line.kind === 'step') {
            emitStep(e, line);
        } else {
            e.emit(line.kind === 'boot' ? bootLine(line) : panicLine(line));
        }
        // where it stands at a difference: still in this line
        e.emit((f) => f.pc + 1);
    }
    e.emit((f, vm) => {
        const { first, differences } = stateOf(f);
        if (!first) {
            return vm.ret(undefined);
        }
        const { line, expected, got } = first.difference;
        const message = `${differences} of ${recording.lines.length} lines differ from the recording; the first is line ${line}: expected ${expected}; got ${got}`;
        vm.finish({ passed: false, failure: { kind: 'difference', message, place: first.place, fatal: true } });
        return SWITCH;
    });
    return {
        name,
        kind: 'scenario',
        uri,
        span: { start: 0, end: text.length },
        ops: e.ops,
        pristine: e.ops.slice(),
        statements: e.statements,
        statementAt: e.statementAt,
        begins: e.begins,
        slots: e.slots,
        params: [],
        locals: [],
    };
}

/** The state of the replay that a frame belongs to. */
export function stateOf(f: Frame): ReplayState {
    const state = f.slots[STATE];
    if (state instanceof ReplayState) {
        return state;
    }
    throw new RangeError('a recording begins with a boot');
}

function compared(
    f: Frame,
    vm: Vm,
    same: boolean,
    difference: () => { readonly line: number; readonly op: string; readonly expected: string; readonly got: string },
): number {
    if (same) {
        return f.pc + 1;
    }
    const d = difference();
    const place = vm.placeOf(f);
    stateOf(f).differs(vm, d, place);
    f.pc++;
    vm.raise('difference', `line ${d.line}, ${d.op}: expected ${d.expected}; got ${d.got}`, place);
    return SWITCH;
}

// ---------------------------------------------------------------- steps

function emitStep(e: Emitter, line: RecordedLine & { readonly kind: 'step' }): void {
    const { recorded, step } = line;
    const plan = planStep(step);
    const { make, process } = plan;
    const begin = e.here;
    e.emit((f, vm) => {
        stateOf(f).begin(vm);
        plan.before?.(vm);
        f.pc = begin + 3;
        if (make.kind === 'outside') {
            f.slots[RESULT] = make.run(vm);
            return vm.interrupted ? SWITCH : f.pc;
        }
        const user = process === RECORDER ? startProcess(vm, RECORDER) : userNamed(vm, process ?? '');
        const frame = new Frame(f.code, 'user', f.slots, -1, null, vm.current);
        frame.pc = begin + 1;
        return vm.callOn(user.thread, frame);
    });
    // in the process
    e.emit((f, vm) => {
        f.pc = begin + 2;
        const { user } = vm;
        if (!user || make.kind === 'outside') {
            throw new RangeError('a call is made in a process');
        }
        if (make.kind === 'std') {
            const args = make.args(vm, user);
            const work = make.work(vm, args);
            systemCall(vm, work);
            return vm.callStd(make.code, args, RESULT, work);
        }
        f.slots[RESULT] = make.run(vm, user);
        taskWork(vm);
        return SWITCH;
    });
    e.emit((_f, vm) => vm.ret(undefined));
    // whoever waited for the call
    e.emit((f, vm) => {
        const state = stateOf(f);
        const jumped = state.jumped(vm);
        const result = resultOf(f);
        plan.after?.(vm, result);
        if (process === RECORDER && !jumped && vm.kernel) {
            forgetUser(vm, RECORDER);
        }
        const said = {
            answer: step.kind === 'kexec' && vm.kernel !== state.kernel ? { ret: 0 } : plan.answer(result),
            klog: state.klog(vm),
        };
        const expected = { answer: recorded, klog: recorded.klog ?? [] };
        // what the old kernel said during a kexec that succeeded was not captured
        const logs = vm.kernel !== state.kernel || sameLog(expected.klog, said.klog);
        return compared(f, vm, logs && sameAnswer(expected.answer, said.answer), () => ({
            line: line.line,
            op: recorded.op,
            expected: show(expected),
            got: show(said),
        }));
    });
}

function resultOf(f: Frame): Value | Err {
    return f.slots[RESULT];
}

function userNamed(vm: Vm, name: string): NonNullable<ReturnType<Vm['userNamed']>> {
    const user = vm.userNamed(name);
    if (!user) {
        throw new ProgramError(`no process ${name} runs`);
    }
    return user;
}

function planStep(step: Step): Plan {
    const ok = (): Answer => ({ ret: 0 });
    switch (step.kind) {
        case 'spawn':
            return outside((vm) => void startProcess(vm, step.process), ok);
        case 'kill':
            return {
                process: step.process,
                make: { kind: 'std', code: 'do_exit', args: () => [], work: () => ({ kind: 'exit', name: 'do_exit' }) },
                answer: ok,
                after: (vm) => forgetUser(vm, step.process),
            };
        case 'pass':
            return outside(
                (vm) => {
                    const from = userNamed(vm, step.from);
                    const held = from.vars.has(step.slot) ? from.vars.get(step.slot) : -1;
                    const fd = passFd(
                        vm.running,
                        from.process,
                        typeof held === 'number' ? held : -1,
                        userNamed(vm, step.to).process,
                    );
                    if (typeof fd === 'number') {
                        setProcessVar(vm, step.to, step.slot, fd);
                    }
                    return fd;
                },
                (r) => (typeof r === 'number' ? { ret: 'fd' } : done(r)),
            );
        case 'load':
            return outside((vm) => {
                const now = releaseOf(vm);
                const release = step.other ? (now === '7.2' ? '7.3' : '7.2') : now;
                return loadKernel(vm, recordedKernel(release, step.cmdline), step.cmdline, { handover: true });
            }, done);
        case 'unload':
            return outside((vm) => unloadKexec(vm.running), ok);
        case 'kexec':
            return {
                process: RECORDER,
                make: sys('reboot', () => [0]),
                before: (vm) => vm.power.toleratePanic(true),
                after: (vm) => vm.power.toleratePanic(false),
                answer: done,
            };
        case 'ctl':
            return planControl(step.control);
        case 'call': {
            const plan = planCall(step.call);
            return {
                process: step.process,
                make: plan.make,
                answer: plan.answer,
                after: (vm, result) => settle(vm, step.process, plan, result),
            };
        }
    }
}

function outside(run: (vm: Vm) => Value | Err, answer: Plan['answer']): Plan {
    return { make: { kind: 'outside', run }, answer };
}

function planControl(control: Control): Plan {
    if (!('flb' in control)) {
        const { command, target, error, times, skip } = control;
        const point = command === 'inject' ? target : `flb-${target}`;
        return outside(
            (vm) => void vm.injections.add(point, errOfCode(error) ?? err('EIO'), skip, times, vm.boot),
            () => ({ ret: 0 }),
        );
    }
    const { command, flb } = control;
    return {
        process: RECORDER,
        make: {
            kind: 'std',
            code: FLB_FUNCTIONS[command],
            work: () => plainCall(FLB_FUNCTIONS[command]),
            args: (vm) => [vm.running.luo.flbs.items.find((f) => f.name === `flb_${flb}`) ?? null],
        },
        answer: (r) => ('errno' in done(r) ? done(r) : { ret: 0 }),
    };
}

// ---------------------------------------------------------------- kernels

function releaseOf(vm: Vm): '7.2' | '7.3' {
    return vm.running.desc.release.startsWith('7.3') ? '7.3' : '7.2';
}

function bootLine(line: RecordedLine & { readonly kind: 'boot' }): Op {
    const { boot, release, klog = [] } = line.recorded;
    return (f, vm) => {
        const state = stateOf(f);
        const got = state.klog(vm);
        const up = state.booted && vm.kernel !== null;
        const same =
            up &&
            vm.boot === boot &&
            (release === undefined || vm.running.desc.release === release) &&
            sameLog(klog, got);
        return compared(f, vm, same, () => ({
            line: line.line,
            op: 'boot',
            expected: show({
                answer: {},
                klog: [`luotest: boot ${boot}${release === undefined ? '' : ` of ${release}`}`, ...klog],
            }).replace('luotest: ', ''),
            got: up
                ? show({
                      answer: {},
                      klog: [`luotest: boot ${vm.boot} of ${vm.running.desc.release}`, ...got],
                  }).replace('luotest: ', '')
                : vm.panicMessage === ''
                  ? 'no kernel comes up'
                  : `panic: ${vm.panicMessage}`,
        }));
    };
}

function panicLine(line: RecordedLine & { readonly kind: 'panic' }): Op {
    const { panic } = line.recorded;
    return (f, vm) =>
        compared(f, vm, vm.panicMessage === panic, () => ({
            line: line.line,
            op: 'panic',
            expected: `panic: ${panic}`,
            got: vm.panicMessage === '' ? 'the next kernel comes up' : `panic: ${vm.panicMessage}`,
        }));
}
