/** The entry into the kernel from user mode. */
import { costId } from '../../machine/costs';
import type { Value } from '../../language/types';
import { ProgramError } from '../../language/values';
import { Frame, type Mode, type Thread } from '../code';
import type { NativeFunction } from '../natives/native';
import { type KernelWork, plainCall } from '../purpose';
import type { Host } from './host';
import { processOf, type ScenarioProcess } from './scenario-process';

const SYSCALL = costId('syscall');

/** What listeners are told of a system call. */
export function workOf(host: Host, native: NativeFunction, args: readonly Value[]): KernelWork {
    return native.told ? { name: native.name, ...native.told(host, args) } : plainCall(native.name);
}
/** A process makes a system call. */
export function systemCall(host: Host, work: KernelWork): void {
    host.kernelEntered(work);
    host.machine.clock.charge(SYSCALL);
    const p = processOf(host.interpreter.current);
    if (p?.process.frozen) {
        throw new ProgramError(`${p.name} is frozen (cgroup.freeze): it makes no system call until it is thawed`);
    }
    if (p && p.callsLeft > 0) {
        host.machine.journal.edit<ScenarioProcess>(p).callsLeft--;
    }
}

/** Calls the std function of a native; a system call unless the caller is kernel code. */
export function callCode(
    host: Host,
    native: NativeFunction,
    code: string,
    args: readonly Value[],
    slot: number,
    from: Mode,
): number {
    if (from === 'kernel') {
        return host.callStd(code, args, slot);
    }
    const work = workOf(host, native, args);
    systemCall(host, work);
    return host.callStd(code, args, slot, work);
}

/** A frame of kernel code without a caller: for work on behalf of a thread, or for the boot. */
export function workFrame(host: Host, work: KernelWork, waiter: Thread | null): Frame {
    const frame = Frame.of(host.std(work.name), 'kernel', host.interpreter.ticks, waiter);
    frame.purpose = work;
    return frame;
}
