/** Creates the operations as closures from the operations as data. */
import { err, errOfCode, isErrnoName } from '../../kernel/release/errno';
import { MOST_PROCESSES } from '../../language/collections';
import type { Value } from '../../language/types';
import { asBool, asInt, asNumber, asString, binary, format, ProgramError } from '../../language/values';
import { settableCost } from '../../machine/costs';
import { type Eval, Frame, type Op, SWITCH } from '../code';
import type { Span } from '../../language/syntax/ast';
import type { Claim, ConcurrentBlock, Expression, Operation } from '../form/form';
import { bootImage } from '../host/boot-from-image';
import { coldBoot } from '../host/kexec';
import { expectOops } from '../host/oops';
import {
    endCurrent,
    exitCurrent,
    idleProcess,
    startedProcess,
    killLater,
    killProcess,
    reapProcess,
    sendFd,
    startArray,
    startProcess,
} from '../host/processes';
import { watchAlways } from '../host/always';
import { lengthOf, readIndex } from '../members';
import { sleepInTurn } from '../scheduler';
import { linkStore } from './assign';
import { linkCall, linkCallback, linkKernel, linkMethod, linkNativeCall, linkResult, settle } from './calls';
import { linkExpression, linkProcess } from './expressions';
import type { Linkage } from './linkage';
import { outcomesOf } from './outcomes';

type Of<K extends Operation['op']> = Extract<Operation, { readonly op: K }>;

/** The most timers that fire in one operation of a `sleep`, so that a pause or the end of the budget takes effect. */
const TIMERS_AT_ONCE = 4096;

export function linkOperation(l: Linkage, o: Operation): Op {
    const { host, run } = l;
    switch (o.op) {
        case 'set':
            return linkSet(l, o);
        case 'evaluate': {
            const value = linkExpression(l, o.value);
            return (f) => {
                value(f);
                return f.pc + 1;
            };
        }
        case 'store': {
            const value = linkExpression(l, o.value);
            const store = linkStore(l, o.target);
            return (f) => {
                store(f, value(f));
                return f.pc + 1;
            };
        }
        case 'decide': {
            const { slot, end } = o;
            const value = linkExpression(l, o.value);
            const decided = o.operator === '||';
            const what = `the left side of ${o.operator}`;
            return (f) => {
                f.slots[slot] = asBool(value(f), what);
                return f.slots[slot] === decided ? end : f.pc + 1;
            };
        }
        case 'decided': {
            const { slot } = o;
            const value = linkExpression(l, o.value);
            const what = `the right side of ${o.operator}`;
            return (f) => {
                f.slots[slot] = asBool(value(f), what);
                return f.pc + 1;
            };
        }
        case 'nothing':
            return (f) => f.pc + 1;
        case 'jump': {
            const { to } = o;
            return () => to;
        }
        case 'branch': {
            const { otherwise } = o;
            const condition = linkExpression(l, o.condition);
            return (f) => (asBool(condition(f), 'a condition') ? f.pc + 1 : otherwise);
        }
        case 'range':
            return linkRange(l, o);
        case 'each':
            return linkEach(l, o);
        case 'next-number':
            return linkNextNumber(o);
        case 'next-element':
            return linkNextElement(o);
        case 'return':
            return linkReturn(l, o);
        case 'end': {
            const { value } = o;
            return () => run.ret(value);
        }
        case 'undo': {
            const { captured, end } = o;
            return (f) => {
                f.undos.push({ pc: f.pc + 1, captured: captured.map((slot) => ({ slot, value: f.slots[slot] })) });
                return end;
            };
        }
        case 'undone':
            return (f) => (f.failing ? run.unwind(f, f.failing) : run.ret(undefined));
        case 'assert':
            return linkAssert(l, o);
        case 'call':
            return linkCall(l, o);
        case 'native':
            return linkNativeCall(l, o);
        case 'kernel':
            return linkKernel(l, o);
        case 'callback':
            return linkCallback(l, o);
        case 'method':
            return linkMethod(l, o);
        case 'result':
            return linkResult(l, o);
        case 'expect-panic': {
            const { message } = o;
            return (f) => {
                host.kernelState.expectPanic(message);
                return f.pc + 1;
            };
        }
        case 'expect-oops': {
            const { message } = o;
            return (f) => {
                expectOops(host, message);
                return f.pc + 1;
            };
        }
        case 'start': {
            const processes = o.processes.map(({ name, count }) => ({ name, count: linkOptional(l, count) }));
            return (f) => {
                for (const { name, count } of processes) {
                    if (count) {
                        startArray(host, name, asNumber(count(f), 'the number of processes'));
                    } else {
                        startProcess(host, name);
                    }
                }
                return f.pc + 1;
            };
        }
        case 'enter':
            return linkEnter(l, o);
        case 'concurrently':
            return linkConcurrently(l, o);
        case 'exit':
            return (f) => {
                f.pc++;
                return exitCurrent(host);
            };
        case 'exited':
            return () => endCurrent(host);
        case 'kill': {
            const process = linkProcess(l, o.process);
            return (f) => {
                f.pc++;
                return killProcess(host, process(f));
            };
        }
        case 'reap': {
            const process = linkProcess(l, o.process);
            return (f) => {
                if (!host.interpreter.scheduler.active) {
                    reapProcess(host, process(f));
                }
                return f.pc + 1;
            };
        }
        case 'kill-later': {
            const process = linkProcess(l, o.process);
            const calls = linkExpression(l, o.calls);
            return (f) => {
                killLater(host, process(f), asNumber(calls(f), 'the number after `after`'));
                return f.pc + 1;
            };
        }
        case 'send': {
            const { as } = o;
            const to = linkProcess(l, o.to);
            const fd = linkExpression(l, o.fd);
            const out = outcomesOf(l, o.span, o.slot, o.policy);
            return (f) => settle(out, f, sendFd(host, asNumber(fd(f), 'the sent descriptor'), to(f), as));
        }
        case 'boot':
            return linkBoot(l, o);
        case 'inject':
            return linkInject(l, o);
        case 'finally':
            return (f) => {
                const hook = host.hooks.finally.shift();
                if (!hook) {
                    return f.pc + 1;
                }
                const frame = new Frame(hook.code, 'scenario', run.ticks, f.slots, -1);
                frame.pc = hook.pc;
                run.current.frames.push(frame);
                return SWITCH;
            };
        case 'at': {
            const { end, event } = o;
            if (event === 'always') {
                watchAlways(host);
            }
            const list =
                event === 'always' ? host.hooks.always : event === 'finally' ? host.hooks.finally : host.handoverHooks;
            return (f) => {
                list.push({ code: f.code, pc: f.pc + 1, end });
                return end;
            };
        }
        case 'corrupt':
            return linkCorrupt(l, o);
        case 'cost':
            return linkCost(l, o);
        case 'wake-at': {
            const { slot } = o;
            const duration = linkExpression(l, o.duration);
            return (f) => {
                f.slots[slot] = host.machine.clock.now + asNumber(duration(f), 'a duration');
                return f.pc + 1;
            };
        }
        case 'sleep':
            return linkSleep(l, o);
    }
}

function linkSet(l: Linkage, { slot, value: from }: Of<'set'>): Op {
    if (from.k === 'slot') {
        const source = from.slot;
        return (f) => {
            f.slots[slot] = f.slots[source];
            return f.pc + 1;
        };
    }
    const value = linkExpression(l, from);
    return (f) => {
        f.slots[slot] = value(f);
        return f.pc + 1;
    };
}

function linkOptional(l: Linkage, e: Expression | undefined): Eval | undefined {
    return e && linkExpression(l, e);
}

// ---------------------------------------------------------------- control flow

function linkRange(l: Linkage, o: Of<'range'>): Op {
    const { index, last, first } = o;
    const from = linkExpression(l, o.from);
    const to = linkExpression(l, o.to);
    return (f) => {
        f.slots[index] = asNumber(from(f), 'the start of a range') - 1;
        // No loop exceeds the largest number.
        f.slots[last] = Math.min(Number(asInt(to(f), 'the end of a range')), Number.MAX_SAFE_INTEGER);
        return first;
    };
}

function linkEach(l: Linkage, o: Of<'each'>): Op {
    const { index, list, first } = o;
    const iterable = linkExpression(l, o.iterable);
    return (f) => {
        f.slots[list] = iterable(f);
        f.slots[index] = -1;
        return first;
    };
}

function linkNextNumber({ index, last, variable, round, end }: Of<'next-number'>): Op {
    return (f) => {
        const next = Number(f.slots[index]) + 1;
        if (next >= Number(f.slots[last])) {
            return end;
        }
        f.slots[index] = next;
        f.slots[variable] = next;
        return round;
    };
}

function linkNextElement({ index, list, variable, round, end }: Of<'next-element'>): Op {
    return (f) => {
        const next = Number(f.slots[index]) + 1;
        if (next >= lengthOf(f.slots[list])) {
            return end;
        }
        f.slots[index] = next;
        f.slots[variable] = readIndex(f.slots[list], next);
        return round;
    };
}

function linkReturn(l: Linkage, o: Of<'return'>): Op {
    const { host, run } = l;
    const value = linkExpression(l, o.value);
    return (f) => {
        const v = value(f);
        if (f.mode === 'kernel' && typeof v === 'number' && v < 0) {
            const error = errOfCode(-v);
            if (error) {
                if (!f.failing) {
                    host.tell((listener) => listener.refused?.(error));
                }
                return run.unwind(f, f.failing ?? error);
            }
        }
        return run.ret(v);
    };
}

function linkAssert(l: Linkage, o: Of<'assert'>): Op {
    const { run } = l;
    const claims = o.claims.map((claim) => linkClaim(l, claim, o.span));
    const message = linkOptional(l, o.message);
    const failed = (f: Frame, whys: readonly Why[]): number => {
        const said = message?.(f);
        const remark = said === undefined ? '' : `${asString(said, 'the message of an assertion')}: `;
        const why = whys.map((w) => w()).join(' and ');
        const text = `${l.textOf(o.span)}${why === '' ? ' is false' : `, but ${why}`}`;
        return run.fail('failed-assertion', `assertion failed: ${remark}${text}`);
    };
    const [only] = claims;
    if (only && claims.length === 1) {
        return (f) => {
            const why = only(f);
            return why ? failed(f, [why]) : f.pc + 1;
        };
    }
    return (f) => {
        const whys: Why[] = [];
        for (const claim of claims) {
            const why = claim(f);
            if (!why) {
                return f.pc + 1;
            }
            whys.push(why);
        }
        return failed(f, whys);
    };
}

/** Why a claim is false; empty if its condition says it. */
type Why = () => string;

/**
 * Decides a claim; null: it is true.
 * @param whole the condition that it is a part of
 */
function linkClaim(l: Linkage, claim: Claim, whole: Span): (f: Frame) => Why | null {
    const { span } = claim;
    const part = span.start > whole.start || span.end < whole.end;
    if (claim.k === 'true') {
        const value = linkExpression(l, claim.value);
        const why = (): string => (part ? `${l.textOf(span)} is false` : '');
        return (f) => (asBool(value(f), 'an assertion') ? null : why);
    }
    const { operator, type } = claim;
    const left = linkExpression(l, claim.left);
    const right = linkExpression(l, claim.right);
    const where = part ? (): string => `in ${l.textOf(span)} ` : (): string => '';
    return (f) => {
        const a = left(f);
        const b = right(f);
        return asBool(binary(operator, a, b), 'an assertion')
            ? null
            : () => `${where()}the left side is ${format(a, type)} and the right side is ${format(b, type)}`;
    };
}

// ---------------------------------------------------------------- processes

/** A process block: a frame on the thread of the process that shares the slots of the code around it. */
function linkEnter(l: Linkage, { process, end }: Of<'enter'>): Op {
    const { host, run } = l;
    const nameOf = linkProcess(l, process);
    return (f) => {
        const name = nameOf(f);
        const { thread } = startedProcess(host, name);

        // at the handover of its own reboot: as another thread of the process would do it
        const own = thread === run.current;
        const frame = new Frame(f.code, 'user', run.ticks, f.slots, -1, null, own ? null : run.current);
        frame.pc = f.pc + 1;
        f.pc = end;
        if (own) {
            thread.frames.push(frame);
            return SWITCH;
        }
        return run.callOn(idleProcess(host, name).thread, frame);
    };
}

function linkConcurrently(l: Linkage, { blocks, end }: Of<'concurrently'>): Op {
    const { host, run } = l;
    const linked = blocks.map((b) => ({ ...b, name: linkProcess(l, b.process), elements: linkElements(l, b) }));
    return (f) => {
        const frames = linked.flatMap(({ name, starts, begin, elements }) =>
            elements(f).map((slots) => {
                const frame = new Frame(f.code, 'user', run.ticks, slots, -1, null, run.current);
                frame.pc = begin;
                const process = name(frame);
                const { thread } = starts ? startProcess(host, process) : idleProcess(host, process);
                return { thread, frame };
            }),
        );
        if (new Set(frames.map(({ thread }) => thread)).size < frames.length) {
            throw new ProgramError('a process runs one block of a `concurrently` at a time');
        }
        f.pc = end;
        return frames.length > 0 ? host.interpreter.runBlocks(frames) : f.pc;
    };
}

/** The variables of a block's frames: those of the code around it, or a copy for each element of its loop. */
function linkElements(l: Linkage, { each }: ConcurrentBlock): (f: Frame) => Value[][] {
    if (!each) {
        return (f) => [f.slots];
    }
    const { variable, over } = each;
    const values = linkValues(l, over);
    return (f) =>
        values(f).map((value) => {
            const slots = f.slots.slice();
            slots[variable] = value;
            return slots;
        });
}

/** @throws ProgramError */
function checkProcesses(count: number): void {
    if (count > MOST_PROCESSES) {
        throw new ProgramError(`at most ${MOST_PROCESSES} processes can run concurrently`);
    }
}

/** All elements of a list or a range. */
function linkValues(l: Linkage, over: NonNullable<ConcurrentBlock['each']>['over']): (f: Frame) => Value[] {
    if (over.k === 'range') {
        const from = linkExpression(l, over.from);
        const to = linkExpression(l, over.to);
        return (f) => {
            const first = asNumber(from(f), 'the start of a range');
            const count = asNumber(to(f), 'the end of a range') - first;
            checkProcesses(count);
            return Array.from({ length: Math.max(count, 0) }, (_, i) => first + i);
        };
    }
    const list = linkExpression(l, over);
    return (f) => {
        const elements = list(f);
        const count = lengthOf(elements);
        checkProcesses(count);
        return Array.from({ length: count }, (_, i) => readIndex(elements, i));
    };
}

// ---------------------------------------------------------------- the host

function linkBoot(l: Linkage, { kernel, cmdline, image }: Of<'boot'>): Op {
    const { host, uri } = l;
    return (f) => {
        f.pc++;
        if (image === undefined) {
            coldBoot(host, kernel, cmdline);
        } else {
            bootImage(host, kernel, cmdline, uri, image);
        }
        return SWITCH;
    };
}

function linkInject(l: Linkage, o: Of<'inject'>): Op {
    const { host } = l;
    const { target, nextKernel } = o;
    const after = linkOptional(l, o.after);
    const times = linkOptional(l, o.times);
    const error = o.error !== null && isErrnoName(o.error) ? err(o.error) : null;
    return (f) => {
        const skip = after ? asNumber(after(f), 'the number after `after`') : 0;
        const count = times ? asNumber(times(f), 'the number after `times`') : 1;
        host.injections.add(target, error, skip, count, host.boot + (nextKernel ? 1 : 0));
        return f.pc + 1;
    };
}

function linkCost(l: Linkage, o: Of<'cost'>): Op {
    const { host } = l;
    const cost = settableCost(o.cost);
    const value = linkExpression(l, o.value);
    return (f) => {
        const ns = asNumber(value(f), 'the cost');
        if (!cost || ns < 0) {
            throw new ProgramError(`a cost cannot be negative: ${ns} ns`);
        }
        host.costs.set(cost, ns);
        return f.pc + 1;
    };
}

function linkCorrupt(l: Linkage, o: Of<'corrupt'>): Op {
    const { host } = l;
    const old = linkExpression(l, o.old);
    const mask = linkExpression(l, o.mask);
    const store = linkStore(l, o.target);
    return (f) => {
        store(f, binary('^', asInt(old(f), 'the corrupted field'), asInt(mask(f), 'the mask')));
        host.tell((listener) => listener.corrupted?.('corrupted by the scenario'));
        return f.pc + 1;
    };
}

function linkSleep(l: Linkage, { until }: Of<'sleep'>): Op {
    const { host, run } = l;
    return (f) => {
        const moment = asNumber(f.slots[until], 'a time');
        if (sleepInTurn(host.interpreter, moment)) {
            return SWITCH;
        }
        const done = host.machine.clock.sleepUntil(moment, TIMERS_AT_ONCE, () => run.interrupted || run.raised);
        if (done) {
            host.tell((listener) => listener.slept?.());
        }
        const next = done ? f.pc + 1 : f.pc;
        f.pc = next;
        return run.interrupted ? SWITCH : next;
    };
}
