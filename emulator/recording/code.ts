/**
 * A recording as code: one statement per line, which runs the line's step in the emulator and compares the result with
 * that of the real kernel. The interpreter executes it like any scenario, so that the debugger can stop at a line and
 * step into the kernel.
 */
import { counted } from '../text/text';
import { err, errOfCode, type Err } from '../kernel/release/errno';
import { passFd } from '../kernel/fs/process';
import { Emitter } from '../runtime/form/emitter';
import { type Code, Frame, type Op, placeOf, SWITCH } from '../runtime/code';
import { processOf, type ScenarioProcess } from '../runtime/host/scenario-process';
import { systemCall } from '../runtime/host/syscall-entry';
import { reapProcess, setProcessVar, startProcess, taskWork } from '../runtime/host/processes';
import { unloadKexec } from '../kernel/kexec';
import { coldBoot, loadKernel } from '../runtime/host/kexec';
import type { Value } from '../language/types';
import { ProgramError } from '../language/values';
import type { Host } from '../runtime/host/host';
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
export const SLOTS = 2;

const FLB_FUNCTIONS = {
    flb_get: 'flb_get_incoming',
    flb_put: 'flb_put_incoming',
    flb_getout: 'flb_get_outgoing',
    flb_putout: 'flb_put_outgoing',
} as const;

/** How a step runs. */
interface Plan {
    /** The process that makes the call; undefined for steps outside processes. */
    readonly process?: string;
    readonly make: Make | { readonly kind: 'outside'; readonly run: (host: Host) => Value | Err };
    readonly before?: (host: Host) => void;
    readonly after?: (host: Host, result: Value | Err) => void;
    readonly answer: (result: Value | Err) => Answer;
}

export function recordingCode(host: Host, uri: string, text: string, name: string, recording: Recording): Code {
    const { interpreter } = host;
    const e = new Emitter<Op>(SLOTS);
    e.statement(recording.start.span);
    e.emit((f) => {
        f.slots[STATE] = new ReplayState(host.machine.journal);
        f.pc++;
        coldBoot(host, recordedKernel(recording.release?.startsWith('7.3') ? '7.3' : '7.2', ''), '');
        return SWITCH;
    });
    e.emit((f) => {
        stateOf(f).begin(host);
        return f.pc + 1;
    });
    for (const line of recording.lines) {
        e.statement(line.span);
        if (line.kind === 'step') {
            emitStep(host, e, line);
        } else {
            e.emit(line.kind === 'boot' ? bootLine(host, line) : panicLine(host, line));
        }
        // after a difference the frame is still in this line
        e.emit((f) => f.pc + 1);
    }
    e.emit((f) => {
        const { first, differences } = stateOf(f);
        if (!first) {
            return interpreter.ret(undefined);
        }
        const { line, expected, got } = first.difference;
        const message = `${differences} of ${counted(recording.lines.length, 'line')} differ from the recording. The first is line ${line}: expected ${expected}; got ${got}`;
        interpreter.finish({
            passed: false,
            failure: { kind: 'difference', message, place: first.place, fatal: true },
        });
        return SWITCH;
    });
    const ops = e.operations();
    return {
        name,
        kind: 'scenario',
        uri,
        span: { start: 0, end: text.length },
        ops,
        pristine: ops.slice(),
        traps: new Map(),
        statements: e.statements,
        statementAt: e.statementAt,
        begins: e.begins,
        finallyAt: -1,
        slots: e.slots,
        params: [],
        locals: [],
        label: [],
        hot: null,
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
    host: Host,
    same: boolean,
    difference: () => { readonly line: number; readonly op: string; readonly expected: string; readonly got: string },
): number {
    if (same) {
        return f.pc + 1;
    }
    const d = difference();
    const place = placeOf(f);
    stateOf(f).differs(host, d, place);
    f.pc++;
    host.interpreter.raise('difference', `line ${d.line}, ${d.op}: expected ${d.expected}; got ${d.got}`, place);
    return SWITCH;
}

// ---------------------------------------------------------------- steps

function emitStep(host: Host, e: Emitter<Op>, line: RecordedLine & { readonly kind: 'step' }): void {
    const { recorded, step } = line;
    const plan = planStep(step);
    const { make, process } = plan;
    const { interpreter } = host;
    const begin = e.here;
    e.emit((f) => {
        stateOf(f).begin(host);
        plan.before?.(host);
        f.pc = begin + 3;
        if (make.kind === 'outside') {
            f.slots[RESULT] = make.run(host);
            return host.interpreter.interrupted ? SWITCH : f.pc;
        }
        const { thread } = process === RECORDER ? startProcess(host, RECORDER) : processNamed(host, process ?? '');
        const frame = new Frame(f.code, 'user', interpreter.ticks, f.slots, -1, null, interpreter.current);
        frame.pc = begin + 1;
        return host.interpreter.callOn(thread, frame);
    });
    // in the process
    e.emit((f) => {
        f.pc = begin + 2;
        const process = processOf(host.interpreter.current);
        if (!process || make.kind === 'outside') {
            throw new RangeError('a call is made in a process');
        }
        if (make.kind === 'std') {
            const args = make.args(host, process);
            const work = make.work(host, args);
            systemCall(host, work);
            return host.callStd(make.code, args, RESULT, work);
        }
        f.slots[RESULT] = make.run(host, process);
        taskWork(host);
        return SWITCH;
    });
    e.emit(() => host.interpreter.ret(undefined));
    // the thread that waited for the call
    e.emit((f) => {
        const state = stateOf(f);
        const jumped = state.jumped(host);
        const result = resultOf(f);
        plan.after?.(host, result);
        if (process === RECORDER && !jumped && host.kernel) {
            reapProcess(host, RECORDER);
        }
        const said = {
            answer: step.kind === 'kexec' && host.kernel !== state.kernel ? { ret: 0 } : plan.answer(result),
            klog: state.klog(host),
        };
        const expected = { answer: recorded, klog: recorded.klog ?? [] };
        // a recording does not contain the old kernel's log during a successful kexec
        const logs = host.kernel !== state.kernel || sameLog(expected.klog, said.klog);
        return compared(f, host, logs && sameAnswer(expected.answer, said.answer), () => ({
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

function processNamed(host: Host, name: string): ScenarioProcess {
    const found = host.processNamed(name);
    if (!found) {
        throw new ProgramError(`the process ${name} is not running`);
    }
    return found;
}

function planStep(step: Step): Plan {
    const ok = (): Answer => ({ ret: 0 });
    switch (step.kind) {
        case 'spawn':
            return outside((host) => void startProcess(host, step.process), ok);
        case 'kill':
            return {
                process: step.process,
                make: { kind: 'std', code: 'do_exit', args: () => [], work: () => ({ kind: 'exit', name: 'do_exit' }) },
                answer: ok,
                after: (host) => reapProcess(host, step.process),
            };
        case 'pass':
            return outside(
                (host) => {
                    const from = processNamed(host, step.from);
                    const held = from.vars.has(step.slot) ? from.vars.get(step.slot) : -1;
                    const fd = passFd(
                        host.running,
                        from.process,
                        typeof held === 'number' ? held : -1,
                        processNamed(host, step.to).process,
                    );
                    if (typeof fd === 'number') {
                        setProcessVar(host, step.to, step.slot, fd);
                    }
                    return fd;
                },
                (r) => (typeof r === 'number' ? { ret: 'fd' } : done(r)),
            );
        case 'load':
            return outside((host) => {
                const now = releaseOf(host);
                const release = step.other ? (now === '7.2' ? '7.3' : '7.2') : now;
                return loadKernel(host, recordedKernel(release, step.cmdline), step.cmdline, { handover: true });
            }, done);
        case 'unload':
            return outside((host) => unloadKexec(host.running), ok);
        case 'kexec':
            return {
                process: RECORDER,
                make: sys('reboot', () => [0]),
                before: (host) => host.kernelState.toleratePanic(true),
                after: (host) => host.kernelState.toleratePanic(false),
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
                after: (host, result) => settle(host, step.process, plan, result),
            };
        }
    }
}

function outside(run: (host: Host) => Value | Err, answer: Plan['answer']): Plan {
    return { make: { kind: 'outside', run }, answer };
}

function planControl(control: Control): Plan {
    if (!('flb' in control)) {
        const { command, target, error, times, skip } = control;
        const point = command === 'inject' ? target : `flb-${target}`;
        return outside(
            (host) => void host.injections.add(point, errOfCode(error) ?? err('EIO'), skip, times, host.boot),
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
            args: (host) => [host.running.luo.flbs.items.find((f) => f.name === `flb_${flb}`) ?? null],
        },
        answer: (r) => ('errno' in done(r) ? done(r) : { ret: 0 }),
    };
}

// ---------------------------------------------------------------- kernels

function releaseOf(host: Host): '7.2' | '7.3' {
    return host.running.desc.release.startsWith('7.3') ? '7.3' : '7.2';
}

function bootLine(host: Host, line: RecordedLine & { readonly kind: 'boot' }): Op {
    const { boot, release, klog = [] } = line.recorded;
    return (f) => {
        const state = stateOf(f);
        const got = state.klog(host);
        const up = state.booted && host.kernel !== null;
        const same =
            up &&
            host.boot === boot &&
            (release === undefined || host.running.desc.release === release) &&
            sameLog(klog, got);
        return compared(f, host, same, () => ({
            line: line.line,
            op: 'boot',
            expected: show({
                answer: {},
                klog: [`luotest: boot ${boot}${release === undefined ? '' : ` of ${release}`}`, ...klog],
            }).replace('luotest: ', ''),
            got: up
                ? show({
                      answer: {},
                      klog: [`luotest: boot ${host.boot} of ${host.running.desc.release}`, ...got],
                  }).replace('luotest: ', '')
                : host.panicMessage === ''
                  ? 'no kernel boots'
                  : `panic: ${host.panicMessage}`,
        }));
    };
}

function panicLine(host: Host, line: RecordedLine & { readonly kind: 'panic' }): Op {
    const { panic } = line.recorded;
    return (f) =>
        compared(f, host, host.panicMessage === panic, () => ({
            line: line.line,
            op: 'panic',
            expected: `panic: ${panic}`,
            got: host.panicMessage === '' ? 'the next kernel boots' : `panic: ${host.panicMessage}`,
        }));
}
